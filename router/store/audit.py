"""The audit log: who saw or changed what. Written in the transaction of what it tells of, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, literal, select

from router.store.database import Connection
from router.store.tables import audit_log


async def note(
    connection: Connection,
    at: datetime,
    action: str,
    subject: str,
    subject_id: str | None,
    *,
    person_id: str | None = None,
    key_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down that a person, or a program with an API key, did something; with neither it was the command line.

    ``action`` is like ``message.seen`` or ``person.changed``, ``subject`` what it is about (``message``, ``call``,
    ``customer``, ``person``, ``key``, ``flow``, ``queue``), ``subject_id`` its id. ``detail`` names fields and states;
    numbers, codes, passwords and what customers wrote have no place in it.
    """
    values = {"at": at, "action": action, "subject": subject, "subject_id": subject_id}
    who = {"person_id": person_id, "key_id": key_id, "detail": dict(detail or {})}
    await connection.execute(insert(audit_log).values(**values, **who))


async def was_noted(connection: Connection, action: str, person_id: str, since: datetime) -> bool:
    """Whether this was noted about the person since then, whoever did it."""
    found = select(literal(1)).where(
        audit_log.c.subject == "person",
        audit_log.c.subject_id == person_id,
        audit_log.c.at > since,
        audit_log.c.action == action,
    )
    return (await connection.execute(found.limit(1))).first() is not None


async def times_done(connection: Connection, person_id: str, action: str, since: datetime, most: int) -> int:
    """How often this person did this since then, up to ``most``."""
    found = (
        select(literal(1))
        .where(audit_log.c.person_id == person_id, audit_log.c.at > since, audit_log.c.action == action)
        .limit(most)
        .subquery()
    )
    return int((await connection.execute(select(func.count()).select_from(found))).scalar_one())


async def when_done(
    connection: Connection, action: str, since: datetime, most: int, *, person_id: str | None, key_id: str | None
) -> datetime | None:
    """When a person or a key did this for the ``most``-th time, counted back from now; None where they did it less
    often since then."""
    own = audit_log.c.key_id == key_id if person_id is None else audit_log.c.person_id == person_id
    query = select(audit_log.c.at).where(own, audit_log.c.at > since, audit_log.c.action == action)
    done = await connection.execute(query.order_by(audit_log.c.at.desc()).offset(most - 1).limit(1))
    return done.scalar_one_or_none()
