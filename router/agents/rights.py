"""Changing who may do what: roles, queues and skills, who may sign in at all, and ending what was signed in.

Each change is written into the audit log in its transaction. After the commit whoever calls tells the pages and
Asterisk (`Presence.left` where `Change.signed_out`, else `Presence.settle`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from router.agents.people import refuse_taken_email, refuse_wrong
from router.errors import Refused, not_found
from router.store import audit, people
from router.store import web as sessions
from router.store.database import Connection
from router.store.holds import hold

CHANGEABLE: Final = ("name", "role", "language", "email", "queues", "skills")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a wish: the names of the fields that differ now, and whether the person was signed out."""

    fields: tuple[str, ...]
    signed_out: bool = False


async def change(
    connection: Connection,
    person_id: str,
    wanted: Mapping[str, Any],
    known_queues: Sequence[str],
    now: datetime,
    by: str | None = None,
) -> Change:
    """Change those of `CHANGEABLE` that are ``wanted``; a new role ends the person's sessions. ``by`` is the id of
    whoever does it, None for the command line.

    Raises `Refused`: 404, 422 and 409 with one error a field.
    """
    await _hold(connection)
    row = await _person(connection, person_id)
    refuse_wrong(wanted, [*known_queues, *row.queues])
    await refuse_taken_email(connection, wanted.get("email"), person_id)
    values = {name: _plain(wanted[name]) for name in CHANGEABLE if name in wanted}
    different = {name: value for name, value in values.items() if value != getattr(row, name)}
    if not different:
        return Change(())
    new_role = "role" in different
    if new_role:
        await _refuse_last_admin(connection, person_id, "role")
    await people.change(connection, person_id, different)
    if new_role:
        await sessions.end_sessions(connection, person_id)
    detail = {"fields": sorted(different)} | ({"role": different["role"], "before": row.role} if new_role else {})
    await audit.note(connection, now, "person.changed", "person", person_id, person_id=by, detail=detail)
    return Change(tuple(different), signed_out=new_role)


async def disable(connection: Connection, person_id: str, now: datetime, by: str | None = None) -> Change:
    """Let a person sign in no more, and end their sessions. Raises `Refused`: 404, and 409 for oneself and the last
    admin."""
    await _hold(connection)
    row = await _person(connection, person_id)
    if person_id == by:
        raise _refused("yourself", "Nobody disables themselves. Have another administrator do it")
    if row.disabled_at is not None:
        return Change(())
    await _refuse_last_admin(connection, person_id, None)
    await people.change(connection, person_id, {"disabled_at": now})
    await sessions.end_sessions(connection, person_id)
    await audit.note(connection, now, "person.disabled", "person", person_id, person_id=by)
    return Change(("disabled_at",), signed_out=True)


async def enable(connection: Connection, person_id: str, now: datetime, by: str | None = None) -> Change:
    """Let a person sign in again. Raises `Refused` (404)."""
    row = await _person(connection, person_id)
    if row.disabled_at is None:
        return Change(())
    await people.change(connection, person_id, {"disabled_at": None})
    await sessions.end_sessions(connection, person_id)  # one that began just as they were disabled
    await audit.note(connection, now, "person.enabled", "person", person_id, person_id=by)
    return Change(("disabled_at",))


async def set_password(
    connection: Connection,
    person_id: str,
    password_hash: str,
    now: datetime,
    by: str | None = None,
    but: bytes | None = None,
) -> Change:
    """Give a new password and end the sessions that the old one began, ``but`` one. Raises `Refused` (404)."""
    await _person(connection, person_id)
    await people.change(connection, person_id, {"password_hash": password_hash})
    await sessions.end_sessions(connection, person_id, but)
    await audit.note(connection, now, "person.password", "person", person_id, person_id=by)
    return Change(("password_hash",), signed_out=but is None)


async def sign_out(
    connection: Connection, person_id: str, now: datetime, by: str | None = None, but: bytes | None = None
) -> Change:
    """End all sessions of a person, ``but`` one where given. Raises `Refused` (404)."""
    await _person(connection, person_id)
    ended = await sessions.end_sessions(connection, person_id, but)
    detail = {"sessions": ended}
    await audit.note(connection, now, "person.signed_out", "person", person_id, person_id=by, detail=detail)
    return Change((), signed_out=but is None)


async def _hold(connection: Connection) -> None:
    """Two admins who take each other's rights come one after the other."""
    await hold(connection, "admins")


async def _refuse_last_admin(connection: Connection, person_id: str, field: str | None) -> None:
    admins = await people.admins(connection)
    if [row.id for row in admins] == [person_id]:
        raise _refused("last_admin", "There would be no administrator left. Make somebody else one first", field)


async def _person(connection: Connection, person_id: str) -> people.PersonRow:
    rows = await people.lock(connection, [person_id])
    if not rows:
        raise not_found("There is no such person.", "no_such_person")
    return rows[0]


def _plain(value: Any) -> Any:
    """As it is stored."""
    if isinstance(value, str):
        return value.strip()
    return list(dict.fromkeys(value)) if isinstance(value, (list, tuple)) else value


def _refused(reason: str, detail: str, field: str | None = None) -> Refused:
    errors = [{"field": field, "message": detail, "reason": reason}] if field else []
    return Refused(409, "Not possible", detail, more={"reason": reason, "errors": errors})
