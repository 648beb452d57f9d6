"""Keeps the flows of this process at the newest release, whichever process made it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from router.flow.files import kept_files
from router.flow.problems import FlowRefused
from router.releases.flows import Flows
from router.releases.releases import RELEASED, Releases
from router.store.bus import Bus
from router.store.database import is_away
from router.store.loops import woken_within

log = structlog.get_logger(__name__)

LOOK_EVERY = 0.5
"""Seconds between looks for a release made by another process, where none of these can announce theirs."""
LOOK_ALL_THE_SAME = 5.0
"""Seconds between looks where they do announce them: an announcement is only a hint."""

Told = Callable[[], Awaitable[None]]


class Following:
    """``told`` is awaited after each change, beside everything else; a newer change ends it."""

    def __init__(self, flows: Flows, releases: Releases, bus: Bus, told: Told | None = None) -> None:
        self._flows = flows
        self._releases = releases
        self._bus = bus
        self._told = told
        self._refused = 0
        """The newest release that cannot be used here; it is not tried again."""
        self._failing = False

    async def run(self) -> None:
        """Look again and again until cancelled. Nothing that goes wrong ends it: callers keep the flows they have."""
        after: asyncio.Task[None] | None = None
        async with self._bus.listen(RELEASED) as woken, asyncio.TaskGroup() as tasks:
            while True:
                every = LOOK_ALL_THE_SAME if self._bus.connected else LOOK_EVERY
                await woken_within(every, woken)
                woken.clear()
                if await self._looked() and self._told is not None:
                    if after is not None:
                        after.cancel()
                    after = tasks.create_task(self._tell(self._told))

    async def _looked(self) -> bool:
        try:
            changed = await self.look()
        except Exception as error:
            if not self._failing and is_away(error):
                log.warning("no new release of the flows can be looked for: the database is away")
            elif not self._failing:
                log.exception("looking for a new release of the flows failed, will be tried again")
            self._failing = True
            return False
        self._failing = False
        return changed

    async def look(self) -> bool:
        """Use the newest release, if it is another than the one in use; whether that changed anything."""
        number = await self._releases.newest_id()
        if number in (self._flows.release_id, self._refused):
            return False
        files = await self._releases.files_of(number)
        try:
            # Compiled beside the event loop: a large set takes longer than a caller should wait.
            self._flows.use((await asyncio.to_thread(kept_files, files)).flows, number)
        except (FlowRefused, ValueError) as error:
            self._refused = number
            log.error(
                "a release of the flows cannot be used here; the one before stays", release=number, why=str(error)
            )
            return False
        log.info("new calls run another release of the flows", release=number)
        return True

    async def _tell(self, told: Told) -> None:
        try:
            await told()
        except Exception:
            log.exception("what follows on a new release of the flows failed")
