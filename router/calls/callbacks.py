"""Callbacks that callers ask for: whom to call, where that may be done at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from router.core.commands import KeepCallback
from router.core.destinations import Destinations
from router.core.events import CallbackKept
from router.core.phone import e164
from router.engine.session import Session
from router.store import callbacks
from router.store.database import Connection


class Callbacks:
    """Answers `KeepCallback`, within the transaction of the call's event. ``region`` is where national numbers
    belong."""

    def __init__(self, make_id: Callable[[], str], *, destinations: Destinations, region: str) -> None:
        self._make_id = make_id
        self._destinations = destinations
        self._region = region

    async def keep(self, connection: Connection, session: Session, asked: KeepCallback, now: datetime) -> CallbackKept:
        """Store the callback in place of an earlier one of the same call. ``now`` is the clock's time."""
        number = session.caller.number if asked.number is None else e164(asked.number, self._region)
        if number is None or not self._destinations.may_be_called(number):
            return CallbackKept(kept=False)
        best = session.match.best if session.match else None
        values = {
            "id": self._make_id(),
            "call_id": session.call_id,
            "number": number,
            "queue": asked.queue,
            "priority": asked.priority,
            "skills": list(asked.skills),
            "message_id": best.message_id if best else None,
            "state": callbacks.OPEN,
            "since": asked.since,
            "wanted_from": asked.wanted_from,
            "wanted_until": asked.wanted_until,
            "created_at": now,
        }
        await callbacks.put(connection, values)
        return CallbackKept(kept=True)
