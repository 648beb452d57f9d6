"""Reading the audit log, and letting its old notes go. It has no way to change one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, delete, func, select

from router.store.database import Connection
from router.store.tables import api_keys, audit_log, people

NOBODY: Final = "-"
"""Whoever uses the command line, where notes are asked for by who did it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which notes: all that are given have to fit. ``who`` is the id of a person or a key, or `NOBODY`; times are from
    ``since`` on and before ``until``."""

    who: str = ""
    action: str = ""
    subject: str = ""
    subject_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


async def found(connection: Connection, asked: Asked, limit: int, before: int | None = None) -> Sequence[Row[Any]]:
    """Notes, the newest first, with who did it by name (``person``, ``login``, ``key``); ``before`` is the id of the
    last one of the page before."""
    query = (
        _fitting(select(audit_log, people.c.name.label("person"), people.c.login, api_keys.c.name.label("key")), asked)
        .outerjoin(people, people.c.id == audit_log.c.person_id)
        .outerjoin(api_keys, api_keys.c.id == audit_log.c.key_id)
    )
    if before is not None:
        query = query.where(audit_log.c.id < before)
    rows: Sequence[Row[Any]] = (await connection.execute(query.order_by(audit_log.c.id.desc()).limit(limit))).all()
    return rows


async def actions(connection: Connection) -> list[str]:
    """All kinds of action that there are notes of."""
    # From one to the next by an index: DISTINCT would read all notes.
    kinds = select(func.min(audit_log.c.action).label("action")).cte("kinds", recursive=True)
    after = select(func.min(audit_log.c.action)).where(audit_log.c.action > kinds.c.action).scalar_subquery()
    kinds = kinds.union_all(select(after).where(kinds.c.action.is_not(None)))
    query = select(kinds.c.action).where(kinds.c.action.is_not(None)).order_by(kinds.c.action)
    return list((await connection.execute(query)).scalars())


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete up to ``bite`` of the notes from before; how many they were. The only way that one goes."""
    oldest = select(audit_log.c.id).where(audit_log.c.at < before).order_by(audit_log.c.at).limit(bite)
    return (await connection.execute(delete(audit_log).where(audit_log.c.id.in_(oldest)))).rowcount


def _fitting(query: Select[Any], asked: Asked) -> Select[Any]:
    note = audit_log.c
    if asked.who == NOBODY:
        query = query.where(note.person_id.is_(None), note.key_id.is_(None))
    elif asked.who:
        query = query.where((note.person_id == asked.who) | (note.key_id == asked.who))
    for column, value in (
        (note.action, asked.action),
        (note.subject, asked.subject),
        (note.subject_id, asked.subject_id),
    ):
        if value:
            query = query.where(column == value)
    if asked.since is not None:
        query = query.where(note.at >= asked.since)
    if asked.until is not None:
        query = query.where(note.at < asked.until)
    return query
