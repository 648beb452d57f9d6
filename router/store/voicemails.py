"""What callers left on the voicemail."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from router.store.database import Connection
from router.store.tables import voicemails


async def left_in(connection: Connection, call_id: str) -> bool:
    """Whether the caller has left a message in this call."""
    query = select(voicemails.c.id).where(voicemails.c.call_id == call_id)
    return (await connection.execute(query.limit(1))).first() is not None


async def by_id(connection: Connection, voicemail_id: str) -> Row[Any] | None:
    """The message, or None."""
    return (await connection.execute(select(voicemails).where(voicemails.c.id == voicemail_id))).one_or_none()
