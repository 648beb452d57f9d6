"""Which desks show which call: a card appears where a phone rings, stays with who answers, and goes everywhere else.

Fed by Asterisk's events and by the test phone alike. Events may come twice or in another order than they happened;
whatever the order, no card rings on after its call is over.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from router.agents import wrap_up
from router.calls.crm import TOPIC as CRM_TOPIC
from router.calls.crm import CrmEvents
from router.calls.work import Work
from router.core.events import TEST_PHONE
from router.flow.queues import Queue
from router.store import calls, cards, people
from router.store.bus import Bus
from router.store.database import Connection, Database, new_id
from router.store.holds import hold

log = structlog.get_logger(__name__)

NO_ANSWER = "no_answer"
"""This agent did not answer in time, or declined."""
ELSEWHERE = "elsewhere"
"""Another agent answered."""
STOPPED = "stopped"
"""The phone rings no more, and nobody says why: the queue's time was up, or the caller is about to be gone."""
COMPLETED = "completed"
"""The talk ended; the caller may still be there."""
HUNG_UP = "hung_up"
"""The caller of a test call hung up."""
ENDED = "ended"
"""The call ended, or is no longer there."""

_FINAL = (HUNG_UP, ENDED)
_MOST_REMEMBERED = 10_000
_LONGEST_REASON = 20
_EVENTS_KEPT = timedelta(days=1)
_TRIM_EVERY = timedelta(minutes=1)
_TRIM_AT_MOST = 200


Rests = Callable[[str], Awaitable[object]]
"""Told the person whose talk is wrapped up from now on, as soon as that is stored."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a talk is: the system name of an Asterisk, and its names of the two channels."""

    asterisk: str
    caller_channel: str
    agent_channel: str

    @property
    def columns(self) -> dict[str, Any]:
        """As the card has it."""
        channels = (self.caller_channel or None, self.agent_channel or None)
        return dict(zip(("caller_channel", "agent_channel"), channels, strict=True)) | {"asterisk": self.asterisk}


