"""Calls that agents pass on: to whom, with which note, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, or_, select, update

from router.store.database import Connection
from router.store.prepared import Prepared
from router.store.tables import handovers

HandoverRow = Row[Any]

ASKED, UNDER_WAY, DONE, FAILED = "asked", "under_way", "done", "failed"
"""The agent wants it; the caller waits at the new place; somebody answered there; nobody did, or it came to nothing."""

_ASKED: Final = Prepared(
    select(handovers)
    .where(handovers.c.call_id == bindparam("call"), handovers.c.state == ASKED)
    .order_by(handovers.c.at.desc(), handovers.c.id)
    .limit(1)
)


async def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Store that a call is to be passed on. Whoever writes holds the call."""
    await connection.execute(insert(handovers).values(**values, state=ASKED))


async def asked(connection: Connection, call_id: str) -> HandoverRow | None:
    """The one that the call's next turn is to follow, or None."""
    found: HandoverRow | None = await _ASKED.row(connection, {"call": call_id})
    return found


async def of_calls(connection: Connection, call_ids: Collection[str]) -> Sequence[HandoverRow]:
    """All of these calls, the latest first."""
    query = select(handovers).where(handovers.c.call_id.in_(call_ids))
    return (await connection.execute(query.order_by(handovers.c.at.desc(), handovers.c.id))).all()


async def move(
    connection: Connection, call_id: str, states: tuple[str, ...], state: str, settled_at: datetime | None = None
) -> int:
    """Those of the call in one of ``states`` are in ``state`` now; how many they were."""
    return await _moving(states).change(connection, {"call": call_id, "state": state, "settled_at": settled_at})


@lru_cache
def _moving(states: tuple[str, ...]) -> Prepared:
    in_one_of_them = or_(*(handovers.c.state == state for state in states))
    return Prepared(update(handovers).where(handovers.c.call_id == bindparam("call"), in_one_of_them))
