"""Agents whose pages are gone: a browser that was closed, a machine that sleeps, a network that is down. Calls are not
to ring at a desk that nobody sees, so whoever is ready without a page for a while is paused, and told on return.

The database keeps since when nobody's page is open; a page in another process takes that back within a heartbeat. A
process that died says nothing of its pages: so all count as gone now and then, until they say otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from router.agents import states
from router.store import people
from router.store.database import Database, is_away

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 5.0
"""Seconds between two looks for agents who are gone."""
ANEW_EVERY: Final = timedelta(minutes=5)
"""So often every page has to say that it is open."""
SAY_SO: Final = timedelta(seconds=30)
"""A page has so long for it: two heartbeats."""


class Pauses(Protocol):
    """See `router.agents.presence.Presence`."""

    async def pause_unasked(self, person_id: str, reason: str) -> bool: ...


class PageWatch:
    """``after`` is how long a page may be gone; nothing: for ever."""

    def __init__(self, database: Database, clock: Callable[[], datetime], presence: Pauses, after: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._presence = presence
        self._after = after
        self._noting: set[asyncio.Task[None]] = set()
        self._failing = False
        self._begun: datetime | None = None

    async def opened(self, person_id: str) -> None:
        """A page of this person is open."""
        async with self._database.begin() as connection:
            await people.page_left(connection, person_id, None)

    def closed(self, person_id: str, is_open: Callable[[], bool]) -> None:
        """The last page that was open in this process is gone, unless it ``is_open`` again by the time that is noted.
        Does not wait: who closes a page is gone already."""
        task = asyncio.create_task(self._note(person_id, is_open), name=f"page of {person_id} gone")
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def noted(self) -> None:
        """All that was begun by `closed` is done."""
        await asyncio.gather(*self._noting)

    async def begin(self) -> None:
        """No page counts as open any more, as soon as those that are have had the time to say so."""
        now = self._clock()
        async with self._database.begin() as connection:
            await people.all_pages_left(connection, now + SAY_SO)
        self._begun = now

    async def look(self) -> list[str]:
        """Pause who is gone; whom."""
        if not self._after:
            return []
        if self._begun is None or not self._begun <= self._clock() < self._begun + ANEW_EVERY:
            await self.begin()
        async with self._database.read() as connection:
            rows = await people.ready_without_page(connection, self._clock() - self._after)
        paused = [row.id for row in rows if await self._presence.pause_unasked(row.id, states.PAGE_GONE)]
        for person_id in paused:
            log.info("paused: no page open", person=person_id)
        return paused

    async def run(self) -> None:
        """Look again and again until cancelled, in one process at a time. Nothing that goes wrong ends it."""
        self._begun = None
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.look()
                self._failing = False
            except Exception as error:
                if not self._failing and not is_away(error):
                    log.exception("looking for pages that are gone failed, will be tried again")
                self._failing = True

    async def _note(self, person_id: str, is_open: Callable[[], bool]) -> None:
        try:
            async with self._database.begin() as connection:
                if not is_open():
                    await people.page_left(connection, person_id, self._clock())
        except Exception as error:
            log.warning("not noted that a page is gone", person=person_id, reason=type(error).__name__)