class Ringing:
    """Keeps the cards. `call_key` is our id of the call, or the channel's name for a call that never reached us.

    Each method is one transaction; the pages concerned are woken after its commit (`desk:PERSON`).
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Callable[[], datetime],
        make_id: Callable[[], str] = new_id,
        *,
        work: Work | None = None,
        describe: wrap_up.Describe = lambda _: Queue(),
        crm: CrmEvents | None = None,
    ) -> None:
        """``crm`` (None: nobody) is told who answered."""
        self._crm = crm
        self._database = database
        self._bus = bus
        self._clock = clock
        self._make_id = make_id
        self._work = work or Work(make_id)
        self._describe = describe
        self.rests: Rests | None = None
        self.on_change: Callable[[list[str]], None] | None = None
        """Told of the people at whom a call began or ended to ring or to be talked."""
        self.on_card: Callable[[float], None] | None = None
        """Told of each card that begins to ring, with the seconds from when we were told until the page is."""
        # A call that is over may have no card to say so. Forgetting the oldest is harmless: its events are long past.
        self._over: OrderedDict[str, None] = OrderedDict()
        self._trimmed_at: datetime | None = None

    async def called(
        self, call_key: str, call_id: str | None, person_id: str, queue: str | None, *, at: str | None = None
    ) -> None:
        """This agent's phone rings: the card appears. Where `queue` is None, the call knows it. ``at`` is the system
        name of the Asterisk that rings it."""
        now, begun = self._clock(), perf_counter()
        async with self._database.begin(lasting=False) as connection:  # it rings now: nobody waits for the disk
            rows = await self._cards(connection, call_key)
            if rows is None or any(row.state == "talking" for row in rows) or _of(rows, person_id, "ringing"):
                return
            if not await people.lock(connection, [person_id]):
                return
            call = await calls.by_id(connection, call_id) if call_id else None
            if call is not None and call.channel == TEST_PHONE and call.state != "queue":
                return  # of test calls alone it is stored whether they wait
            queue = queue or (call.queue if call else None)
            ringing = {"state": "ringing", "queue": queue, "rang_at": now, "asterisk": at, **_NEVER_ANSWERED}
            await self._put(connection, rows, call_key, call, person_id, ringing, now)
            if _of(rows, person_id, "wrap_up"):
                await wrap_up.one_less(connection, person_id, now)
        self._tell(call_key, "ringing", [person_id])
        if self.on_card is not None:
            self.on_card(perf_counter() - begun)
        await self._trim(now)

    async def picked_up(self, call_id: str, person_id: str) -> bool:
        """This agent takes a test call, which only one can: False where it does not wait any more."""
        return await self.answered(call_id, person_id, call_id=call_id, waiting=True)

    async def answered(
        self,
        call_key: str,
        person_id: str,
        *,
        call_id: str | None = None,
        queue: str | None = None,
        place: Place | None = None,
        waiting: bool = False,
    ) -> bool:
        """This agent talks to the caller: the card stays here and goes from all other desks. False where that was known
        before, or with ``waiting`` where the call does not wait in its queue.

        `call_id` and `queue` count where the ringing was not told before. ``place`` is where they talk on an Asterisk.
        """
        now = self._clock()
        async with self._database.begin() as connection:
            rows = await self._cards(connection, call_key)
            if rows is None or _of(rows, person_id, "talking") or _talked_before(rows, person_id):
                return False
            others = [row for row in rows if row.person_id != person_id and row.state in cards.LIVE]
            locked = await people.lock(connection, [person_id, *(row.person_id for row in others)])
            if person_id not in {row.id for row in locked}:
                return False
            own = next((row for row in rows if row.person_id == person_id), None)
            known_as = own.call_id if own else call_id
            call = await calls.by_id(connection, known_as, lock=True) if known_as else None
            if waiting and (call is None or call.state != "queue"):
                return False
            talking: dict[str, Any] = {
                "state": "talking",
                "answered_at": now,
                "talked_until": None,
                "reason": None,
                "gone_at": None,
            }
            if place is not None:
                talking |= place.columns
            if own is None:
                talking |= {"queue": queue or (call.queue if call else None), "rang_at": now}
            await self._put(connection, rows, call_key, call, person_id, talking, now)
            for row in others:
                await self._withdraw(connection, row, ELSEWHERE, now)
            if call is not None:
                # One that is not in a queue, as far as we know, the router lost on the way: its card goes by that.
                state = {"state": "talking", "updated_at": now} if call.state in ("queue", "talking") else {}
                first = {"agent_id": person_id, "answered_at": call.answered_at or now}
                await calls.change(connection, call.id, state | first)
                await self._work.served(connection, call, person_id, now)
                if self._crm is not None and call.state != "ended":
                    me = next(row for row in locked if row.id == person_id)
                    await self._crm.answered(connection, call.id, me.name, me.login, now)
        self._tell(call_key, "talking", [person_id, *(row.person_id for row in others)])
        if self._crm is not None:
            self._bus.announce(CRM_TOPIC)
        return True

    async def answered_by_nobody(self, call_key: str) -> None:
        """Somebody without a desk talks to the caller: the card goes from all desks where it rings."""
        await self._remove(call_key, ("ringing",), ELSEWHERE)
        async with self._database.begin() as connection:
            await calls.talked_to(connection, call_key, self._clock())

    async def withdrawn(self, call_key: str, person_id: str, reason: str = NO_ANSWER) -> None:
        """This agent's phone rings no more, and the agent did not answer: the card goes from this desk."""
        await self._remove(call_key, ("ringing",), reason, person_id)

    async def completed(self, call_key: str, person_id: str) -> None:
        """The talk with this agent ended: it is wrapped up where its queue asks for that, else the card goes."""
        await self._remove(call_key, ("talking",), COMPLETED, person_id)

    async def left_queue(self, call_key: str) -> None:
        """Nobody answered in time, or the caller gave up: the card goes from all desks where it rings. A caller who is
        still there may ring again."""
        await self._remove(call_key, ("ringing",), STOPPED)

    async def over(self, call_key: str, reason: str = ENDED) -> None:
        """The call ended: its cards go or are wrapped up, and what is told of it later counts for nothing.

        With `NO_ANSWER` the queue's time is up: all cards go, but the call may come to a queue again.
        """
        if reason != NO_ANSWER:
            self._over[call_key] = None
            self._over.move_to_end(call_key)
            if len(self._over) > _MOST_REMEMBERED:
                self._over.popitem(last=False)
        await self._remove(call_key, cards.LIVE, reason)

    async def changed(self, call_key: str) -> None:
        """There is more to say of the call: the pages that show it look anew."""
        now = self._clock()
        async with self._database.begin(lasting=False) as connection:
            rows = [row for row in await cards.of_call(connection, call_key) if row.state in cards.LIVE]
            await people.lock(connection, [row.person_id for row in rows])
            for row in rows:
                await cards.add_event(connection, row.person_id, "work", {"card": row.id}, now)
        self._tell(call_key, "changed", [row.person_id for row in rows])

    async def _remove(self, call_key: str, states: Iterable[str], reason: str, person_id: str | None = None) -> None:
        now = self._clock()
        async with self._database.begin() as connection:
            await hold(connection, f"call:{call_key}")
            rows = [
                row
                for row in await cards.of_call(connection, call_key)
                if row.state in states and person_id in (None, row.person_id)
            ]
            if not rows:
                return
            await people.lock(connection, [row.person_id for row in rows])
            resting = [row for row in rows if row.state == "talking" and wrap_up.asked_for(self._describe(row.queue))]
            for row in rows:
                if row in resting:
                    await wrap_up.begin(connection, row, self._describe(row.queue), now)
                else:
                    await self._withdraw(connection, row, reason, now)
        # First of all no phone may ring there; the queue leaves it alone for a few seconds only.
        if self.rests is not None:
            for row in resting:
                await self.rests(row.person_id)
        self._tell(call_key, reason, [row.person_id for row in rows])

    async def _cards(self, connection: Connection, call_key: str) -> list[cards.CardRow] | None:
        """The call's cards, held until the transaction ends; None when the call is over."""
        await hold(connection, f"call:{call_key}")
        rows = list(await cards.of_call(connection, call_key))
        over = call_key in self._over or any(row.state == "gone" and row.reason in _FINAL for row in rows)
        return None if over else rows

    async def _put(
        self,
        connection: Connection,
        rows: Iterable[cards.CardRow],
        call_key: str,
        call: calls.CallRow | None,
        person_id: str,
        values: dict[str, Any],
        now: datetime,
    ) -> None:
        """Make the person's card of this call, or change the one that is there, and tell the page."""
        own = next((row for row in rows if row.person_id == person_id), None)
        card_id = own.id if own else self._make_id()
        if own:
            await cards.change(connection, card_id, values)
        else:
            call_id = call.id if call else None
            fixed = {"id": card_id, "call_key": call_key, "call_id": call_id, "person_id": person_id}
            await cards.add(connection, {**values, **fixed})
        await cards.add_event(connection, person_id, "card", {"card": card_id, "state": values["state"]}, now)

    async def _withdraw(self, connection: Connection, row: cards.CardRow, reason: str, now: datetime) -> None:
        reason = reason[:_LONGEST_REASON]
        talked = {"talked_until": now} if row.state == "talking" else {}
        await cards.change(connection, row.id, {"state": "gone", "reason": reason, "gone_at": now, **talked})
        data = {"card": row.id, "state": "gone", "reason": reason}
        await cards.add_event(connection, row.person_id, "card", data, now)

    def _tell(self, call_key: str, what: str, person_ids: list[str]) -> None:
        log.info("cards", call=call_key, what=what, people=len(person_ids))
        for person_id in person_ids:
            self._bus.announce(f"desk:{person_id}")
        if self.on_change is not None and what != "changed":
            self.on_change(person_ids)

    async def _trim(self, now: datetime) -> None:
        """Delete a bite of old desk events now and then, in a transaction of its own: nobody waits for it."""
        if self._trimmed_at is not None and now - self._trimmed_at < _TRIM_EVERY:
            return
        self._trimmed_at = now
        try:
            async with self._database.begin() as connection:
                await cards.trim_events(connection, now - _EVENTS_KEPT, _TRIM_AT_MOST)
        except SQLAlchemyError as error:  # what was to be done is done; the next bite takes these, too
            log.warning("desk events not trimmed", reason=type(error).__name__)


_NEVER_ANSWERED: dict[str, Any] = {
    "reason": None, "answered_at": None, "talked_until": None, "gone_at": None,
    "caller_channel": None, "agent_channel": None,
}  # fmt: skip


def _of(rows: Iterable[cards.CardRow], person_id: str, state: str) -> bool:
    return any(row.person_id == person_id and row.state == state for row in rows)


def _talked_before(rows: Iterable[cards.CardRow], person_id: str) -> bool:
    """The person's talk has ended, and the phone did not ring again since: this answer is told a second time."""
    ended = ("wrap_up", "gone")
    return any(row.person_id == person_id and row.state in ended and row.answered_at for row in rows)
