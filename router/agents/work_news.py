"""Tells open lists of work that something in them has changed, so that they look anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from router.store import cards, people, work_items
from router.store.bus import Bus
from router.store.database import Database

log = structlog.get_logger(__name__)

NOT_SOONER: Final = 1.0
"""Seconds from a change to its telling, which tells of all others meanwhile."""


class WorkNews:
    """`changed` is quick and may be called anywhere in the loop; `run` tells, until it is cancelled."""

    def __init__(self, database: Database, bus: Bus, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._queues: set[str] = set()
        self._woken = asyncio.Event()

    def changed(self, queue: str) -> None:
        """Something that is to be done for ``queue`` has come, gone or been taken."""
        self._queues.add(queue)
        self._woken.set()

    async def run(self) -> None:
        """Tell of what has changed, again and again."""
        while True:
            await self._woken.wait()
            await asyncio.sleep(NOT_SOONER)  # what has changed is committed by then, and more of it is told at once
            try:
                await self.tell()
            except Exception:
                log.exception("lists of work were not told")

    async def tell(self) -> None:
        """Tell the pages of those who see what has changed since the last time."""
        self._woken.clear()
        queues, self._queues = self._queues, set()
        now = self._clock()
        async with self._database.begin() as connection:
            concerned = await work_items.whom_to_tell(connection, queues, now)
            locked = [row.id for row in await people.lock(connection, concerned)]
            for person_id in locked:
                await cards.add_event(connection, person_id, "work", {}, now)
        for person_id in locked:
            self._bus.announce(f"desk:{person_id}")
