"""How many callback codes are live, by length, near enough for the guessing budget and cheap to ask."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from router.errors import Refused
from router.matching.budget import Budget
from router.matching.codes import LONGEST
from router.store import codes as store
from router.store.database import Connection, Database

COUNT_EVERY = 60.0
"""Seconds between two counts in the database; what is issued in between is added."""
SHARE = 0.01
"""Of the time at most so much is spent counting: where a count takes long, the next one comes later."""


class LiveCodes:
    """Says which length the next code gets. What other processes issue is seen at the next count only, and codes that
    end since are taken off then."""

    def __init__(
        self, budget: Budget, clock: Callable[[], datetime], stopwatch: Callable[[], float] = time.monotonic
    ) -> None:
        self.budget = budget
        self._clock = clock
        self._stopwatch = stopwatch
        self._live: Counter[int] = Counter()
        self._issued: Counter[int] = Counter()
        self._counted = self._counting = False
        self._due = 0.0

    async def recount(self, database: Database) -> None:
        """Count where that is due, on a connection of its own: to be called before a transaction and not within one."""
        if not self._counted or (self._stopwatch() >= self._due and not self._counting):
            async with database.read(long=True) as connection:
                await self._count(connection)

    async def counted(self, connection: Connection) -> None:
        """Count, within the caller's transaction, where that was never done."""
        if not self._counted:
            await self._count(connection)

    def take(self) -> int:
        """The length of one more code, which counts as issued from now on. Raises `Refused` (503) where no length has
        room for it."""
        digits = self.budget.digits_for(self._live)
        if digits is None:
            raise _no_room(self.budget)
        self._live[digits] += 1
        self._issued[digits] += 1
        return digits

    async def _count(self, connection: Connection) -> None:
        self._counting = True
        begun = self._stopwatch()
        self._issued.clear()
        try:
            live = await by_length(connection, self._clock(), self.budget.shortest)
        finally:
            self._counting = False
            ended = self._stopwatch()
            self._due = ended + max(COUNT_EVERY, (ended - begun) / SHARE)
        self._live = live + self._issued
        self._counted = True


async def by_length(connection: Connection, now: datetime, shortest: int) -> Counter[int]:
    """Live codes by their length; those from before lengths were kept count as ``shortest``."""
    live: Counter[int] = Counter()
    for digits, count in await store.live(connection, now):
        live[digits or shortest] += count
    return live


def _no_room(budget: Budget) -> Refused:
    return Refused(
        503,
        "Too many codes",
        f"No length up to {LONGEST} digits has room for another code: with {budget.guesses_a_day} wrong codes a day a "
        f"guesser could expect to find more than {budget.most_hits:g} in 30 days. Let codes end sooner "
        "(offer.valid_until, THREADLINE_CODE_DAYS, THREADLINE_CODE_GRACE_DAYS), revoke those no longer needed, "
        "lower THREADLINE_CODE_GUESSES_A_DAY, or allow more with THREADLINE_CODE_EXPECTED_HITS.",
    )
