"""Somebody who signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

AGENT: Final = "agent"
SUPERVISOR: Final = "supervisor"
ADMIN: Final = "admin"
ROLES: Final = (AGENT, SUPERVISOR, ADMIN)
LANGUAGES: Final = ("de", "en")
AUTO: Final = "auto"
"""Stored of a person who has chosen no language: pages go by what the browser asks for."""


@dataclass(frozen=True, slots=True)
class Person:
    """An agent, supervisor or admin as stored when the request came in.

    ``phone`` is the interface chosen for calls (``PJSIP/101``), None: answers in the browser (test phone).
    ``presence`` is ``off``, ``ready`` or ``paused``. ``language`` is one of `LANGUAGES` as `router.web.guard` gives it,
    and may be `AUTO` as stored.
    """

    id: str
    login: str
    name: str
    role: str
    language: str
    queues: tuple[str, ...]
    phone: str | None
    presence: str
    pause_reason: str | None

    @property
    def home(self) -> str:
        """The page to land on after signing in."""
        return {ADMIN: "/admin", SUPERVISOR: "/supervisor"}.get(self.role, "/desk")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with the session they came in by; ``token_hash`` is the session's key in the database, ``way`` how it
    began: ``password``, ``link`` or ``oidc``."""

    person: Person
    token_hash: bytes
    expires_at: datetime
    way: str | None = None


def person_from(row: Any) -> Person:
    """A `Person` from a row of the table ``people``."""
    return Person(
        id=row.id,
        login=row.login,
        name=row.name,
        role=row.role,
        language=row.language if row.language in LANGUAGES else AUTO,
        queues=tuple(row.queues),
        phone=row.phone,
        presence=row.presence,
        pause_reason=row.pause_reason,
    )
