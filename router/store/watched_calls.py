"""Test calls that a page follows while they wait or talk: when it was last there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.tables import calls, watched_calls


async def seen(connection: Connection, call_id: str, now: datetime) -> None:
    """A page follows this call."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = build(watched_calls).values(call_id=call_id, seen_at=now)
    await connection.execute(statement.on_conflict_do_update(index_elements=["call_id"], set_={"seen_at": now}))


async def left(connection: Connection, before: datetime, limit: int) -> Sequence[str]:
    """The calls that wait or talk, and that no page has followed since then though one did; at most ``limit``."""
    query = (
        select(calls.c.id)
        .join(watched_calls, watched_calls.c.call_id == calls.c.id)
        .where(watched_calls.c.seen_at < before, calls.c.state.in_(("queue", "talking")))
    )
    return (await connection.execute(query.limit(limit))).scalars().all()


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` that nobody has followed since then; how many they were."""
    old = select(watched_calls.c.call_id).where(watched_calls.c.seen_at < before).limit(bite)
    return (await connection.execute(delete(watched_calls).where(watched_calls.c.call_id.in_(old)))).rowcount
