"""The folder of flows, for those who keep them in git: what changes in it is released once it holds still and is right.

A broken folder changes nothing; its problems are logged once and shown to admins. Of several processes that look at the
same folder one releases, since the others then find it taken over.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from router.flow.files import Files, FlowSet, set_id
from router.flow.load import flow_files, read_folder, root_of
from router.flow.problems import FlowRefused
from router.releases.releases import Releases
from router.store.loops import look_again

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
"""Seconds between looks. A folder that is the same in two looks holds still: nobody is in the middle of writing it."""

Sight = frozenset[tuple[str, int, int, int]]
"""Of each file its path, inode, size and time of the last change in nanoseconds."""


class Folder:
    """``path`` is a folder of flows, or one flow with what is shared beside it."""

    def __init__(self, path: Path, releases: Releases) -> None:
        self._path = path
        self._root = root_of(path)
        self._releases = releases
        self._seen: Sight | None = None
        self._settled: Sight | None = None
        """As the folder looked when it was last read, and needs no second reading."""
        self._taken: str | None = None
        """The set that it held when it was last right."""

    def shown(self, path: str) -> str:
        """How problems name the file at ``path``."""
        return str(self._root / path)

    async def start(self) -> None:
        """Take the folder over as it is. Raises `FlowRefused` where it is broken and nothing was ever released."""
        self._seen = self._settled = await asyncio.to_thread(self._sight)
        try:
            await self._take_over(await asyncio.to_thread(read_folder, self._path))
        except FlowRefused as refused:
            if not await self._releases.newest_id():
                raise
            self._tell(refused)

    async def as_it_is(self) -> FlowSet | None:
        """What would be released if it were taken over now, for calls of this process alone; None where that is broken,
        which is logged."""
        try:
            return await self._releases.with_folder(await asyncio.to_thread(read_folder, self._path), self.shown)
        except FlowRefused as refused:
            self._tell(refused)
            return None

    async def run(self) -> None:
        """Look again and again until cancelled; nothing that goes wrong ends it."""
        away = "changed flows cannot be released: the database is away"
        failed = "looking at the folder of flows failed, will be tried again"
        await look_again(self.look, LOOK_EVERY, away=away, failed=failed)

    async def look(self) -> None:
        """Take the folder over, if it has changed since it was last read and is the same as at the look before."""
        sight = await asyncio.to_thread(self._sight)
        quiet, self._seen = sight == self._seen, sight
        if not quiet or sight == self._settled:
            return
        try:
            files = await asyncio.to_thread(read_folder, self._path)
            if await asyncio.to_thread(self._sight) != sight:
                return  # somebody is writing after all
            await self._take_over(files)
        except FlowRefused as refused:
            self._tell(refused)
        self._settled = sight

    async def _take_over(self, files: Files) -> None:
        name = set_id(files)
        # Only touched, or back to what was taken over: another process may have another folder, and the two would
        # otherwise replace each other's flows for ever.
        release = await self._releases.take_over(files, self.shown) if name != self._taken else None
        self._taken = name
        self._releases.tell_folder_problems(())
        if release is not None:
            log.info("released what changed in the folder of flows", release=release.id, files=len(release.changed))

    def _tell(self, refused: FlowRefused) -> None:
        if refused.problems == self._releases.folder_problems():
            return
        self._releases.tell_folder_problems(refused.problems)
        for problem in refused.problems:
            log.error("the folder of flows is not released", problem=str(problem))

    def _sight(self) -> Sight:
        seen = set()
        try:
            for file in flow_files(self._path):
                found = file.stat()
                seen.add((str(file), found.st_ino, found.st_size, found.st_mtime_ns))
        except (FlowRefused, OSError):
            return frozenset({("not to be read", 0, 0, len(seen))})
        return frozenset(seen)
