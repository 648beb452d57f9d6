"""Tells other parts of this process that something was written: announce after the commit, read the row to learn more.

Announcements are hints: one may be lost when a listener is too slow, so a listener looks into the database when it
starts and whenever it was woken. The embedded default needs no broker. Where several processes share a database, an
engine carries announcements to the others, too (`router.store.announcing`); another takes its place by these methods.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

EVERYTHING: Final = "*"
"""Announced, it wakes everybody, whatever they listen to."""


class Bus:
    """Topics are text such as ``desk:PERSON``."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @property
    def connected(self) -> bool | None:
        """Whether announcements of other processes arrive now; None: there is nothing that would carry them."""
        return None

    def announce(self, topic: str) -> None:
        """Wake everybody who listens to ``topic``. Never blocks: a wake-up that was not consumed yet is enough."""
        if topic == EVERYTHING:
            for listeners in self._listeners.values():
                for listener in listeners:
                    listener.set()
            return
        for listener in self._listeners.get(topic, ()):
            listener.set()

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set at each announcement; the listener clears it before it reads."""
        woken = asyncio.Event()
        self._listeners[topic].add(woken)
        try:
            yield woken
        finally:
            self._listeners[topic].discard(woken)
            if not self._listeners[topic]:
                del self._listeners[topic]
