"""Handing notices to the one listener: those of one call in order, several calls beside each other, with a bound on how
many may wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from router.agents.ami.events import AmiEvent, Connected, Disconnected, Notice

Listener = Callable[[Notice], Awaitable[None]]

log = structlog.get_logger(__name__)

AT_ONCE: Final = 16
"""Calls whose notices are handled beside each other. Each waits for the database most of the time; when fifty phones
begin to ring in the same second, the last one's card must not wait for all others to be stored."""


class Delivery:
    """A bounded queue and the loop that empties it into the listener.

    `limit` is the most events that may wait, `within` the seconds the listener has for each. What is told of one call,
    or of one phone, comes in order; `Connected` and `Disconnected` come after all before them and before all after.
    """

    def __init__(self, listener: Listener, limit: int, within: float) -> None:
        self._listener = listener
        self._limit = limit
        self._within = within
        self._waiting: deque[Notice] = deque()
        self._filled = asyncio.Event()
        self._lanes: dict[str, deque[Notice]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

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
        count = len(self._waiting) + sum(map(len, self._lanes.values()))
        if count < self._limit:
            return False
        log.warning("ami.events_discarded", count=count)
        for each in (self._waiting, *self._lanes.values()):
            each.clear()
        return True

    def _put(self, notice: Notice) -> None:
        self._waiting.append(notice)
        self._filled.set()

    async def run(self) -> None:
        """Deliver until cancelled, also when it is the listener that swallows the cancellation."""
        task = asyncio.current_task()
        try:
            while not (task and task.cancelling()):
                while not self._waiting:
                    self._filled.clear()
                    await self._filled.wait()
                await self._hand_out(self._waiting.popleft())
        finally:
            for lane in self._tasks:
                lane.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hand_out(self, notice: Notice) -> None:
        lane = _lane_of(notice)
        if lane is None:
            await self._fewer_than(1)
            await self._deliver(notice)
        elif lane in self._lanes:
            self._lanes[lane].append(notice)
        else:
            await self._fewer_than(AT_ONCE)
            self._lanes[lane] = deque([notice])
            task = asyncio.create_task(self._empty(lane), name=f"ami notices of {lane}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _fewer_than(self, most: int) -> None:
        while len(self._tasks) >= most:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0)  # those that are done take themselves off the list first

    async def _empty(self, lane: str) -> None:
        task, notices = asyncio.current_task(), self._lanes[lane]
        try:
            while notices and not (task and task.cancelling()):
                await self._deliver(notices.popleft())
        finally:
            del self._lanes[lane]

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


def _lane_of(notice: Notice) -> str | None:
    """What a notice has to stay in order with: its call, else its phone; None: with everything."""
    if isinstance(notice, Connected | Disconnected):
        return None
    for name in ("call_id", "linkedid", "uniqueid", "interface"):
        if lane := getattr(notice, name, None):
            return str(lane)
    return ""
