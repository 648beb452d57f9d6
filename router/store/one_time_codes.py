"""One-time codes sent in calls, one a call: the last one sent counts. Only keyed hashes stand here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.tables import one_time_codes

CodeRow = Row[Any]


async def put(connection: Connection, call_id: str, code_hash: bytes, now: datetime, expires_at: datetime) -> None:
    """Store the code of a call in place of the one before; wrong codes that were keyed in stay counted."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {"code_hash": code_hash, "expires_at": expires_at, "created_at": now}
    statement = build(one_time_codes).values(call_id=call_id, tries=0, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["call_id"], set_=values))


async def of_call(connection: Connection, call_id: str) -> CodeRow | None:
    """The code of a call, or None."""
    query = select(one_time_codes).where(one_time_codes.c.call_id == call_id).with_for_update()
    return (await connection.execute(query)).one_or_none()


async def count_try(connection: Connection, call_id: str) -> None:
    """A code was keyed in."""
    statement = update(one_time_codes).where(one_time_codes.c.call_id == call_id)
    await connection.execute(statement.values(tries=one_time_codes.c.tries + 1))


async def use_up(connection: Connection, call_id: str, now: datetime) -> None:
    """The code counts no longer."""
    statement = update(one_time_codes).where(one_time_codes.c.call_id == call_id)
    await connection.execute(statement.values(expires_at=now))


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` codes made before then; how many they were."""
    old = select(one_time_codes.c.call_id).where(one_time_codes.c.created_at < before).limit(bite)
    return (await connection.execute(delete(one_time_codes).where(one_time_codes.c.call_id.in_(old)))).rowcount
