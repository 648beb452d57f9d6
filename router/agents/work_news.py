"""Tells open lists of work that something in them has changed, so that they look anew."""

from __future__ import annotations

import asyncio
from typing import Final

from router.store.bus import Bus

TOPIC: Final = "work"
NOT_SOONER: Final = 1.0
"""Seconds from a change to its telling, which tells of all others meanwhile."""


class WorkNews:
    """`changed` is quick and may be called anywhere in the loop; `run` tells, until it is cancelled.

    Nothing is written: what has changed stands in the lists themselves, and a page that begins to listen looks first.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._changed = asyncio.Event()

    def changed(self, queue: str) -> None:
        """Something that is to be done for ``queue`` has come, gone or been taken."""
        self._changed.set()

    async def run(self) -> None:
        """Tell of what has changed, again and again."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(NOT_SOONER)  # what has changed is committed by then, and more of it is told at once
            self.tell()

    def tell(self) -> None:
        """Tell the open lists of what has changed since the last time."""
        self._changed.clear()
        self._bus.announce(TOPIC)
