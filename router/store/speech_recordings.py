"""Which recordings of what callers said are kept, and of which calls they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select

from router.store.database import Connection
from router.store.tables import speech_recordings


async def add(connection: Connection, values: dict[str, Any]) -> None:
    """Store that a recording is kept."""
    await connection.execute(insert(speech_recordings).values(**values))


async def of_call(connection: Connection, call_id: str) -> Sequence[Row[Any]]:
    """The recordings of a call, the first one said first."""
    query = select(speech_recordings).where(speech_recordings.c.call_id == call_id)
    return (await connection.execute(query.order_by(speech_recordings.c.created_at, speech_recordings.c.id))).all()


async def by_id(connection: Connection, call_id: str, recording_id: str) -> Row[Any] | None:
    """A recording of a call, or None."""
    query = select(speech_recordings).where(
        speech_recordings.c.id == recording_id, speech_recordings.c.call_id == call_id
    )
    return (await connection.execute(query)).one_or_none()


async def older(connection: Connection, before: datetime, bite: int) -> Sequence[Any]:
    """At most ``bite`` recordings from ``before``, the oldest first."""
    query = select(speech_recordings.c.id, speech_recordings.c.recording).where(speech_recordings.c.created_at < before)
    return (await connection.execute(query.order_by(speech_recordings.c.created_at).limit(bite))).all()


async def remove(connection: Connection, ids: Collection[str]) -> None:
    """Delete these rows."""
    await connection.execute(delete(speech_recordings).where(speech_recordings.c.id.in_(ids)))


async def named(connection: Connection, recordings: Collection[str]) -> set[str]:
    """Those of ``recordings`` that belong to a call."""
    query = select(speech_recordings.c.recording).where(speech_recordings.c.recording.in_(recordings))
    return set((await connection.execute(query)).scalars())
