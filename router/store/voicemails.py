"""What callers left on the voicemail."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, bindparam, select

from router.store.database import Connection
from router.store.prepared import Prepared
from router.store.tables import voicemails

_LEFT_IN: Final = Prepared(select(voicemails.c.id).where(voicemails.c.call_id == bindparam("call")).limit(1))


async def left_in(connection: Connection, call_id: str) -> bool:
    """Whether the caller has left a message in this call."""
    return await _LEFT_IN.row(connection, {"call": call_id}) is not None


async def by_id(connection: Connection, voicemail_id: str) -> Row[Any] | None:
    """The message, or None."""
    return (await connection.execute(select(voicemails).where(voicemails.c.id == voicemail_id))).one_or_none()
