"""Rings the agents of a queue for callers from Twilio: who is rung for whom is decided here, one caller at a time.

A caller who waits asks again every few seconds (`<Redirect>`), and each request is decided anew from what is stored: so
repeated and lost requests do no harm, and any process may answer them. What becomes of the phones is kept in
`router.channels.twilio.legs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from router.agents.ringing import Ringing
from router.calls.handle import Calls
from router.calls.queues import see_queue
from router.channels.twilio.legs import Legs
from router.channels.twilio.order import Agent, Waiting, place_of, whom
from router.channels.twilio.stretches import Stretch
from router.core.commands import Leg, Transfer
from router.flow.queues import Queue
from router.store import twilio_agents as store
from router.store.database import Connection, Database
from router.store.holds import hold

SEEN_FOR: Final = timedelta(seconds=40)
"""A caller whom Twilio has not asked for in this time waits no more."""
CLAIMED_FOR: Final = timedelta(seconds=150)
"""An agent who was rung longer ago is free again: what should have said so was lost."""
SPARED_FOR: Final = timedelta(seconds=15)
"""Who did not answer is not rung for the same caller again at once."""
LEAST_RING: Final = 5


@dataclass(frozen=True, slots=True)
class Phone:
    """The phone of a person: a number in E.164 or a `sip:` address. ``asked``: who answers is to press a key before
    they are connected; ``language`` is what they are spoken to in."""

    person_id: str
    address: str = field(repr=False)
    asked: bool = False
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Ring:
    """These phones are to be rung, so many seconds."""

    phones: tuple[Phone, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Hold:
    """The caller waits on in this queue, with so many ``ahead``; ``expected`` seconds, where that can be told."""

    queue: str
    ahead: int
    expected: int | None


class AgentPhones:
    """``describe`` says how a queue is described, ``may_ring`` whether a phone may be dialled on our account, ``asks``
    whether who answers it is to press a key."""

    def __init__(
        self,
        database: Database,
        calls: Calls,
        ringing: Ringing,
        clock: Callable[[], datetime],
        describe: Callable[[str], Queue],
        may_ring: Callable[[str], bool],
        asks: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._database = database
        self._ringing = ringing
        self._clock = clock
        self.legs = Legs(database, calls, ringing, clock)
        self._describe = describe
        self._may_ring = may_ring
        self._asks = asks

    def now(self) -> datetime:
        """The clock's time."""
        return self._clock()

    async def next(
        self, call_id: str, sequence: int, transfer: Transfer, part: Stretch, since: datetime
    ) -> Ring | Hold | None:
        """What comes next for a caller who waits in ``part`` since then; None: their time there is up."""
        now = self._clock()
        elapsed = (now - since).total_seconds()
        leg = part.leg_at(elapsed)
        async with self._database.begin() as connection:
            await hold(connection, "twilio agents")
            if leg is None:
                await store.waits_no_more(connection, call_id)
                return None
            await store.release(connection, call_id)
            await store.drop_stale_claims(connection, now - CLAIMED_FOR)
            await store.see(connection, _seen(call_id, sequence, transfer, leg, since, now))
            return await self._decided(connection, call_id, leg, part.left_of_leg(elapsed), now)

    async def _decided(self, connection: Connection, call_id: str, leg: Leg, left: int, now: datetime) -> Ring | Hold:
        seen = await store.waiting(connection, now - SEEN_FOR)
        spared = await store.lately_unanswered(connection, [row.call_id for row in seen], now - SPARED_FOR)
        waiting = [self._as_waiting(row, spared.get(row.call_id, frozenset())) for row in seen]
        rows = {row.id: row for row in await store.free(connection) if self._may_ring(row.phone)}
        free = [Agent(row.id, frozenset(row.queues), frozenset(row.skills)) for row in rows.values()]
        queue = self._describe(leg.queue)
        claimed = await store.claim(connection, call_id, whom(call_id, waiting, free), now)
        if claimed:
            await store.rings(connection, call_id)
            seconds = max(LEAST_RING, min(queue.ring, left))
            return Ring(tuple(self._phone(rows[person_id]) for person_id in claimed), seconds)
        expected = (await see_queue(connection, leg.queue, now)).expected_seconds if queue.announcements.wait else None
        return Hold(leg.queue, place_of(call_id, waiting), expected)

    def _phone(self, row: store.PersonRow) -> Phone:
        return Phone(row.id, row.phone, self._asks(row.phone), row.language)

    def _as_waiting(self, row: store.WaitingRow, spared: frozenset[str]) -> Waiting:
        at_once = self._describe(row.queue).strategy == "all"
        return Waiting(
            row.call_id,
            row.queue,
            row.priority,
            row.since,
            frozenset(row.skills),
            row.person_id,
            at_once,
            spared,
        )

    async def done(self, call_id: str) -> None:
        """The caller waits no more: answered, gone, or taken elsewhere."""
        async with self._database.begin() as connection:
            await store.waits_no_more(connection, call_id)

    async def over(self, call_id: str) -> None:
        """The call has ended: it goes from all desks."""
        await self.done(call_id)
        await self._ringing.over(call_id)


def _seen(call_id: str, sequence: int, transfer: Transfer, leg: Leg, since: datetime, now: datetime) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "sequence": sequence,
        "queue": leg.queue,
        "skills": list(leg.skills),
        "person_id": leg.person,
        "priority": transfer.priority,
        "since": since,
        "seen_at": now,
        "ringing": False,
    }
