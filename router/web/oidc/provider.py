"""The provider that people sign in with: where it is asked (discovery), whom it says somebody is, and the way out.

Authlib makes the requests; asking, with its limits, is ours (`asking`). `id_token` reads what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

import structlog
from authlib.common.urls import add_params_to_uri  # type: ignore[import-untyped]
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]
    prepare_grant_uri,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from router.web.oidc.asking import SECONDS, ProviderFailed, ask
from router.web.oidc.begun import Begun
from router.web.oidc.id_token import SignedOtherwise, TokenRefused, claims_of

KNOWN_FOR: Final = timedelta(hours=1)
"""Metadata and keys are read again after so long; keys also as soon as a token is signed by one that we lack."""
SIGNED_BY: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""With a key of the provider's own: what our shared secret could sign as well, or nothing signs, counts for nothing."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to the provider."""

    issuer: str
    client_id: str
    secret: str | None = field(repr=False)
    scopes: tuple[str, ...]
    redirect: str
    """Where browsers come back to."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider says of itself."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    end_session: str | None
    algorithms: tuple[str, ...]
    names_itself: bool
    """Whether callbacks carry ``iss`` (RFC 9207)."""
    secret_by_header: bool


class Provider:
    """Reads metadata and keys when they are first needed, and keeps them for a while."""

    def __init__(self, client: Client, clock: Callable[[], datetime], *, seconds: float = SECONDS) -> None:
        self.client = client
        self._clock = clock
        self._seconds = seconds
        self._metadata: tuple[datetime, Metadata] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    async def metadata(self) -> Metadata:
        """Where what is asked. Raises `ProviderFailed`."""
        if self._metadata is None or self._clock() - self._metadata[0] >= KNOWN_FOR:
            address = self.client.issuer.rstrip("/") + "/.well-known/openid-configuration"
            told = await ask("discovery", "GET", address, {}, seconds=self._seconds)
            self._metadata = self._clock(), _metadata(told, self.client.issuer)
        return self._metadata[1]

    async def keys(self, *, anew: bool = False) -> KeySet:
        """What it signs with. Raises `ProviderFailed`."""
        if anew or self._keys is None or self._clock() - self._keys[0] >= KNOWN_FOR:
            told = await ask("keys", "GET", (await self.metadata()).keys, {}, seconds=self._seconds)
            self._keys = self._clock(), _key_set(told)
        return self._keys[1]

    async def way_in(self, begun: Begun) -> str:
        """The address at which people sign in. Raises `ProviderFailed`."""
        address: str = prepare_grant_uri(
            (await self.metadata()).authorization,
            client_id=self.client.client_id,
            response_type="code",
            redirect_uri=self.client.redirect,
            scope=" ".join(self.client.scopes),
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256",
        )
        return address

    async def way_out(self, back: str) -> str | None:
        """The address at which people sign out there, and then come ``back``; None where the provider has none.

        It carries no ID token, which would put what is known of somebody into an address: the provider may ask.
        """
        try:
            end_session = (await self.metadata()).end_session
        except ProviderFailed as error:
            _log.warning("sign-in provider", problem=str(error))
            return None
        if end_session is None:
            return None
        asked = [("client_id", self.client.client_id), ("post_logout_redirect_uri", back)]
        address: str = add_params_to_uri(end_session, asked)
        return address

    async def redeem(self, code: str, begun: Begun, issuer: str | None) -> Mapping[str, Any]:
        """What the provider says of whoever came back with ``code``; ``issuer`` is what the callback named.

        Raises `ProviderFailed`.
        """
        metadata = await self.metadata()
        if issuer != self.client.issuer and (issuer is not None or metadata.names_itself):
            raise ProviderFailed("callback: comes from another provider")
        tokens = await self._tokens(metadata, code, begun)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise ProviderFailed("token: there is no ID token")
        claims = await self._claims(metadata, id_token, access_token, begun.nonce)
        if metadata.userinfo is None or not isinstance(access_token, str):
            return claims
        headers = {"authorization": f"Bearer {access_token}"}
        more = await ask("userinfo", "GET", metadata.userinfo, headers, seconds=self._seconds)
        if more.get("sub") != claims["sub"]:  # OpenID Connect Core, section 5.3.2
            raise ProviderFailed("userinfo: tells of somebody else")
        return {**more, **claims}

    async def _tokens(self, metadata: Metadata, code: str, begun: Begun) -> Mapping[str, Any]:
        client = self.client
        verifier = {"code_verifier": begun.verifier}
        body = prepare_token_request("authorization_code", code=code, redirect_uri=client.redirect, **verifier)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if client.secret is None:
            auth = ClientAuth(client.client_id, None, "none")
        elif metadata.secret_by_header:  # as a form encodes it: RFC 6749 section 2.3.1
            auth = ClientAuth(quote_plus(client.client_id), quote_plus(client.secret))
        else:
            auth = ClientAuth(client.client_id, client.secret, "client_secret_post")
        address, headers, body = auth.prepare("POST", metadata.token, headers, body)
        return await ask("token", "POST", address, headers, body, seconds=self._seconds)

    async def _claims(self, metadata: Metadata, id_token: str, access_token: Any, nonce: str) -> Mapping[str, Any]:
        client = self.client
        read = partial(
            claims_of,
            id_token,
            algorithms=metadata.algorithms,
            issuer=client.issuer,
            client_id=client.client_id,
            nonce=nonce,
            access_token=access_token,
            now=self._clock(),
        )
        try:
            try:
                return read(await self.keys())
            except SignedOtherwise:  # it may have changed its keys
                return read(await self.keys(anew=True))
        except TokenRefused as refused:
            raise ProviderFailed(f"ID token: {refused}") from None


def _metadata(told: Mapping[str, Any], issuer: str) -> Metadata:
    if told.get("issuer") != issuer:  # Discovery, section 4.3: else one provider could speak for another
        raise ProviderFailed("discovery: calls itself otherwise than oidc_issuer; the two have to be the same letters")
    methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    algorithms = told.get("id_token_signing_alg_values_supported", ["RS256"])
    usable = tuple(each for each in SIGNED_BY if isinstance(algorithms, list) and each in algorithms)
    if not usable:
        raise ProviderFailed("discovery: it signs in no way that is taken here")
    return Metadata(
        authorization=_needed(told, "authorization_endpoint"),
        token=_needed(told, "token_endpoint"),
        keys=_needed(told, "jwks_uri"),
        userinfo=_address(told, "userinfo_endpoint"),
        end_session=_address(told, "end_session_endpoint"),
        algorithms=usable,
        names_itself=told.get("authorization_response_iss_parameter_supported") is True,
        secret_by_header=isinstance(methods, list) and "client_secret_basic" in methods,
    )


def _needed(told: Mapping[str, Any], name: str) -> str:
    if (address := _address(told, name)) is None:
        raise ProviderFailed(f"discovery: {name} is missing")
    return address


def _address(told: Mapping[str, Any], name: str) -> str | None:
    address = told.get(name)
    if address is None:
        return None
    try:
        parts = urlsplit(address) if isinstance(address, str) else urlsplit("")
        here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    except ValueError:
        raise ProviderFailed(f"discovery: {name} is no address") from None
    if not parts.hostname or (parts.scheme != "https" and not (here and parts.scheme == "http")):
        raise ProviderFailed(f"discovery: {name} does not begin with https://")
    return str(address)


def _key_set(told: Mapping[str, Any]) -> KeySet:
    try:
        keys = [key for key in told["keys"] if key.get("use", "sig") == "sig" and key.get("kty") != "oct"]
        return KeySet.import_key_set({"keys": keys})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise ProviderFailed("keys: they cannot be read") from None
