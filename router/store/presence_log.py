"""When people took calls: one row for each change of how somebody stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, insert, select

from router.store.database import Connection
from router.store.tables import people, presence_log

_ADD = insert(presence_log)  # made once: to make a statement takes longer than to run it


async def add(connection: Connection, person_id: str, presence: str, reason: str | None, at: datetime) -> None:
    """Somebody stands like this from now on: `off`, `ready`, `paused` or `wrap_up`."""
    values = {"person_id": person_id, "presence": presence, "reason": reason, "at": at}
    await connection.execute(_ADD, values)


async def since(connection: Connection, begin: datetime, person_id: str | None = None) -> Sequence[Row[Any]]:
    """Everybody's changes, or one person's, from ``begin`` on, and the last one of each before it; oldest first."""
    theirs = select(presence_log.c.id).where(presence_log.c.person_id == people.c.id, presence_log.c.at < begin)
    last = theirs.order_by(presence_log.c.at.desc(), presence_log.c.id.desc()).limit(1).correlate(people)
    query = (
        select(presence_log)
        .where((presence_log.c.at >= begin) | presence_log.c.id.in_(select(last.scalar_subquery()).select_from(people)))
        .order_by(presence_log.c.at, presence_log.c.id)
    )
    if person_id is not None:
        query = query.where(presence_log.c.person_id == person_id)
    return list(await connection.execute(query))


async def forget(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` of the oldest changes made before ``before``, but of nobody the last one; how many they
    were."""
    later = presence_log.alias()
    theirs = (later.c.person_id == presence_log.c.person_id, later.c.at >= presence_log.c.at)
    oldest = (
        select(presence_log.c.id)
        .where(presence_log.c.at < before, exists().where(*theirs, later.c.id > presence_log.c.id))
        .order_by(presence_log.c.at)
        .limit(limit)
    )
    ids = (await connection.execute(oldest)).scalars().all()
    if ids:
        await connection.execute(delete(presence_log).where(presence_log.c.id.in_(ids)))
    return len(ids)
