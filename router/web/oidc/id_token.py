"""Reads ID tokens: who a provider says somebody is, held to OpenID Connect Core by Authlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

SKEW: Final = 120
"""Seconds that our clock and the provider's may differ."""
LONGEST: Final = 32_768
"""Characters of a token; those with many groups of a directory have some thousand."""


class TokenRefused(ValueError):
    """The token counts for nothing; the text says why, without anything of it."""


class SignedOtherwise(TokenRefused):
    """No key that we know made the signature. The provider may have new ones."""


def claims_of(
    id_token: str,
    keys: KeySet,
    algorithms: Sequence[str],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: object,
    now: datetime,
) -> Mapping[str, Any]:
    """What a token says that ``issuer`` signed with one of ``keys`` for this sign-in. Raises `TokenRefused`."""
    if len(id_token) > LONGEST:
        raise TokenRefused(f"has more than {LONGEST} characters")
    try:
        token = jwt.decode(id_token, keys, registry=JWSRegistry(algorithms=list(algorithms), strict_check_header=False))
        options = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
        about = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
        claims = CodeIDToken(token.claims, token.header, options, about)
        claims.validate(now=int(now.timestamp()), leeway=SKEW)
    except (InvalidKeyIdError, BadSignatureError) as error:
        raise SignedOtherwise(_reason(error)) from None
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:  # whatever a token can be made of
        raise TokenRefused(_reason(error)) from None
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise TokenRefused("sub is no name")
    return dict(claims)


def _reason(error: Exception) -> str:
    what = " ".join(str(getattr(error, name, "")) for name in ("error", "claim")).strip()
    return what or type(error).__name__
