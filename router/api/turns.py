"""Taking turns: however many requests come, only few of them are at the database at one time, so that calls, which
share it, never wait behind a campaign being registered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from router.errors import Refused
from router.store import audit
from router.store.database import Connection, Database
from router.web.reads import Who

AT_ONCE: Final = 4
WAITING: Final = 500
LONGEST_WAIT: Final = 10.0
"""Seconds."""

WRONG_CODES: Final = 200
WITHIN: Final = timedelta(hours=24)
"""A key may ask for as many wrong codes as callers may key in between them (`router.matching.lockout`)."""
_ACTION: Final = "code.guessed"


class Turns:
    """At most ``at_once`` at work and ``waiting`` in line, each for ``longest_wait`` seconds."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, longest_wait: float = LONGEST_WAIT) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._room = waiting
        self._longest_wait = longest_wait

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A turn. Raises `Refused` (503) when it does not come."""
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()

    async def _wait(self) -> None:
        if self._room <= 0:
            raise _busy()
        self._room -= 1
        try:
            async with asyncio.timeout(self._longest_wait):
                await self._free.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._room += 1


class WrongCodes:
    """Counts the wrong codes each asker tries, so that asking is no way to guess codes that others were sent. They
    stand in the audit log: all processes count together, and a restart forgets none."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], most: int = WRONG_CODES, within: timedelta = WITHIN
    ) -> None:
        self._database = database
        self._clock = clock
        self._most = most
        self._within = within

    async def check(self, connection: Connection, asker: Who) -> None:
        """Raise `Refused` (429) when this asker has tried too many lately."""
        now = self._clock()
        first = await audit.when_done(connection, _ACTION, now - self._within, self._most, **asker)
        if first is not None:
            raise Refused(
                429,
                "Too many wrong codes",
                f"{self._most} wrong callback codes within {self._within}. Ask later, or without a code.",
                headers={"Retry-After": str(int((first + self._within - now).total_seconds()) + 1)},
            )

    async def add(self, asker: Who) -> None:
        """A wrong code was asked for."""
        async with self._database.begin() as connection:
            await audit.note(connection, self._clock(), _ACTION, "match", None, **asker)


def _busy() -> Refused:
    detail = "Too many requests are waiting for the database. Nothing was done; try again in a few seconds."
    return Refused(503, "Busy", detail, headers={"Retry-After": "5"})
