"""Queues for calls from the test phone: who is ready and has no telephone is rung in the browser.

Which calls wait stands in the database alone, and so do their legs and since when: any process may put a call there,
answer it or take it away. One process rings for all of them; whoever takes its place goes on where it was. A call
leaves by being answered, by its timeout, or when the caller hangs up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from router.calls.places import legs_of, transfer_of
from router.core.commands import Leg
from router.core.events import TEST_PHONE, TransferEnded, TransferOutcome
from router.store import calls, watched_calls
from router.store.bus import Bus
from router.store.database import Database, is_away
from router.store.loops import woken_within

log = structlog.get_logger(__name__)

LOOK_AGAIN = 2.0
"""Seconds after which the queue looks for people who have become ready, should it have missed the announcement."""
MOST_WAITING: Final = 200
LEFT_AFTER: Final = timedelta(minutes=2)
"""A test call whose page has been away for so long is over. A page asks for news at least every 20 seconds."""
TOPIC: Final = "test-calls"
"""Announced when a call begins to wait, and when it does no more."""


class QueueFull(RuntimeError):
    """More test calls wait than is sensible."""


class Ringing(Protocol):
    """What the desk is told; see `router.agents.ringing`."""

    async def called(self, call_key: str, call_id: str | None, person_id: str, queue: str | None) -> None: ...
    async def picked_up(self, call_id: str, person_id: str) -> bool: ...
    async def left_queue(self, call_key: str) -> None: ...
    async def completed(self, call_key: str, person_id: str) -> None: ...
    async def over(self, call_key: str, reason: str) -> None: ...


class WhoIsReady(Protocol):
    """Which people ring in the browser for callers who wait there."""

    async def __call__(self, leg: Leg) -> list[str]: ...


class TransferDone(Protocol):
    """Tells the flow how the wait ended; of a call that has gone on beyond ``sequence`` it changes nothing."""

    async def __call__(self, call_id: str, event: TransferEnded, sequence: int | None = None) -> None: ...


@dataclass(slots=True)
class _Rung:
    """Whom this process has rung in the leg number ``leg`` of a wait that began at ``since``."""

    since: datetime
    leg: int
    people: set[str] = field(default_factory=set)
    failed: bool = False
    """What is to be done for the call cannot be done; it is not tried again."""


class SimulatedQueues:
    """Any process may use these methods; `run` is for one at a time."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Callable[[], datetime],
        ringing: Ringing,
        who_is_ready: WhoIsReady,
        done: TransferDone,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._ringing = ringing
        self._who_is_ready = who_is_ready
        self._rung: dict[str, _Rung] = {}
        self._failing = False
        self._looking_since: datetime | None = None
        self.hang_up: Callable[[str], Awaitable[object]] | None = None
        """Ends a call that was left by its page."""
        self.on_answer: Callable[[str], Awaitable[None]] | None = None
        """Told the call that somebody has picked up."""
        self.done = done
        """Told of a call that nobody answered in time."""

    async def has_room(self) -> None:
        """Raises `QueueFull` where no more test calls should be made."""
        async with self._database.read() as connection:
            waiting = await calls.how_many_wait(connection, TEST_PHONE)
        if waiting >= MOST_WAITING:
            raise QueueFull(f"{MOST_WAITING} test calls are waiting already")

    def enter(self, call_id: str) -> None:
        """A call waits from now on, as is stored."""
        self._bus.announce(TOPIC)

    async def answer(self, call_id: str, person_id: str) -> bool:
        """Somebody picks up in the browser; False when the call is not waiting any more."""
        if not await self._ringing.picked_up(call_id, person_id):
            return False
        if self.on_answer is not None:
            await self.on_answer(call_id)
        self._tell(call_id)
        return True

    async def hand_back(self, call_id: str, person_id: str) -> bool:
        """The talk with this person ends, and the caller is still there; False where nobody talks."""
        async with self._database.read() as connection:
            call = await calls.by_id(connection, call_id)
        if call is None or call.state != "talking":
            return False
        await self._ringing.completed(call_id, person_id)
        return True

    async def seen(self, call_id: str) -> None:
        """A page follows the call, and goes on to do so until it is over: else nobody is there any more."""
        async with self._database.begin(lasting=False) as connection:
            await watched_calls.seen(connection, call_id, self._clock())

    async def leave(self, call_id: str, reason: str) -> None:
        """The call is over, waiting or talking, as is stored."""
        await self._ringing.over(call_id, reason)
        self._tell(call_id)

    def _tell(self, call_id: str) -> None:
        self._bus.announce(f"call:{call_id}")
        self._bus.announce(TOPIC)

    # -- for one process at a time

    async def run(self) -> None:
        """Ring for all that wait until cancelled. Nothing that goes wrong ends it."""
        async with self._bus.listen(TOPIC) as woken:
            while True:
                woken.clear()
                await woken_within(await self._looked(), woken)

    async def _looked(self) -> float:
        try:
            seconds = await self.look()
            self._failing = False
        except Exception as error:
            if not self._failing and is_away(error):
                log.warning("test calls wait for the database", error=type(error).__name__)
            elif not self._failing:
                log.exception("looking for test calls that wait failed, will be tried again")
            self._failing = True
            self._looking_since = None  # pages could not say either that they are there
            return LOOK_AGAIN
        return seconds

    async def look(self) -> float:
        """Ring whoever is ready for those that wait, and give those back whose time is up; after how many seconds the
        next leg of one is over, at most `LOOK_AGAIN`."""
        await self._end_left()
        async with self._database.read() as connection:
            waiting = await calls.waiting_on(connection, TEST_PHONE, MOST_WAITING)
        self._rung = {row.id: self._rung[row.id] for row in waiting if row.id in self._rung}
        soonest = LOOK_AGAIN
        for row in waiting:
            try:
                soonest = min(soonest, await self._serve(row))
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("test call in queue failed", call=row.id)
                self._rung[row.id] = _Rung(row.updated_at, 0, failed=True)
                await self._ringing.over(row.id, "failed")
        return soonest

    async def _end_left(self) -> None:
        """Hang up for those whose page went without doing so: a browser that crashed, a machine that was switched off.
        Not before pages have had the time to say that they are there."""
        now = self._clock()
        self._looking_since = self._looking_since or now
        if self.hang_up is None or now - self._looking_since < LEFT_AFTER:
            return
        async with self._database.read() as connection:
            left = await watched_calls.left(connection, now - LEFT_AFTER, MOST_WAITING)
        for call_id in left:
            log.info("test call ended: its page is gone", call=call_id)
            await self.hang_up(call_id)

    async def _serve(self, row: calls.CallRow) -> float:
        """Do what is to be done now for one that waits; after how many seconds there is something again."""
        now = self._clock()
        rung = self._rung.get(row.id)
        if rung is not None and rung.failed and rung.since == row.updated_at:
            return LOOK_AGAIN
        number, leg, until = _leg_at(row, now)
        if rung is None or rung.since != row.updated_at or rung.leg != number:
            if number or rung is not None:
                await self._ringing.left_queue(row.id)  # whoever rings in the next leg rings anew
            rung = self._rung[row.id] = _Rung(row.updated_at, number)
        if leg is None:
            await self._give_back(row)
            return LOOK_AGAIN
        for person_id in await self._who_is_ready(leg):
            if person_id not in rung.people:
                await self._ringing.called(row.id, row.id, person_id, leg.queue)
                rung.people.add(person_id)
        return max(0.0, (until - now).total_seconds())

    async def _give_back(self, row: calls.CallRow) -> None:
        """Nobody answered in time: the flow goes on, unless somebody has picked up just now."""
        async with self._database.begin() as connection:
            if not await calls.waits_no_more(connection, row.id):
                return
        await self._ringing.over(row.id, "no_answer")
        await self.done(row.id, TransferEnded(TransferOutcome.NO_ANSWER), row.sequence)


def _leg_at(row: calls.CallRow, now: datetime) -> tuple[int, Leg | None, datetime]:
    """The number of the leg that a call is in, the leg, and when it is over; no leg where its time is up."""
    transfer = transfer_of(row)
    legs = legs_of(transfer) if transfer is not None else ()
    until: datetime = row.updated_at
    for number, leg in enumerate(legs):
        until += timedelta(seconds=leg.seconds)
        if now < until:
            return number, leg, until
    return len(legs), None, until
