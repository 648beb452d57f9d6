"""Callers who are to be called back, one callback a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.tables import callbacks, calls, messages, people

CallbackRow = Row[Any]

_AFRESH = {
    "settled_at": None,
    "person_id": None,
    "attempts": 0,
    "next_try_at": None,
    "last_result": None,
    "claimed_until": None,
    "attempt_id": None,
}

OPEN, DIALLING, DONE, FAILED, DROPPED = "open", "dialling", "done", "failed", "dropped"
LEFT = (OPEN, DIALLING)


async def put(connection: Connection, values: Mapping[str, Any]) -> None:
    """Store the callback of a call; said again in the same call, the last one counts."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    again = {name: value for name, value in values.items() if name not in ("id", "call_id", "created_at")}
    again |= _AFRESH
    statement = build(callbacks).values(**values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["call_id"], set_=again))


async def in_order(connection: Connection, limit: int) -> Sequence[CallbackRow]:
    """Those open, or dialled just now, in the order in which they are to be called, with the offer of their message and
    the channel of their call."""
    query = _listed().where(callbacks.c.state.in_(LEFT))
    query = query.order_by(callbacks.c.priority.desc(), callbacks.c.since, callbacks.c.id).limit(limit)
    found: Sequence[CallbackRow] = (await connection.execute(query)).all()
    return found


async def settled(connection: Connection, limit: int) -> Sequence[CallbackRow]:
    """The last ones settled, the latest first, as `in_order` gives them."""
    query = _listed().where(callbacks.c.state.not_in(LEFT)).order_by(callbacks.c.settled_at.desc(), callbacks.c.id)
    found: Sequence[CallbackRow] = (await connection.execute(query.limit(limit))).all()
    return found


def _listed() -> Select[Any]:
    return (
        select(callbacks, messages.c.offer, calls.c.channel, people.c.name.label("person"))
        .outerjoin(messages, messages.c.id == callbacks.c.message_id)
        .outerjoin(calls, calls.c.id == callbacks.c.call_id)
        .outerjoin(people, people.c.id == callbacks.c.person_id)
    )


async def settle(connection: Connection, callback_id: str, state: str, person_id: str, now: datetime) -> bool:
    """Say that an open one is ``done`` or ``dropped``; False where it is not open any more."""
    statement = update(callbacks).where(callbacks.c.id == callback_id, callbacks.c.state == OPEN)
    settled = await connection.execute(statement.values(state=state, settled_at=now, person_id=person_id))
    return settled.rowcount == 1


async def reopen(connection: Connection, callback_id: str) -> bool:
    """Take that back, with no attempt made yet; False where it is open already."""
    statement = update(callbacks).where(callbacks.c.id == callback_id, callbacks.c.state.not_in(LEFT))
    return (await connection.execute(statement.values(state=OPEN, **_AFRESH))).rowcount == 1


async def asked_for(connection: Connection, call_id: str) -> bool:
    """Whether a callback was asked for in this call."""
    query = select(callbacks.c.id).where(callbacks.c.call_id == call_id)
    return (await connection.execute(query)).first() is not None


async def settle_served(connection: Connection, number: str, person_id: str, now: datetime) -> None:
    """Say that those open for ``number`` are done: somebody talks to the caller."""
    statement = update(callbacks).where(callbacks.c.number == number, callbacks.c.state == OPEN)
    await connection.execute(statement.values(state=DONE, settled_at=now, person_id=person_id, last_result="called"))


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` of those settled before then; how many they were."""
    old = select(callbacks.c.id).where(callbacks.c.settled_at < before).limit(bite)
    return (await connection.execute(delete(callbacks).where(callbacks.c.id.in_(old)))).rowcount
