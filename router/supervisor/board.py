"""How everything stands now, for all supervisors' pages alike. Times are moments, so that a board stays the same until
something happens; the pages count the seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from router.agents import states
from router.agents.line import Telephone
from router.core.assurance import Assurance
from router.flow.queues import Queue, ServiceLevel
from router.store import board as rows
from router.store.database import Connection, Database
from router.supervisor.figures import Day

EVERY: Final = 1.0
"""Seconds between two looks into the database, however many pages are open."""
LONGEST_WAIT: Final = timedelta(hours=6)
"""A caller of whom nothing was heard for so long waits no more, whatever the channel failed to tell."""

TALKING: Final = "talking"
RINGING: Final = "ringing"
AT_WORK: Final = (TALKING, RINGING, states.WRAP_UP, "ready", "paused")


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue. ``oldest`` is since when the caller who came first waits; ``agents`` how many of its agents are
    `talking`, `ringing`, `wrap_up`, `ready` or `paused`."""

    name: str
    waiting: int
    oldest: datetime | None
    day: Day
    target: ServiceLevel
    agents: Mapping[str, int]

    @property
    def met(self) -> bool | None:
        """Whether the target is met so far; None where no call counts yet."""
        return None if self.day.level is None else self.day.level >= self.target.percent


@dataclass(frozen=True, slots=True)
class CallerView:
    """Somebody who waits: where, since when, and how far it is known who it is. Not who."""

    queue: str
    since: datetime
    assurance: Assurance | None
    """None: the router found nothing out, or is not done."""
    returned: bool
    """We called them."""


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent. ``state`` is one of `AT_WORK`, or `off`; ``chosen`` what counts after the wrap-up."""

    id: str
    name: str
    state: str
    since: datetime | None
    reason: str | None
    chosen: str
    queues: tuple[str, ...]
    skills: tuple[str, ...]
    phone: str | None
    telephone: Telephone


@dataclass(frozen=True, slots=True)
class Board:
    """How everything stands; the caller who has waited longest comes first."""

    queues: tuple[QueueView, ...]
    callers: tuple[CallerView, ...]
    agents: tuple[AgentView, ...]


class Phones(Protocol):
    """See `router.agents.presence.Presence`."""

    def telephone(self, person: Any) -> Telephone: ...
    async def refresh(self, connection: Connection) -> None: ...


class Book(Protocol):
    """See `router.releases.queue_book.QueueBook`."""

    @property
    def described(self) -> Mapping[str, Queue]: ...
    def get(self, queue: str | None) -> Queue: ...


class Boards:
    """Makes boards, at most one every `EVERY` seconds. ``known`` are the queues of the settings."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        book: Book,
        phones: Phones,
        known: Sequence[str],
        zone: ZoneInfo,
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._book = book
        self._phones = phones
        self._known = known
        self._zone = zone
        self._ticks = ticks
        self._making = asyncio.Lock()
        self._made: tuple[float, Board] | None = None

    async def now(self, *, fresh: bool = False) -> Board:
        """How everything stands; up to `EVERY` seconds old unless it is to be ``fresh``."""
        async with self._making:  # of many pages that ask at once, one reads
            if self._made is None or fresh or self._ticks() - self._made[0] >= EVERY:
                async with self._database.read(long=True) as connection:
                    self._made = (self._ticks(), await self._read(connection))
            return self._made[1]

    def begin_of_day(self) -> datetime:
        """Midnight, where the company is."""
        return self._clock().astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)

    async def _read(self, connection: Connection) -> Board:
        described = self._book.described
        within = {name: queue.service_level.seconds for name, queue in described.items()}
        now = self._clock()
        waiting = await rows.waiting(connection, now - LONGEST_WAIT)
        days = await rows.day(connection, self.begin_of_day(), within, ServiceLevel().seconds, now, now - LONGEST_WAIT)
        await self._phones.refresh(connection)
        agents = _agents(await rows.agents(connection), await rows.busy(connection), self._phones)
        callers = tuple(_caller(row) for row in waiting)
        names = dict.fromkeys([*self._known, *described, *(row.queue for row in (*waiting, *days) if row.queue)])
        day_of = {
            row.queue: Day(row.answered, row.in_time, row.abandoned, row.soon, row.elsewhere, row.late) for row in days
        }
        queues = tuple(_queue(name, self._book.get(name), callers, day_of.get(name, Day()), agents) for name in names)
        return Board(queues, callers, agents)


def _queue(
    name: str, described: Queue, callers: Iterable[CallerView], day: Day, agents: Iterable[AgentView]
) -> QueueView:
    waiting = [caller for caller in callers if caller.queue == name]
    own = [agent.state for agent in agents if name in agent.queues]
    return QueueView(
        name,
        len(waiting),
        min((caller.since for caller in waiting), default=None),
        day,
        described.service_level,
        {state: own.count(state) for state in AT_WORK},
    )


def _caller(row: Any) -> CallerView:
    found = row.match if isinstance(row.match, dict) else {}
    level = found.get("assurance")
    known = Assurance(level) if level in set(Assurance) else None
    return CallerView(row.queue or "", row.queued_at or row.started_at, known, row.direction == "out")


def _agents(people: Iterable[Any], busy: Iterable[Any], phones: Phones) -> tuple[AgentView, ...]:
    calls: dict[str, Any] = {}
    for row in sorted(busy, key=lambda row: (row.state != TALKING, row.since)):
        calls.setdefault(row.person_id, row)
    return tuple(_agent(person, calls.get(person.id), phones) for person in people)


def _agent(person: Any, call: Any | None, phones: Phones) -> AgentView:
    state = states.standing(person)
    since, reason = person.presence_since, person.pause_reason if state == "paused" else None
    if call is not None:
        state, since, reason = call.state, call.since, call.queue
    return AgentView(
        person.id,
        person.name,
        state,
        since,
        reason,
        person.presence,
        tuple(person.queues),
        tuple(person.skills),
        person.phone,
        phones.telephone(person),
    )
