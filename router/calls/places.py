"""Where the placeholder of a callback waits: in the place that its caller would wait in, and before whom there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from router.agents.queue_names import with_skills
from router.core.commands import Leg, Transfer
from router.engine.session import Session, commands_from_json, session_from_json
from router.store import calls as rows
from router.store.callbacks import CallbackRow
from router.store.database import Connection

MOST_WAITING: Final = 500


def transfer_of(call: rows.CallRow) -> Transfer | None:
    """How a call waits, with its legs; None where it does not."""
    commands = commands_from_json(call.reply)
    last = commands[-1] if commands else None
    return last if isinstance(last, Transfer) else None


def legs_of(transfer: Transfer) -> tuple[Leg, ...]:
    """The legs of a transfer; of one without any the queue as it is."""
    return transfer.legs or (Leg(transfer.queue, transfer.timeout),)


def place_of(leg: Leg) -> str:
    """What the place is called; one of a person by the person's id."""
    return with_skills(leg.queue, leg.skills) if leg.person is None else f"person {leg.person}"


async def position(connection: Connection, callback: CallbackRow, call_id: str, leg: Leg, now: datetime) -> int:
    """Which one of those who wait in the place of ``leg`` the callback is, 1 being the next: callers of the same or a
    higher priority who have waited for longer go first."""
    waiting = await rows.waiting(connection, callback.queue, MOST_WAITING)
    there = (row for row in waiting if row.id != call_id and _waits_at(row, now) == place_of(leg))
    return 1 + sum(_goes_before(session_from_json(row.session), callback) for row in there)


def _waits_at(row: Any, now: datetime) -> str | None:
    """The place that a call is in, as long as its legs have begun when it was handed to its queue."""
    transfer = transfer_of(row)
    if transfer is None:
        return None
    *earlier, last = legs_of(transfer)
    over = row.updated_at
    for leg in earlier:
        over += timedelta(seconds=leg.seconds)
        if now < over:
            return place_of(leg)
    return place_of(last)


def _goes_before(other: Session, callback: CallbackRow) -> bool:
    waits, since = other.waiting, other.queued_since
    if not isinstance(waits, Transfer) or since is None:
        return False
    mine: int = callback.priority
    return waits.priority > mine or (waits.priority == mine and since < callback.since)
