"""Making the people who sign in. Passwords arrive here hashed (`router.web` does that), or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.errors import Refused, conflict, unprocessable
from router.store import audit, people
from router.store.database import Connection, new_id

ROLES = ("agent", "supervisor", "admin")
LANGUAGES = ("auto", "de", "en")
"""What pages are in; ``auto``: as the browser asks, until the person chooses."""
LONGEST_NAME = 200
MOST_SKILLS = 20

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
_SKILL = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EMAIL = re.compile(r"(?=.{3,320}$)[^\s@\x00-\x1f]+@[^\s@\x00-\x1f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody who is to sign in. `login` in small letters, `role` of `ROLES`, `language` of `LANGUAGES`.

    Without a `password_hash` the person can only come through a sign-in link.
    """

    login: str
    name: str
    role: str = "agent"
    language: str = "de"
    queues: tuple[str, ...] = ("default",)
    skills: tuple[str, ...] = ()
    email: str | None = None
    password_hash: str | None = None
    oidc_subject: str | None = None


async def add(
    connection: Connection, person: NewPerson, known_queues: Sequence[str], now: datetime, by: str | None = None
) -> str:
    """Store a person, off and without a phone; gives the id. ``by`` is the id of whoever does it.

    Raises `Refused`: 422 with one error a field, 409 for a login that is taken.
    """
    refuse_wrong(fields_of(person), known_queues)
    await refuse_taken_email(connection, person.email, None)
    person_id = new_id()
    values = {
        "id": person_id,
        "login": person.login,
        "name": person.name.strip(),
        "role": person.role,
        "language": person.language,
        "password_hash": person.password_hash,
        "queues": list(dict.fromkeys(person.queues)),
        "skills": list(dict.fromkeys(person.skills)),
        "email": person.email,
        "oidc_subject": person.oidc_subject,
        "presence": "off",
        "created_at": now,
    }
    if not await people.add(connection, values):
        raise _taken(person.login)
    detail = {"login": person.login, "role": person.role}
    await audit.note(connection, now, "person.added", "person", person_id, person_id=by, detail=detail)
    return person_id


async def check(connection: Connection, person: NewPerson, known_queues: Sequence[str]) -> None:
    """Raises `Refused` where `add` would as things stand, so that no password is asked for in vain."""
    refuse_wrong(fields_of(person), known_queues)
    await refuse_taken_email(connection, person.email, None)
    if await people.by_login(connection, person.login) is not None:
        raise _taken(person.login)


def fields_of(person: NewPerson) -> dict[str, Any]:
    """What is checked of a person."""
    names = ("login", "name", "role", "language", "queues", "skills", "email")
    return {name: getattr(person, name) for name in names}


async def refuse_taken_email(connection: Connection, email: str | None, person_id: str | None) -> None:
    """Raises `Refused` (409) for an address that somebody else has: the provider may know people by it."""
    if email and any(row.id != person_id for row in await people.by_email(connection, email)):
        raise _conflict("email", "taken", "Somebody else has this e-mail address already. Give another one, or none")


def _taken(login: str) -> Refused:
    return _conflict("login", "taken", f"There is somebody with the login {login} already. Choose another login")


def _conflict(field: str, reason: str, detail: str) -> Refused:
    refused = conflict(detail)
    refused.more["errors"] = [{"field": field, "message": detail, "reason": reason}]
    return refused


def refuse_wrong(fields: Mapping[str, Any], known_queues: Sequence[str]) -> None:
    """Raises `Refused` (422) with one error for each of these fields that is wrong."""
    if errors := _errors(fields, known_queues):
        raise unprocessable(
            "; ".join(f"{error['field']}: {error['message']}" for error in errors), errors, "person_fields"
        )


def _errors(fields: Mapping[str, Any], known_queues: Sequence[str]) -> list[dict[str, str]]:
    wrong = {name: reason for name, value in fields.items() if (reason := _reason(name, value, known_queues))}
    return [{"field": field, "message": message} for field, message in wrong.items()]


def _reason(field: str, value: Any, known_queues: Sequence[str]) -> str | None:
    """Why a field is wrong; None where it is not."""
    match field:
        case "login" if not LOGIN.fullmatch(value):
            return "up to 100 small letters, digits and . _ @ + -, and a letter or digit first"
        case "name" if not value.strip() or len(value.strip()) > LONGEST_NAME or not value.strip().isprintable():
            return f"1 to {LONGEST_NAME} characters in one line"
        case "role" if value not in ROLES:
            return "one of " + ", ".join(ROLES)
        case "language" if value not in LANGUAGES:
            return "one of " + ", ".join(LANGUAGES)
        case "queues" if unknown := [queue for queue in value if queue not in known_queues]:
            return f"there is no queue {unknown[0][:40]!r}; there are: {', '.join(known_queues)}"
        case "skills" if len(value) > MOST_SKILLS or not all(_SKILL.fullmatch(skill) for skill in value):
            return f"up to {MOST_SKILLS} words of small letters, digits and _, such as english or gas"
        case "email" if value is not None and not _EMAIL.fullmatch(value):
            return "an e-mail address, such as anna@example.com"
    return None
