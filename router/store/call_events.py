"""What happened to calls, turn by turn, to run them again on another flow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update

from router.store.database import Connection
from router.store.prepared import Prepared
from router.store.tables import call_events, calls

_ADD: Final = Prepared(insert(call_events))


async def add(connection: Connection, call_id: str, number: int, at: datetime, event: Any) -> None:
    """Keep a turn of a call; ``event`` is JSON (`router.engine.recorded`)."""
    await _ADD.change(connection, {"call_id": call_id, "number": number, "at": at, "event": event})


async def add_answers(connection: Connection, call_id: str, number: int, answers: Sequence[Any]) -> None:
    """Keep what the house answered later in a turn that is kept already; one that is not stays so."""
    turn = (call_events.c.call_id == call_id) & (call_events.c.number == number)
    kept = (await connection.execute(select(call_events.c.event).where(turn))).scalar_one_or_none()
    if kept is not None:
        kept = {**kept, "answers": [*kept["answers"], *answers]}
        await connection.execute(update(call_events).where(turn).values(event=kept))


_RECORDED = select(call_events.c.call_id).where(call_events.c.call_id == calls.c.id, call_events.c.number == 1).exists()


async def count_ended_calls(connection: Connection, since: datetime) -> int:
    """How many calls `ended_calls` has in all."""
    query = select(func.count()).select_from(calls)
    found = query.where(calls.c.started_at >= since, calls.c.state == "ended", _RECORDED)
    return (await connection.execute(found)).scalar_one()


async def ended_calls(
    connection: Connection, since: datetime, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Any]:
    """Calls that began at ``since`` or later, have ended and have events, newest first; after a bite, those ``before``
    its last one (its ``started_at`` and ``id``)."""
    query = (
        select(calls.c.id, calls.c.session, calls.c.caller, calls.c.started_at)
        .where(calls.c.started_at >= since, calls.c.state == "ended", _RECORDED)
        .order_by(calls.c.started_at.desc(), calls.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        at, call_id = before
        query = query.where((calls.c.started_at < at) | ((calls.c.started_at == at) & (calls.c.id < call_id)))
    return (await connection.execute(query)).all()


async def of_calls(connection: Connection, call_ids: Collection[str]) -> Sequence[Any]:
    """The turns of these calls, those of each in order."""
    query = select(call_events).where(call_events.c.call_id.in_(call_ids))
    return (await connection.execute(query.order_by(call_events.c.call_id, call_events.c.number))).all()


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` turns older than ``before``; how many they were."""
    old = select(call_events.c.call_id, call_events.c.number).where(call_events.c.at < before)
    found = (await connection.execute(old.order_by(call_events.c.at).limit(bite))).all()
    newest_of = {row.call_id: row.number for row in sorted(found, key=lambda row: row.number)}
    calls_at: dict[int, list[str]] = {}  # a statement for each number, of which there are few, not for each call
    for call_id, number in newest_of.items():
        calls_at.setdefault(number, []).append(call_id)
    for number, call_ids in calls_at.items():
        await connection.execute(
            delete(call_events).where(call_events.c.call_id.in_(call_ids), call_events.c.number <= number)
        )
    return len(found)
