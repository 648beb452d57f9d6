"""What a provider's claims say of somebody: who they are to it, and which role that gives them here. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from router.web.person import ROLES

_LONGEST_NAME: Final = 200
_LONGEST_EMAIL: Final = 320
_MOST_VALUES: Final = 1000


@dataclass(frozen=True, slots=True)
class Identity:
    """``subject`` is what is stored; ``email`` is None where the provider has not verified it; ``role`` is None where
    the claims give none."""

    subject: str
    login: str
    name: str
    email: str | None
    role: str | None


def identity_of(
    claims: Mapping[str, Any], issuer: str, role_claim: str | None = None, roles: Mapping[str, str] | None = None
) -> Identity:
    """Who the claims are about. ``roles`` gives the role for each value of ``role_claim``; the highest one counts."""
    email = _text(claims.get("email"))
    verified = email if claims.get("email_verified") is True and len(email) <= _LONGEST_EMAIL else None
    login = _text(claims.get("preferred_username")) or email
    return Identity(
        subject=subject_of(issuer, str(claims["sub"])),
        login=login.casefold(),
        name=(_text(claims.get("name")) or login)[:_LONGEST_NAME],
        email=verified or None,
        role=_role(_found(claims, role_claim), roles or {}) if role_claim else None,
    )


def subject_of(issuer: str, sub: str) -> str:
    """What somebody is stored as: another provider's ``sub`` of the same letters is somebody else."""
    return hashlib.sha256(f"{issuer}\n{sub}".encode("utf-8", "surrogatepass")).hexdigest()


def _found(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by the names that lead to it with dots between them (``realm_access.roles``)."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _role(values: Any, roles: Mapping[str, str]) -> str | None:
    listed = values if isinstance(values, list) else [values]
    given = {roles[value] for value in listed[:_MOST_VALUES] if isinstance(value, str) and value in roles}
    return max(given, key=ROLES.index, default=None)


def _text(value: Any) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text if text.isprintable() else ""
