"""The time after a talk without a call. Where its queue gives some, or wants to know what came of the talk, the card
stays on the desk, no phone rings there, and the timer is kept in the database: a restart changes nothing about it.

It ends when the agent asks for the next call, or by itself when its time is up. Where the queue needs a disposition
and nobody has said one, it goes on, but not longer than `LONGEST` after the talk, or than the queue gives. What the
agent chooses meanwhile (ready, paused, off) counts when it is over; whoever signs out ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, Protocol

import structlog

from router.agents import states
from router.errors import Refused, conflict, not_found
from router.flow.queues import Queue
from router.store import cards, people, wrap_ups
from router.store.bus import Bus
from router.store.database import Connection, Database
from router.store.loops import look_again

log = structlog.get_logger(__name__)

LONGEST: Final = timedelta(minutes=15)
"""A wrap-up ends so long after the talk whatever is missing; later only where the queue gives more time."""
EXTENSION: Final = timedelta(minutes=1)
LOOK_EVERY: Final = 0.5
"""Seconds between two looks for wrap-ups whose time is up."""

WRAPPED_UP: Final = "wrapped_up"
"""Why a card is gone: the agent asked for the next call."""
TIME_UP: Final = "time_up"
"""Why a card is gone: its time was up."""
LEFT: Final = "left"
"""Why a card is gone: the agent signed out, or was signed out."""

Describe = Callable[[str | None], Queue]
"""How a queue is described; see `router.releases.queue_book`."""


class Settles(Protocol):
    """See `router.agents.presence.Presence`."""

    async def rests(self, person_id: str) -> None: ...


class WrapUps:
    """What agents do with the time after a talk, and the timer that ends it."""

    def __init__(
        self, database: Database, bus: Bus, clock: Callable[[], datetime], presence: Settles, describe: Describe
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._presence = presence
        self._describe = describe

    async def extend(self, person_id: str, by: timedelta = EXTENSION) -> datetime:
        """Take more time; when it is up now. Raises `Refused` (409) where nothing is wrapped up, or where there is no
        more time to be had."""
        now = self._clock()
        async with self._database.begin() as connection:
            person = await _locked(connection, person_id)
            rows = await wrap_ups.of_person(connection, person_id)
            if person is None or person.wrap_until is None or not rows:
                raise conflict("There is no call to wrap up any more.", "no_wrap_up")
            latest = max(self._latest(row) for row in rows)
            until: datetime = min(max(person.wrap_until, now) + by, latest)
            if until <= person.wrap_until:
                raise conflict("There is no more time for this call.", "no_more_time")
            await states.change(connection, person_id, {"wrap_until": until}, now)
        self._bus.announce(f"desk:{person_id}")
        return until

    async def finish(self, person_id: str, card_id: str) -> None:
        """The next call, please: the card goes, and so does the wrap-up, unless another talk is to be wrapped up, too.

        Raises `Refused`: 404 for a card that is not wrapped up here, 409 (`disposition_needed`) where it has still to
        be said what came of the talk.
        """
        now = self._clock()
        async with self._database.begin() as connection:
            await _locked(connection, person_id)
            rows = await wrap_ups.of_person(connection, person_id)
            row = next((row for row in rows if row.card_id == card_id), None)
            if row is None:
                raise not_found("This call is not on your desk any more.", "off_desk")
            if self._is_missing(row):
                detail = "Say first what came of the call."
                code = "disposition_needed"
                raise Refused(409, "Disposition needed", detail, more={"reason": code}, code=code)
            await _end(connection, person_id, {card_id}, rows, WRAPPED_UP, now)
        await self._presence.rests(person_id)

    async def look(self) -> list[str]:
        """End what is due; whose. Of several processes that look at once, one does."""
        now = self._clock()
        async with self._database.read() as connection:
            rows = await wrap_ups.due(connection, now)
        ended = []
        for person_id, of_person in groupby(rows, key=lambda row: row.person_id):
            if any(self._is_due(row, now) for row in of_person) and await self._end_due(person_id, now):
                await self._presence.rests(person_id)
                ended.append(person_id)
        return ended

    async def run(self) -> None:
        """Look again and again until cancelled. Nothing that goes wrong ends it."""
        failed = "looking for wrap-ups to end failed, will be tried again"
        await look_again(self.look, LOOK_EVERY, away="no wrap-up ends: the database is away", failed=failed)

    async def _end_due(self, person_id: str, now: datetime) -> bool:
        async with self._database.begin() as connection:
            # The lock is the claim: who comes second finds nothing left to do.
            person = await _locked(connection, person_id)
            if person is None or person.wrap_until is None or person.wrap_until > now:
                return False
            rows = await wrap_ups.of_person(connection, person_id)
            over = {row.card_id for row in rows if self._is_due(row, now)}
            await _end(connection, person_id, over, rows, TIME_UP, now)
        return bool(over) or not rows

    def _is_due(self, row: Any, now: datetime) -> bool:
        return row.card_id is None or not self._is_missing(row) or self._latest(row) <= now

    def _is_missing(self, row: Any) -> bool:
        """Whether it has still to be said what came of the talk, and can be: not of a call that the router never saw,
        nor where the queue has nothing to choose from."""
        queue = self._describe(row.queue)
        return (
            row.disposed is None and row.call_id is not None and queue.disposition_needed and bool(queue.dispositions)
        )

    def _latest(self, row: Any) -> datetime:
        until: datetime = row.talked_until + max(LONGEST, timedelta(seconds=self._describe(row.queue).wrap_up))
        return until


def asked_for(queue: Queue) -> bool:
    """Whether talks of this queue are wrapped up."""
    return queue.wrap_up > 0 or queue.disposition_needed


async def begin(connection: Connection, card: cards.CardRow, queue: Queue, now: datetime) -> None:
    """The talk of this card ended, and is wrapped up from now on. The person is locked."""
    await cards.change(connection, card.id, {"state": states.WRAP_UP, "talked_until": now, "reason": None})
    await cards.add_event(connection, card.person_id, "card", {"card": card.id, "state": states.WRAP_UP}, now)
    person = await people.by_id(connection, card.person_id)
    until = now + timedelta(seconds=queue.wrap_up)
    if person is not None and person.wrap_until is not None:
        until = max(until, person.wrap_until)
    await states.change(connection, card.person_id, {"wrap_until": until}, now)


async def drop(connection: Connection, person_id: str, reason: str, now: datetime) -> None:
    """Whatever is wrapped up here is over. The person is locked."""
    rows = await wrap_ups.of_person(connection, person_id)
    await _end(connection, person_id, {row.card_id for row in rows}, rows, reason, now)


async def one_less(connection: Connection, person_id: str, now: datetime) -> None:
    """A card that was wrapped up here rings again; the wrap-up is over where it was the last. The person is locked."""
    await _end(connection, person_id, (), await wrap_ups.of_person(connection, person_id), "", now)


async def _end(
    connection: Connection, person_id: str, over: Collection[str], rows: Iterable[Any], reason: str, now: datetime
) -> None:
    """Take these cards off the desk; with the last one of ``rows`` the wrap-up itself ends."""
    for card_id in over:
        await cards.change(connection, card_id, {"state": "gone", "reason": reason, "gone_at": now})
        data = {"card": card_id, "state": "gone", "reason": reason}
        await cards.add_event(connection, person_id, "card", data, now)
    person = await people.by_id(connection, person_id)
    if person is not None and person.wrap_until is not None and all(row.card_id in over for row in rows):
        await states.change(connection, person_id, {"wrap_until": None}, now)


async def _locked(connection: Connection, person_id: str) -> people.PersonRow | None:
    rows = await people.lock(connection, [person_id])
    return rows[0] if rows else None
