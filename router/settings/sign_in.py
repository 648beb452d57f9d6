"""Who may sign in, how, and for how long; and how long it is known who did what."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from router.settings.types import EmptyIsUnset, Group, OptionalSecret


def _issuer(address: str) -> str:
    """As the provider writes it, to the last slash: that is how it calls itself in what it signs."""
    parts = urlsplit(address)
    here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not parts.hostname or (parts.scheme != "https" and not (here and parts.scheme == "http")):
        raise ValueError("an address begins with https://, but for one on this machine")
    if parts.query or parts.fragment or "@" in parts.netloc or any(char.isspace() for char in address):
        raise ValueError("is no address of a provider: it has no user name, no '?' and no '#'")
    return address


class SignInSettings(Group):
    """Who may sign in, how, and for how long; and how long it is known who did what."""

    session_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        12, description="Hours after which everybody signs in again."
    )
    session_idle_minutes: Annotated[int, Field(ge=5, le=10_080)] = Field(
        60,
        description="Minutes without a sign of a browser after which a sign-in is over; an open desk is such a sign.",
    )
    password_sign_in: bool = Field(
        True, description="Whether people may sign in with a password; one-time links work without, too."
    )
    oidc_issuer: Annotated[Annotated[str, AfterValidator(_issuer)] | None, EmptyIsUnset] = Field(
        None,
        description="Address of the OpenID Connect provider that people may sign in with (docs/people.md), exactly as "
        "it calls itself.",
    )
    oidc_client_id: Annotated[str | None, EmptyIsUnset] = Field(
        None, validate_default=True, description="What we are called there."
    )
    oidc_client_secret: OptionalSecret = Field(
        None, description="What we prove with that we are it; none for a public client."
    )
    oidc_name: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        "OpenID Connect", description="What people call the provider; it stands on the sign-in page."
    )
    oidc_scopes: tuple[Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,100}$")], ...] = Field(
        ("openid", "profile", "email"), description="What we ask the provider to tell."
    )
    oidc_role_claim: Annotated[str | None, EmptyIsUnset] = Field(
        None,
        description="The claim that says what people may do here, `groups` or `realm_access.roles`; without it roles "
        "are given here.",
    )
    oidc_roles: dict[str, Literal["agent", "supervisor", "admin"]] = Field(
        {},
        validate_default=True,
        description='What its values stand for: {"contact-centre": "agent", "it": "admin"}; the highest counts, '
        "and whoever has none is not let in.",
    )
    oidc_creates_people: bool = Field(
        False, description="Whether somebody whom the provider knows and we do not is added when they sign in."
    )
    oidc_links_by_email: bool = Field(
        False,
        description="Whether somebody who is here already is recognised by an e-mail address that the provider has "
        "verified; leave it off where people can choose theirs freely.",
    )
    audit_days: Annotated[int, Field(ge=30, le=3650)] = Field(
        365, description="Days that it is known who saw or changed what."
    )

    @field_validator("oidc_client_id")
    @classmethod
    def _with_issuer(cls, client_id: str | None, known: ValidationInfo) -> str | None:
        if client_id is None and known.data.get("oidc_issuer"):
            raise ValueError("is needed with oidc_issuer")
        if not known.data.get("password_sign_in", True) and not known.data.get("oidc_issuer"):
            raise ValueError("is needed, and oidc_issuer, where password_sign_in is off: else nobody could sign in")
        return client_id

    @field_validator("oidc_scopes")
    @classmethod
    def _openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("lacks openid, without which nobody is told who signed in")
        return scopes

    @field_validator("oidc_roles")
    @classmethod
    def _with_claim(cls, roles: dict[str, str], known: ValidationInfo) -> dict[str, str]:
        if known.data.get("oidc_role_claim") and not roles:
            raise ValueError("is needed with oidc_role_claim: else nobody would be let in")
        if roles and not known.data.get("oidc_role_claim"):
            raise ValueError("needs oidc_role_claim, the claim that they stand in")
        return roles
