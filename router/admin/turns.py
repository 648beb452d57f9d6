"""Work that costs: one piece at a time for each person and few for everybody, so that calls always have room."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from router.errors import Refused

AT_ONCE: Final = 2
EACH: Final = 2
"""One person's pieces, the one at work and one that waits."""
LONGEST_WAIT: Final = 20.0
"""Seconds."""


class Turns:
    """At most ``at_once`` pieces of work are under way, and ``each`` of one person wait or are under way."""

    def __init__(self, at_once: int = AT_ONCE, each: int = EACH, longest_wait: float = LONGEST_WAIT) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._each = each
        self._longest_wait = longest_wait
        self._mine: Counter[str] = Counter()
        self._locks: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def of(self, person_id: str) -> AsyncIterator[None]:
        """A turn of this person. Raises `Refused` (429) for one too many, and where none comes in time."""
        if self._mine[person_id] >= self._each:
            raise _busy()
        self._mine[person_id] += 1
        try:
            lock = self._locks.setdefault(person_id, asyncio.Lock())
            async with _in_time(lock, self._longest_wait), _in_time(self._free, self._longest_wait):
                yield
        finally:
            self._mine[person_id] -= 1
            if not self._mine[person_id]:
                del self._mine[person_id]
                self._locks.pop(person_id, None)


@asynccontextmanager
async def _in_time(gate: asyncio.Lock | asyncio.Semaphore, seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            await gate.acquire()
    except TimeoutError:
        raise _busy() from None
    try:
        yield
    finally:
        gate.release()


def _busy() -> Refused:
    detail = "Something of yours is being worked on. Nothing was lost; try again in a moment."
    return Refused(429, "Busy", detail, headers={"Retry-After": "1"})
