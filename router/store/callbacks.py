"""Callers who are to be called back, one callback a call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.prepared import Prepared
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

_ASKED_FOR: Final = Prepared(select(callbacks.c.id).where(callbacks.c.call_id == bindparam("call")).limit(1))


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
        select(callbacks, messages.c.offer, calls.c.channel, calls.c.service_number, people.c.name.label("person"))
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


async def of_call(connection: Connection, call_id: str) -> CallbackRow | None:
    """The callback that was asked for in this call, or None."""
    return (await connection.execute(select(callbacks).where(callbacks.c.call_id == call_id))).one_or_none()


async def of_calls(connection: Connection, call_ids: Collection[str]) -> Sequence[CallbackRow]:
    """The callbacks that these calls are attempts of, with the id of the ``call`` and its channel."""
    if not call_ids:
        return []
    query = (
        select(callbacks, calls.c.id.label("call"), calls.c.channel)
        .join(calls, calls.c.callback_id == callbacks.c.id)
        .where(calls.c.id.in_(call_ids))
    )
    found: Sequence[CallbackRow] = (await connection.execute(query)).all()
    return found


async def asked_for(connection: Connection, call_id: str) -> bool:
    """Whether a callback was asked for in this call."""
    return await _ASKED_FOR.row(connection, {"call": call_id}) is not None


async def settle_served(connection: Connection, number: str, person_id: str, now: datetime) -> None:
    """Say that those open for ``number`` are done: somebody talks to the caller."""
    statement = update(callbacks).where(callbacks.c.number == number, callbacks.c.state == OPEN)
    await connection.execute(statement.values(state=DONE, settled_at=now, person_id=person_id, last_result="called"))


async def due(connection: Connection, channels: Collection[str], now: datetime, limit: int) -> Sequence[CallbackRow]:
    """Those to be dialled now whose callers came over one of ``channels``, in the order of their places, as `in_order`
    gives them."""
    query = _listed().where(
        callbacks.c.state == OPEN,
        calls.c.channel.in_(channels),
        or_(callbacks.c.next_try_at.is_(None), callbacks.c.next_try_at <= now),
        or_(callbacks.c.wanted_from.is_(None), callbacks.c.wanted_from <= now),
        or_(callbacks.c.wanted_until.is_(None), callbacks.c.wanted_until > now),
    )
    query = query.order_by(callbacks.c.priority.desc(), callbacks.c.since, callbacks.c.id).limit(limit)
    found: Sequence[CallbackRow] = (await connection.execute(query)).all()
    return found


async def too_late(
    connection: Connection, channels: Collection[str], now: datetime, limit: int
) -> Sequence[CallbackRow]:
    """Those open whose time is over, as `due`."""
    query = _listed().where(callbacks.c.state == OPEN, calls.c.channel.in_(channels), callbacks.c.wanted_until <= now)
    found: Sequence[CallbackRow] = (await connection.execute(query.limit(limit))).all()
    return found


async def under_way(connection: Connection) -> dict[str, int]:
    """How many are dialled, or wait for an agent, by queue."""
    query = select(callbacks.c.queue, func.count().label("many")).where(callbacks.c.state == DIALLING)
    return {row.queue: row.many for row in await connection.execute(query.group_by(callbacks.c.queue))}


async def claim(connection: Connection, callback_id: str, attempt_id: str, until: datetime) -> bool:
    """Begin an attempt, which is the call ``attempt_id``; False where somebody else has, or it is not open."""
    statement = update(callbacks).where(callbacks.c.id == callback_id, callbacks.c.state == OPEN)
    values = {"state": DIALLING, "attempt_id": attempt_id, "claimed_until": until, "last_result": None}
    return (await connection.execute(statement.values(**values))).rowcount == 1


async def of_attempt(connection: Connection, attempt_id: str) -> CallbackRow | None:
    """The callback that is dialled with this attempt, locked until the transaction ends; None where it is no longer, or
    never was."""
    query = select(callbacks).where(callbacks.c.attempt_id == attempt_id, callbacks.c.state == DIALLING)
    return (await connection.execute(query.with_for_update())).one_or_none()


async def unclaimed(connection: Connection, now: datetime, limit: int) -> Sequence[CallbackRow]:
    """Those dialled for longer than they were claimed for."""
    query = select(callbacks).where(callbacks.c.state == DIALLING, callbacks.c.claimed_until <= now)
    return (await connection.execute(query.order_by(callbacks.c.claimed_until).limit(limit))).all()


async def change(connection: Connection, callback_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a callback."""
    await connection.execute(update(callbacks).where(callbacks.c.id == callback_id).values(**values))


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` of those settled before then; how many they were."""
    old = select(callbacks.c.id).where(callbacks.c.settled_at < before).limit(bite)
    return (await connection.execute(delete(callbacks).where(callbacks.c.id.in_(old)))).rowcount
