"""What another system is to be told of calls. The text is gone as soon as one is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, exists, func, insert, or_, select, update

from router.store import outbox
from router.store.database import Connection
from router.store.outbox import SENDING
from router.store.tables import callbacks, calls, crm_events, customer_phones, customers, messages

EventRow = Row[Any]
ToldRow = Row[Any]

NEW_CALL, ANSWER, HANGUP = "new_call", "answer", "hangup"
QUEUED, SENT, FAILED = "queued", "sent", "failed"
_OPEN = (QUEUED, SENDING)
_WIPED: Mapping[str, Any] = {"body": None, "next_try_at": None}


async def about(connection: Connection, call_id: str) -> ToldRow | None:
    """What is told of a call: the row of `calls`, and the company's own ids of its message and customer. ``caller``
    of a callback is who is called back; None where they had withheld their number and it is none on file."""
    customer_id = func.coalesce(calls.c.customer_id, messages.c.customer_id)
    joined = calls.outerjoin(messages, messages.c.id == calls.c.message_id).outerjoin(
        customers, customers.c.id == customer_id
    )
    joined = joined.outerjoin(callbacks, and_(callbacks.c.id == calls.c.callback_id, calls.c.direction == "out"))
    asked_in = calls.alias()  # the call in which it was asked for
    joined = joined.outerjoin(asked_in, asked_in.c.id == callbacks.c.call_id)
    on_file = exists().where(
        customer_phones.c.customer_id == customer_id, customer_phones.c.number == callbacks.c.number
    )
    called = case((or_(asked_in.c.withheld.is_(False), on_file), callbacks.c.number))
    query: Select[Any] = select(
        func.coalesce(calls.c.caller, called).label("caller"),
        calls.c.service_number,
        calls.c.direction,
        calls.c.queue,
        calls.c.outcome,
        calls.c.agent_id,
        messages.c.external_id.label("message_external_id"),
        messages.c.reference,
        customers.c.external_id.label("customer_external_id"),
    )
    row: ToldRow | None = (
        await connection.execute(query.select_from(joined).where(calls.c.id == call_id))
    ).one_or_none()
    return row


async def was_told_of(connection: Connection, call_id: str) -> bool:
    """Whether anything of this call was told, or waits to be."""
    query = select(crm_events.c.id).where(crm_events.c.call_id == call_id).limit(1)
    return (await connection.execute(query)).first() is not None


async def add(connection: Connection, values: Mapping[str, Any], most: int) -> bool:
    """Store what is to be told once the transaction is over; False where ``most`` wait already."""
    full = select(crm_events.c.id).where(crm_events.c.state.in_(_OPEN)).offset(most).limit(1)
    if (await connection.execute(full)).first() is not None:
        return False
    await connection.execute(insert(crm_events).values(**values))
    return True


async def claim(connection: Connection, now: datetime, until: datetime, most: int) -> Sequence[EventRow]:
    """Take what is due (`outbox.claim`); of each call only the first one that is not settled."""
    earlier = crm_events.alias()
    waits = exists().where(
        earlier.c.call_id == crm_events.c.call_id, earlier.c.state.in_(_OPEN), _is_before(earlier.c, crm_events.c)
    )
    return await outbox.claim(connection, crm_events, crm_events.c.state.in_(_OPEN) & ~waits, now, until, most)


def _is_before(one: Any, other: Any) -> ColumnElement[bool]:
    """Whether the one happened before the other in a call; two of them may be of the same moment."""
    first, second = _rank(one), _rank(other)
    same_time = and_(one.created_at == other.created_at, one.id < other.id)
    return or_(first < second, and_(first == second, or_(one.created_at < other.created_at, same_time)))


def _rank(columns: Any) -> ColumnElement[int]:
    return case((columns.event == NEW_CALL, 0), (columns.event == HANGUP, 2), else_=1)


async def settle(connection: Connection, event_id: str, now: datetime, reason: str | None = None) -> None:
    """It was told, or it will not be, for ``reason``."""
    values = {**_WIPED, "state": FAILED if reason else SENT, "reason": reason, "settled_at": now}
    still = crm_events.c.state.in_(_OPEN)
    await connection.execute(update(crm_events).where(crm_events.c.id == event_id, still).values(**values))


async def put_off(connection: Connection, event_id: str, until: datetime, reason: str) -> None:
    """It is tried again at ``until``."""
    statement = update(crm_events).where(crm_events.c.id == event_id, crm_events.c.state == SENDING)
    await connection.execute(statement.values(state=QUEUED, next_try_at=until, reason=reason))


async def give_up(connection: Connection, now: datetime, before: datetime) -> int:
    """Settle what waits since ``before``, should nobody send any more; how many they were."""
    late = update(crm_events).where(crm_events.c.state.in_(_OPEN), crm_events.c.created_at < before)
    return (
        await connection.execute(late.values(**_WIPED, state=FAILED, reason="not told in time", settled_at=now))
    ).rowcount


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` from before then; how many they were."""
    old = select(crm_events.c.id).where(crm_events.c.created_at < before).order_by(crm_events.c.created_at)
    return (await connection.execute(delete(crm_events).where(crm_events.c.id.in_(old.limit(bite))))).rowcount
