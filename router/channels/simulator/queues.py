"""Queues for calls from the test phone: who is ready and has no telephone is rung in the browser.

One task for each waiting call, which goes from one leg of its transfer to the next. A call leaves by being answered,
by its timeout, or when the caller hangs up; on closing, all do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from router.core.commands import Leg, Transfer
from router.core.events import TransferEnded, TransferOutcome
from router.store.bus import Bus
from router.store.database import is_away

log = structlog.get_logger(__name__)

LOOK_AGAIN = 2.0
"""Seconds after which the queue looks for people who have become ready, should it have missed the announcement."""
MOST_WAITING = 200


class QueueFull(RuntimeError):
    """More test calls wait than is sensible."""


class Ringing(Protocol):
    """What the desk is told; see `router.agents.ringing`."""

    async def called(self, call_key: str, call_id: str | None, person_id: str, queue: str | None) -> None: ...
    async def answered(self, call_key: str, person_id: str) -> None: ...
    async def left_queue(self, call_key: str) -> None: ...
    async def completed(self, call_key: str, person_id: str) -> None: ...
    async def over(self, call_key: str, reason: str) -> None: ...


class WhoIsReady(Protocol):
    """Which people ring in the browser for callers who wait there."""

    async def __call__(self, leg: Leg) -> list[str]: ...


class TransferDone(Protocol):
    """Tells the flow how the wait ended."""

    async def __call__(self, call_id: str, event: TransferEnded) -> None: ...


class SimulatedQueues:
    """Waiting test calls, by call id."""

    def __init__(self, ringing: Ringing, who_is_ready: WhoIsReady, done: TransferDone, bus: Bus) -> None:
        self._ringing = ringing
        self._who_is_ready = who_is_ready
        self._bus = bus
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._answered: dict[str, asyncio.Event] = {}
        self.on_answer: Callable[[str], Awaitable[None]] | None = None
        """Told the call that somebody has picked up."""
        self.done = done
        """Told of a call that nobody answered in time."""

    def enter(self, call_id: str, transfer: Transfer) -> None:
        """Let a call wait in its queue. Entering twice is entering once. Raises `QueueFull`."""
        if call_id in self._waiting:
            return
        if len(self._waiting) >= MOST_WAITING:
            raise QueueFull(f"{MOST_WAITING} test calls are waiting already")
        self._answered[call_id] = asyncio.Event()
        task = asyncio.create_task(self._wait(call_id, transfer), name=f"test call {call_id} in queue")
        self._waiting[call_id] = task
        task.add_done_callback(lambda ended: self._forget(call_id, ended))

    async def answer(self, call_id: str, person_id: str) -> bool:
        """Somebody picks up in the browser; False when the call is not waiting any more."""
        answered = self._answered.get(call_id)
        if answered is None or answered.is_set():
            return False
        answered.set()
        await self._ringing.answered(call_id, person_id)
        if self.on_answer is not None:
            await self.on_answer(call_id)
        self._bus.announce(f"call:{call_id}")
        return True

    async def hand_back(self, call_id: str, person_id: str) -> bool:
        """The talk with this person ends, and the caller is still there; False where nobody talks."""
        answered = self._answered.get(call_id)
        if answered is not None and not answered.is_set():
            return False
        if (task := self._waiting.get(call_id)) is not None:
            await asyncio.wait([task])
        await self._ringing.completed(call_id, person_id)
        return True

    async def leave(self, call_id: str, reason: str) -> None:
        """The call is over, waiting or talking."""
        task = self._waiting.get(call_id)
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._ringing.over(call_id, reason)
        self._bus.announce(f"call:{call_id}")

    async def close(self) -> None:
        """Stop all waiting."""
        tasks = list(self._waiting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, call_id: str, task: asyncio.Task[None] | None) -> None:
        if self._waiting.get(call_id) is task:
            self._waiting.pop(call_id, None)
            self._answered.pop(call_id, None)

    async def _wait(self, call_id: str, transfer: Transfer) -> None:
        answered = self._answered[call_id]
        try:
            for leg in transfer.legs or (Leg(transfer.queue, transfer.timeout),):
                if await self._rang(call_id, leg, answered):
                    return
                await self._ringing.left_queue(call_id)  # whoever rings in the next leg rings anew
            await self._ringing.over(call_id, "no_answer")
            self._forget(call_id, asyncio.current_task())  # the flow may well lead to a queue again
            await self.done(call_id, TransferEnded(TransferOutcome.NO_ANSWER))
        except Exception:
            log.exception("test call in queue failed", call=call_id)
            await self._ringing.over(call_id, "failed")

    async def _rang(self, call_id: str, leg: Leg, answered: asyncio.Event) -> bool:
        """Whether somebody answered in this leg."""
        try:
            async with asyncio.timeout(leg.seconds):
                await self._ring(call_id, leg, answered)
        except TimeoutError:
            return answered.is_set()
        return True

    async def _ring(self, call_id: str, leg: Leg, answered: asyncio.Event) -> None:
        """Ring whoever is ready, also those who become so, until somebody answers."""
        rung: set[str] = set()
        while not answered.is_set():
            try:
                for person_id in await self._who_is_ready(leg):
                    if person_id not in rung:
                        await self._ringing.called(call_id, call_id, person_id, leg.queue)
                        rung.add(person_id)
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("test call waits for the database", call=call_id, error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), LOOK_AGAIN)
