"""Numbers that callers said, as they were heard; what calibration learns from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from router.store.database import Connection
from router.store.tables import hearings, messages


async def of_call(connection: Connection, call_id: str) -> int:
    """How many are kept of a call."""
    query = select(func.count()).select_from(hearings).where(hearings.c.call_id == call_id)
    return int((await connection.execute(query)).scalar_one())


async def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep hearings, as the table has them."""
    await connection.execute(insert(hearings), rows)


async def settle(connection: Connection, call_id: str, number: str) -> None:
    """The caller has said which number it was."""
    await connection.execute(update(hearings).where(hearings.c.call_id == call_id).values(number=number))


async def settle_by_message(connection: Connection, call_id: str, message_id: str) -> None:
    """An agent has said which message the call was about: the number was its reference, where the caller has not said
    otherwise."""
    reference = select(messages.c.reference_key).where(messages.c.id == message_id).scalar_subquery()
    here = (hearings.c.call_id == call_id) & hearings.c.number.is_(None)
    await connection.execute(update(hearings).where(here).values(number=reference))


async def settled(connection: Connection, since: datetime | None, limit: int) -> Sequence[Any]:
    """The latest hearings whose number is known, newest first."""
    query = select(hearings.c.heard, hearings.c.number, hearings.c.call_id).where(hearings.c.number.is_not(None))
    if since is not None:
        query = query.where(hearings.c.at >= since)
    return (await connection.execute(query.order_by(hearings.c.at.desc(), hearings.c.id).limit(limit))).all()


async def forget(connection: Connection, before: datetime, limit: int) -> int:
    """Delete at most ``limit`` hearings older than ``before``; how many they were."""
    old = select(hearings.c.id).where(hearings.c.at < before).order_by(hearings.c.at).limit(limit)
    ids = (await connection.execute(old)).scalars().all()
    return (await connection.execute(delete(hearings).where(hearings.c.id.in_(ids)))).rowcount
