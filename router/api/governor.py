"""What gives way when there is too much to do: the one place that decides it, so that calls go on.

Files and evaluations give way first, then pages and searches, then the registering of messages and the desks of agents.
Calls never do. Whatever gives way waits for a moment, and is told to come again if that does not help (503 with
``Retry-After``). How much there is to do is told by how late the event loop comes to its work, and by how many turns of
calls are under way.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from router.errors import Refused

BEAT: Final = 0.1
"""Seconds between looks at how late the loop is, as long as anything but calls is asked for."""
MOMENT: Final = 0.2
"""Seconds that a piece of something long waits for calls that are just taking their turns."""
REMEMBERED: Final = 3
"""Beats. The loop is as late as the least late of them: once may be anything, thrice is too much to do."""
WATCHED: Final = 20
"""Beats after the last request."""


class Work(IntEnum):
    """What is to be done, the first to give way first."""

    BULK = 0
    PAGES = 1
    REGISTERING = 2
    CALLS = 3


@dataclass(frozen=True, slots=True)
class Room:
    """How many are worked on at one time, how many of them for one address, how many wait, and for how many seconds."""

    at_once: int
    each: int
    waiting: int
    patience: float


ROOMS: Final[Mapping[Work, Room]] = MappingProxyType(
    {
        Work.BULK: Room(3, 2, 20, 5.0),
        Work.PAGES: Room(8, 6, 400, 5.0),
        Work.REGISTERING: Room(16, 12, 600, 10.0),
    }
)
LATE: Final = (0.1, 0.5, 2.0)
"""Seconds that the loop is late from which files, pages, and registering give way."""
TURNS: Final = (20, 60, 200)
"""Turns of calls under way from which they do."""


@dataclass(slots=True, eq=False)
class _Waiting:
    address: str
    turn: asyncio.Future[None]

    @property
    def let_in(self) -> bool:
        return self.turn.done() and not self.turn.cancelled()


@dataclass(slots=True)
class _Line:
    """Who is worked on, and who waits, in the order they came."""

    room: Room
    at_work: int = 0
    by_address: Counter[str] = field(default_factory=Counter)
    waiting: deque[_Waiting] = field(default_factory=deque)

    def has_room(self, address: str) -> bool:
        return self.at_work < self.room.at_once and self.by_address[address] < self.room.each

    def take(self, address: str) -> None:
        self.at_work += 1
        self.by_address[address] += 1

    def leave(self, address: str) -> None:
        self.at_work -= 1
        self.by_address[address] -= 1
        if not self.by_address[address]:
            del self.by_address[address]


class Governor:
    """``turns`` tells how many turns of calls are under way."""

    def __init__(self, turns: Callable[[], int] = lambda: 0, rooms: Mapping[Work, Room] = ROOMS) -> None:
        self._turns = turns
        self._lines = {work: _Line(room) for work, room in rooms.items()}
        self._late: deque[float] = deque(maxlen=REMEMBERED)
        self._beats_left = 0
        self._due = 0.0
        self._refused: Counter[Work] = Counter()

    @property
    def gives_way(self) -> int:
        """What is below this gives way: 0 is nothing, 3 is everything but calls."""
        late, turns = min(self._late) if len(self._late) == REMEMBERED else 0.0, self._turns()
        return max(sum(late >= mark for mark in LATE), sum(turns >= mark for mark in TURNS))

    @property
    def shed(self) -> dict[str, int]:
        """How many were told to come again, by what it is."""
        return {work.name.lower(): self._refused[work] for work in self._lines}

    @property
    def waiting(self) -> dict[str, int]:
        """How many wait, by what it is."""
        return {work.name.lower(): len(line.waiting) for work, line in self._lines.items()}

    @asynccontextmanager
    async def room(self, work: Work, address: str = "") -> AsyncIterator[Callable[[], None]]:
        """Room for one piece of work; gives what ends it early. Raises `Refused` (503)."""
        line = self._lines.get(work)
        if line is None:
            yield lambda: None
            return
        self._watch()
        await self._enter(work, line, address)
        left = False

        def leave() -> None:
            nonlocal left
            if not left:
                left = True
                line.leave(address)
                self._call_in()

        try:
            yield leave
        finally:
            leave()

    async def pause(self, work: Work, longest: float = 1.0) -> None:
        """Before each piece of what goes on for long: wait while it is to give way, at most ``longest`` seconds,
        and for a moment where a call is just taking its turn: on SQLite one of the two would wait for the other."""
        self._watch()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while self._turns() and loop.time() < begun + MOMENT:  # noqa: ASYNC110 - a turn is too short for an event
            await asyncio.sleep(MOMENT / 10)
        while work < self.gives_way and loop.time() < begun + longest:
            self._watch()
            await asyncio.sleep(BEAT)

    async def _enter(self, work: Work, line: _Line, address: str) -> None:
        if work >= self.gives_way and not line.waiting and line.has_room(address):
            line.take(address)
            return
        if len(line.waiting) >= line.room.waiting:
            raise self._busy(work)
        mine = _Waiting(address, asyncio.get_running_loop().create_future())
        line.waiting.append(mine)
        try:
            async with asyncio.timeout(line.room.patience):
                await mine.turn
        except TimeoutError:
            if not mine.let_in:  # the turn and the end of patience may come at one moment
                raise self._busy(work) from None
        except asyncio.CancelledError:
            if mine.let_in:
                line.leave(address)
                self._call_in()
            raise
        finally:
            if mine in line.waiting:
                line.waiting.remove(mine)

    def _call_in(self) -> None:
        """Let those in for whom there is room now."""
        gives_way = self.gives_way
        for work, line in self._lines.items():
            if work < gives_way:
                continue
            for each in [each for each in line.waiting if not each.turn.done()]:
                if line.at_work >= line.room.at_once:
                    break
                if line.has_room(each.address):
                    line.take(each.address)
                    line.waiting.remove(each)
                    each.turn.set_result(None)

    def _busy(self, work: Work) -> Refused:
        self._refused[work] += 1
        detail = "There is more to do than can be done, and calls come first. Nothing was done; try again in a moment."
        seconds = {Work.BULK: 30, Work.PAGES: 5, Work.REGISTERING: 5}[work]
        return Refused(503, "Busy", detail, headers={"Retry-After": str(seconds)}, code="busy")

    def _watch(self) -> None:
        """Look at the loop for some seconds more."""
        if not self._beats_left:
            self._expect()
        self._beats_left = WATCHED

    def _expect(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + BEAT
        loop.call_at(self._due, self._beat)

    def _beat(self) -> None:
        self.late(asyncio.get_running_loop().time() - self._due)
        self._beats_left -= 1
        if self._beats_left > 0 or any(line.waiting for line in self._lines.values()):
            self._beats_left = max(self._beats_left, 1)
            self._expect()
        else:
            self._late.clear()

    def late(self, seconds: float) -> None:
        """The loop came to a beat so late."""
        self._late.append(seconds)
        self._call_in()
