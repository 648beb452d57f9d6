"""Handing notices to the one listener: in order, one at a time, with a bound on how many may wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from router.agents.ami.events import AmiEvent, Connected, Disconnected, Notice

Listener = Callable[[Notice], Awaitable[None]]

log = structlog.get_logger(__name__)


class Delivery:
    """A bounded queue and the loop that empties it into the listener.

    `limit` is the most events that may wait, `within` the seconds the listener has for each.
    """

    def __init__(self, listener: Listener, limit: int, within: float) -> None:
        self._listener = listener
        self._limit = limit
        self._within = within
        self._waiting: deque[Notice] = deque()
        self._filled = asyncio.Event()

    def put_event(self, event: AmiEvent) -> bool:
        """Queue an event. False when there is no room: all that waited is discarded, and the caller must begin anew."""
        if self._make_room():
            return False
        self._put(event)
        return True

    def put_state(self, state: Connected | Disconnected) -> None:
        """Queue a turn of the connection. It outdates what came before, which goes where there is no room for it."""
        self._make_room()
        self._put(state)

    def _make_room(self) -> bool:
        if len(self._waiting) < self._limit:
            return False
        log.warning("ami.events_discarded", count=len(self._waiting))
        self._waiting.clear()
        return True

    def _put(self, notice: Notice) -> None:
        self._waiting.append(notice)
        self._filled.set()

    async def run(self) -> None:
        """Deliver until cancelled, also when it is the listener that swallows the cancellation."""
        task = asyncio.current_task()
        while not (task and task.cancelling()):
            if not self._waiting:
                self._filled.clear()
                await self._filled.wait()
            await self._deliver(self._waiting.popleft())

    async def _deliver(self, notice: Notice) -> None:
        """Call the listener; whatever it does, the next notice still comes."""
        try:
            async with asyncio.timeout(self._within):
                await self._listener(notice)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._log_failure(notice)  # something the listener waited for was cancelled, not we
        except Exception:
            self._log_failure(notice)

    def _log_failure(self, notice: Notice) -> None:
        log.exception("ami.listener_failed", notice=type(notice).__name__, call_id=getattr(notice, "call_id", None))
