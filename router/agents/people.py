"""Making the people who sign in. Passwords arrive here hashed (`router.web` does that), or not at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from router.errors import Refused, conflict, unprocessable
from router.store import people
from router.store.database import Connection, new_id

ROLES = ("agent", "supervisor", "admin")
LANGUAGES = ("de", "en")
LONGEST_NAME = 200

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")


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
    password_hash: str | None = None


async def add(connection: Connection, person: NewPerson, known_queues: Sequence[str], now: datetime) -> str:
    """Store a person, off and without a phone; gives the id.

    Raises `Refused`: 422 with one error a field, 409 for a login that is taken.
    """
    _refuse_wrong(person, known_queues)
    values = {
        "id": new_id(),
        "login": person.login,
        "name": person.name.strip(),
        "role": person.role,
        "language": person.language,
        "password_hash": person.password_hash,
        "queues": list(dict.fromkeys(person.queues)),
        "presence": "off",
        "created_at": now,
    }
    if not await people.add(connection, values):
        raise _taken(person.login)
    return str(values["id"])


async def check(connection: Connection, person: NewPerson, known_queues: Sequence[str]) -> None:
    """Raises `Refused` where `add` would as things stand, so that no password is asked for in vain."""
    _refuse_wrong(person, known_queues)
    if await people.by_login(connection, person.login) is not None:
        raise _taken(person.login)


def _taken(login: str) -> Refused:
    return conflict(f"There is somebody with the login {login} already. Choose another login")


def _refuse_wrong(person: NewPerson, known_queues: Sequence[str]) -> None:
    if errors := _errors(person, known_queues):
        raise unprocessable("; ".join(f"{error['field']}: {error['message']}" for error in errors), errors)


def _errors(person: NewPerson, known_queues: Sequence[str]) -> list[dict[str, str]]:
    wrong: dict[str, str] = {}
    if not _LOGIN.fullmatch(person.login):
        wrong["login"] = "up to 100 small letters, digits and . _ @ + -, and a letter or digit first"
    name = person.name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        wrong["name"] = f"1 to {LONGEST_NAME} characters in one line"
    if person.role not in ROLES:
        wrong["role"] = "one of " + ", ".join(ROLES)
    if person.language not in LANGUAGES:
        wrong["language"] = "one of " + ", ".join(LANGUAGES)
    if unknown := [queue for queue in person.queues if queue not in known_queues]:
        wrong["queues"] = f"there is no queue {unknown[0][:40]!r}; there are: {', '.join(known_queues)}"
    return [{"field": field, "message": message} for field, message in wrong.items()]
