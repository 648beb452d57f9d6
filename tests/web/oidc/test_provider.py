"""What a provider says is taken only as far as it can be trusted: forged, replayed, foreign, or no answer at all."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from router.web.oidc import asking
from router.web.oidc import provider as module
from router.web.oidc.asking import ProviderAway, ProviderFailed, ask
from router.web.oidc.begun import LASTS, Begun, begin, is_same, sealed, unsealed
from router.web.oidc.id_token import SKEW
from router.web.oidc.identity import identity_of, subject_of
from router.web.oidc.provider import Client, Provider

ISSUER = "https://login.example.com/"
NOW = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
BEGUN = Begun("state", "nonce", "verifier", "", NOW)
CLAIMS = {"iss": ISSUER, "sub": "anna", "aud": "threadline", "exp": AT + 600, "iat": AT, "nonce": "nonce"}
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}auth?tenant=1",
    "token_endpoint": f"{ISSUER}token",
    "jwks_uri": f"{ISSUER}keys",
    "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
}
KEY = RSAKey.generate_key(2048, {"kid": "first"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "first"}, private=True)
PUBLIC = {**KEY.as_dict(private=False), "use": "sig"}


class Answers:
    """What the provider answers, by what it is asked for; changed by tests."""

    def __init__(self) -> None:
        self.answers: dict[str, Mapping[str, Any]] = {"discovery": METADATA, "keys": {"keys": [PUBLIC]}}
        self.asked: list[tuple[str, str, Mapping[str, str], str]] = []

    async def __call__(
        self, what: str, method: str, address: str, headers: Mapping[str, str], body: str = "", seconds: float = 0
    ) -> Mapping[str, Any]:
        self.asked.append((what, address, headers, body))
        return self.answers[what]

    def id_token(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None, key: Any = KEY) -> None:
        token = jwt.encode({"alg": "RS256", "kid": "first", **(header or {})}, dict(claims), key)
        self.answers["token"] = {"id_token": token, "access_token": "at", "token_type": "Bearer"}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    answers = Answers()
    monkeypatch.setattr(module, "ask", answers)
    return answers


def provider(secret: str | None = "s/ecret") -> Provider:
    client = Client(ISSUER, "threadline", secret, ("openid",), "https://calls.example.com/sign-in/oidc/callback")
    return Provider(client, lambda: NOW)


async def test_a_good_token_says_who_it_is(answers: Answers) -> None:
    answers.id_token(CLAIMS)
    assert (await provider().redeem("code", BEGUN, None))["sub"] == "anna"
    what, address, headers, body = answers.asked[1]
    assert (what, address) == ("token", f"{ISSUER}token")
    assert "code_verifier=verifier" in body and "secret" not in body
    assert headers["Authorization"].startswith("Basic ")


async def test_the_way_in_carries_what_ties_the_answer_to_us(answers: Answers) -> None:
    address = await provider().way_in(BEGUN)
    assert address.startswith(f"{ISSUER}auth?tenant=1&")
    for part in ("response_type=code", "state=state", "nonce=nonce", "code_challenge_method=S256"):
        assert part in address
    assert "verifier" not in address


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"iss": "https://evil.example/"},
        {"aud": "another client"},
        {"aud": ["threadline", "another client"]},  # without azp nobody says for whom
        {"aud": ["threadline", "another client"], "azp": "another client"},
        {"exp": AT - SKEW - 1},
        {"iat": AT + SKEW + 60},
        {"nbf": AT + SKEW + 60},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"at_hash": "of another access token"},
    ],
    ids=str,
)
async def test_a_token_that_is_not_for_this_sign_in_counts_for_nothing(answers: Answers, wrong: dict[str, Any]) -> None:
    claims = {name: value for name, value in (CLAIMS | wrong).items() if value is not None}
    answers.id_token(claims)
    with pytest.raises(ProviderFailed):
        await provider().redeem("code", BEGUN, None)


@pytest.mark.parametrize("claims", [{"exp": AT - SKEW + 5}, {"iat": AT + SKEW - 5, "exp": AT + 600}], ids=str)
async def test_clocks_may_differ_a_little(answers: Answers, claims: dict[str, Any]) -> None:
    answers.id_token(CLAIMS | claims)
    assert (await provider().redeem("code", BEGUN, None))["sub"] == "anna"


def by_public_key(claims: Mapping[str, Any]) -> str:
    """A token that takes the public key, which everybody has, for a shared secret."""
    parts = ({"alg": "HS256", "kid": "first"}, claims)
    content = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    seal = hmac.digest(KEY.as_pem(private=False), content, "sha256")
    return (content + b"." + urlsafe_b64encode(seal).rstrip(b"=")).decode()


async def test_only_the_providers_own_keys_sign(answers: Answers) -> None:
    answers.id_token(CLAIMS, key=OTHER)  # under the name of the right one
    with pytest.raises(ProviderFailed, match="bad_signature"):
        await provider().redeem("code", BEGUN, None)
    assert [what for what, *_ in answers.asked].count("keys") == 2  # it may have changed its keys
    answers.answers["token"] = {"id_token": by_public_key(CLAIMS), "access_token": "at"}
    with pytest.raises(ProviderFailed):
        await provider().redeem("code", BEGUN, None)
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0."
    answers.answers["token"] = {"id_token": unsigned, "access_token": "at"}
    with pytest.raises(ProviderFailed):
        await provider().redeem("code", BEGUN, None)


@pytest.mark.parametrize("token", [{}, {"id_token": 3}, {"id_token": ""}, {"id_token": "a.b.c"}, {"id_token": "ä" * 9}])
async def test_what_is_no_token_is_none(answers: Answers, token: dict[str, Any]) -> None:
    answers.answers["token"] = token
    with pytest.raises(ProviderFailed):
        await provider().redeem("code", BEGUN, None)


async def test_userinfo_of_somebody_else_is_refused(answers: Answers) -> None:
    answers.answers["discovery"] = METADATA | {"userinfo_endpoint": f"{ISSUER}me"}
    answers.id_token(CLAIMS)
    answers.answers["userinfo"] = {"sub": "robin", "groups": ["it"]}
    with pytest.raises(ProviderFailed, match="somebody else"):
        await provider().redeem("code", BEGUN, None)
    answers.answers["userinfo"] = {"sub": "anna", "groups": ["it"], "iss": "x", "email": "anna@example.com"}
    claims = await provider().redeem("code", BEGUN, None)
    assert claims["groups"] == ["it"] and claims["iss"] == ISSUER


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": ISSUER.rstrip("/")},
        {"token_endpoint": "http://login.example.com/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": ["https://login.example.com"]},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"id_token_signing_alg_values_supported": "RS256"},
    ],
    ids=str,
)
async def test_what_a_provider_says_of_itself_has_to_be_safe(answers: Answers, metadata: dict[str, Any]) -> None:
    answers.answers["discovery"] = {name: value for name, value in (METADATA | metadata).items() if value is not None}
    with pytest.raises(ProviderFailed, match="discovery"):
        await provider().way_in(BEGUN)


@asynccontextmanager
async def server(answer: bytes | None) -> AsyncIterator[str]:
    """Answers the same to everybody; None: takes the question and says nothing."""

    over = asyncio.Event()
    over.set()  # a busy machine may give up before it has connected

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over.clear()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer or b"")
        with suppress(ConnectionError):
            await reader.read()  # until the other side has had enough
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
        over.set()

    listening = await asyncio.start_server(serve, "127.0.0.1")
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        await over.wait()


async def test_a_provider_that_hangs_is_given_up() -> None:
    async with server(None) as address:
        with pytest.raises(ProviderAway, match="no answer within"):
            await ask("discovery", "GET", address, {}, seconds=0.2)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "redirect"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b" " * 2000, "more than"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "no JSON object"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "status 502"),
        (b"nonsense\r\n\r\n", "cannot be reached"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_answer_that_is_none_is_told_in_words(
    answer: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_BYTES", 1000)
    async with server(answer) as address:
        with pytest.raises(ProviderAway, match=why):
            await ask("token", "POST", address, {}, "grant_type=authorization_code")


async def test_a_refusal_is_told_by_its_code_alone() -> None:
    body = b'{"error": "invalid_grant", "error_description": "the code of anna@example.com"}'
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    async with server(answer) as address:
        with pytest.raises(ProviderFailed) as refused:
            await ask("token", "POST", address, {}, "x=y")
    assert str(refused.value) == "token: refused with status 400 (invalid_grant)"


def test_what_a_browser_has_begun_cannot_be_made_up_or_kept() -> None:
    begun = begin("/desk", NOW, lambda size: "r" * size)
    cookie = sealed(begun, b"key")
    assert unsealed(cookie, b"key", NOW) == begun
    assert unsealed(cookie, b"key", NOW + LASTS) is None
    assert unsealed(cookie, b"another key", NOW) is None
    for forged in ("", ".", cookie[:-1], "A" + cookie, cookie.replace(".", ".0", 1), "ä", "x" * 5000):
        assert unsealed(forged, b"key", NOW) is None
    assert is_same("r" * 32, begun) and not is_same("", begun) and not is_same("\udc80", begun)


def test_the_highest_role_of_the_values_counts() -> None:
    roles = {"a": "agent", "s": "supervisor", "it": "admin"}
    claims = {"sub": "1", "realm_access": {"roles": ["x", "it", "a"]}, "a.b": "s", "odd": [["it"], {"it": 1}, 7]}

    def role(claim: str) -> str | None:
        return identity_of(claims, ISSUER, claim, roles).role

    assert [role("realm_access.roles"), role("a.b"), role("none"), role("odd")] == ["admin", "supervisor", None, None]
    assert identity_of(claims, ISSUER).role is None


def test_who_somebody_is_depends_on_the_provider_too() -> None:
    assert subject_of(ISSUER, "1") != subject_of("https://evil.example/", "1")
    assert identity_of({"sub": "1", "email": "a@example.com"}, ISSUER).email is None
    assert identity_of({"sub": "1", "email": "a@example.com", "email_verified": "true"}, ISSUER).email is None
