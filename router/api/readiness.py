"""Whether calls can be taken here, and how each part stands that they need.

Where this says no, a proxy or a balancer should send new calls elsewhere. Those that come all the same are not lost:
what cannot be decided goes to the default queue, at once or after a few seconds of silence.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from router.store import migrate
from router.store.bus import Bus
from router.store.database import Database

CHECK_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 1.0
"""An answer is kept so long: nobody may keep the database busy by asking."""
STUCK_SECONDS: Final = 2.0
"""When the event loop was so late within the last seconds, callers have heard it."""
LEAST_ROOM: Final = 16 * 1024 * 1024
"""Bytes without which neither database nor prompts can be relied on."""

OK: Final = "ok"
NEWER: Final = "ok, at a newer version's schema"
OLDER: Final = "not at this version's schema; run `threadline db upgrade`"
AWAY: Final = "cannot be reached"


class Connected(Protocol):
    """What is needed of `router.agents.ami.Ami`."""

    @property
    def connected(self) -> bool: ...


class Listening(Protocol):
    """What is needed of `router.channels.agi.server.AgiServer`."""

    @property
    def listening(self) -> bool: ...
    @property
    def full(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What readiness looks at. ``agi`` is None where this process has no FastAGI server, ``ami`` where none is set up;
    ``worst_lag`` tells how late the event loop was at worst within the last seconds; ``folders`` are those of
    prompts, other files and the embedded database. The ``bus`` is information: without it all is noticed later."""

    database: Database
    agi: Listening | None = None
    ami: Connected | None = None
    stopping: asyncio.Event | None = None
    worst_lag: Callable[[], float] = lambda: 0.0
    folders: tuple[Path, ...] = ()
    bus: Bus | None = None


class Readiness:
    """Looks whether calls can be taken."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ours = migrate.revisions()
        self._turn = asyncio.Lock()
        self._database = AWAY
        self._looked_at = float("-inf")
        self.is_ready = False
        """What was answered last."""

    @property
    def schema_is_right(self) -> bool:
        """Whether the database was there, at a schema that this version can work with, when it was last looked at."""
        return self._database in (OK, NEWER)

    async def checks(self) -> tuple[bool, dict[str, str]]:
        """Whether calls can be taken here, and the state of each part."""
        parts = self._parts
        checks = {"database": await self._database_state(), "fastagi": self._agi_state(), "ami": self._ami_state()}
        refusing = not self.schema_is_right or checks["fastagi"] in ("not listening", "full")
        if parts.bus is not None and parts.bus.connected is not None:
            checks["bus"] = "connected" if parts.bus.connected else "not connected"
        if parts.folders:
            checks["disk"], full = _room(parts.folders)
            refusing = refusing or (full and parts.database.is_sqlite)
        if (late := parts.worst_lag()) >= STUCK_SECONDS:
            checks["event loop"] = f"was stuck for {late:.1f} s"
            refusing = True
        if parts.stopping is not None and parts.stopping.is_set():
            checks["service"] = "stopping"
            refusing = True
        self.is_ready = not refusing
        return self.is_ready, checks

    async def _database_state(self) -> str:
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if now - self._looked_at >= KEPT_SECONDS:
                self._database = await self._look()
                self._looked_at = asyncio.get_running_loop().time()
            return self._database

    async def _look(self) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                current = await migrate.current(self._parts.database)
        except Exception:  # whatever a driver raises, the answer is the same
            return AWAY
        if current == self._ours[-1]:
            return OK
        # Each version's schema serves the one before, so that they can be exchanged one after the other.
        return OLDER if current is None or current in self._ours else NEWER

    def _agi_state(self) -> str:
        agi = self._parts.agi
        if agi is None:
            return "not in this process"
        if not agi.listening:
            return "not listening"
        return "full" if agi.full else "listening"

    def _ami_state(self) -> str:
        ami = self._parts.ami
        if ami is None:
            return "not set up"
        return "connected" if ami.connected else "not connected"


def _room(folders: Iterable[Path]) -> tuple[str, bool]:
    """How the disks of some folders stand, and whether nothing more can be stored on one of them."""
    for folder in folders:
        try:
            free = shutil.disk_usage(folder).free
        except OSError:
            return f"the folder {folder.name} is not there", True
        if not os.access(folder, os.W_OK):
            return f"the folder {folder.name} cannot be written to", True
        if free < LEAST_ROOM:
            return "full", True
    return OK, False
