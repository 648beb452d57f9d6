"""What calls leave to be done: work items, each made once in the transaction of what it comes from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from router.core.events import RecordingEnded
from router.engine.session import Session
from router.store import callbacks, calls, voicemails, work_items
from router.store.calls import CallRow
from router.store.database import Connection
from router.store.work_items import ABANDONED, CALLBACK, FOLLOW_UP, VOICEMAIL


def abandoned_of(call_id: str) -> str:
    """The source of the item for a call that nobody answered."""
    return f"{ABANDONED}:{call_id}"


class Work:
    """Makes work items. ``on_change`` is told the queue of what has changed, within the transaction that changes it."""

    def __init__(self, make_id: Callable[[], str]) -> None:
        self._make_id = make_id
        self.on_change: Callable[[str], None] = lambda _: None

    async def left(
        self, connection: Connection, call: CallRow, session: Session, event: RecordingEnded, now: datetime
    ) -> None:
        """Where a caller has left a message it is kept, and to be heard; the call need not be returned beside."""
        if event.seconds <= 0 and not event.text:
            return
        values = {"id": self._make_id(), "call_id": call.id, "recording": event.recording}
        told = {"seconds": event.seconds, "text": event.text, "created_at": now}
        await calls.add_voicemail(connection, values | told)
        await work_items.withdraw(connection, abandoned_of(call.id))
        await self._add(connection, f"{VOICEMAIL}:{values['id']}", VOICEMAIL, _of(call, session), now)

    async def left_late(
        self, connection: Connection, call: CallRow, session: Session, event: RecordingEnded, now: datetime
    ) -> None:
        """A network may tell of what a caller left only after it has told that the call is over; kept once."""
        if event.recording is None or event.seconds <= 0:
            return
        if not await calls.has_voicemail(connection, call.id, event.recording):
            await self.left(connection, call, session, event, now)

    async def ended(self, connection: Connection, call: CallRow, session: Session, now: datetime) -> None:
        """A call is over; where the caller waited in a queue, and nobody answered, it is to be returned. Not where the
        caller asked for a callback or left a message. ``call`` is the row as it was before."""
        if not (session.ended and session.queued_since and session.queue):
            return
        if call.state == "talking" or call.answered_at is not None or call.direction != "in":
            return
        if await callbacks.asked_for(connection, call.id) or await voicemails.left_in(connection, call.id):
            return
        await self._add(connection, abandoned_of(call.id), ABANDONED, _of(call, session), now)

    async def served(self, connection: Connection, call: CallRow, person_id: str, now: datetime) -> None:
        """Somebody talks to a caller: calls that this one gave up before need not be returned any more, and nobody
        need call back."""
        number = call.caller if call.direction == "in" else None
        if number is not None:
            await callbacks.settle_served(connection, number, person_id, now)
        for queue in await work_items.settle_served(connection, number, call.message_id, person_id, now):
            self.on_change(queue)

    async def callback_failed(self, connection: Connection, callback: Any, reason: str, now: datetime) -> None:
        """Somebody who wanted to be called back was not reached: people are to see to it. ``reason`` is the result of
        the latest attempt."""
        source = f"{CALLBACK}:{callback.attempt_id or callback.id}"
        about = {"queue": callback.queue, "call_id": callback.call_id, "message_id": callback.message_id}
        await self._add(connection, source, CALLBACK, {**about, "note": reason}, now)

    async def follow_up(
        self,
        connection: Connection,
        *,
        queue: str,
        note: str,
        due_at: datetime,
        created_by: str,
        now: datetime,
        for_person_id: str | None = None,
        call_id: str | None = None,
        message_id: str | None = None,
        customer_id: str | None = None,
        source: str | None = None,
    ) -> bool:
        """An agent promises something; False where that was stored before. ``source`` (None: always another one) makes
        it one item, however often it is asked for."""
        item_id = self._make_id()
        values = {
            "id": item_id,
            "source": source or f"{FOLLOW_UP}:{item_id}",
            "kind": FOLLOW_UP,
            "queue": queue,
            "call_id": call_id,
            "message_id": message_id,
            "customer_id": customer_id,
            "note": note,
            "for_person_id": for_person_id,
            "due_at": due_at,
            "created_at": now,
            "created_by": created_by,
        }
        return await work_items.add(connection, values)

    async def _add(self, connection: Connection, source: str, kind: str, about: dict[str, Any], now: datetime) -> None:
        values = {"id": self._make_id(), "source": source, "kind": kind, "due_at": now, "created_at": now}
        if await work_items.add(connection, {**values, **about}):
            self.on_change(about["queue"])


def _of(call: CallRow, session: Session) -> dict[str, Any]:
    """What an item takes over of its call."""
    best = session.match.best if session.match else None
    return {
        "queue": session.queue or "default",
        "call_id": call.id,
        "message_id": best.message_id if best else None,
        "customer_id": call.customer_id,
    }
