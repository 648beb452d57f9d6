"""Reading what happened on a person's desk. The events are numbered, so that a page that was away can catch up.

They are written together with the cards (`router.store.cards`).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select

from router.store.database import Connection
from router.store.tables import desk_events

# Made once: every open desk asks it again and again.
_AFTER: Final = (
    select(desk_events.c.id, desk_events.c.name, desk_events.c.data)
    .where(desk_events.c.person_id == bindparam("person"), desk_events.c.id > bindparam("last"))
    .order_by(desk_events.c.id)
    .limit(bindparam("most"))
)


async def after(connection: Connection, person_id: str, last: int, limit: int) -> list[Row[Any]]:
    """The person's events with a number above ``last``, oldest first, at most ``limit``."""
    return list(await connection.execute(_AFTER, {"person": person_id, "last": last, "most": limit}))


async def newest(connection: Connection, person_id: str) -> int:
    """The number of the person's latest event, 0 when there is none."""
    query = select(func.max(desk_events.c.id)).where(desk_events.c.person_id == person_id)
    return (await connection.execute(query)).scalar_one() or 0


async def is_kept(connection: Connection, person_id: str, number: int) -> bool:
    """Whether the event is the person's and was not trimmed; then none after it was either."""
    query = select(desk_events.c.id).where(desk_events.c.person_id == person_id, desk_events.c.id == number)
    return (await connection.execute(query)).scalar_one_or_none() is not None
