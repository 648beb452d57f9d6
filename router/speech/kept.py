"""What callers said, kept as audio: only where the flow has announced it and the caller has agreed (`Listening.keep`).

A file comes first, its row with the call's turn (`router.calls.handle`). What a crash leaves between the two, and what
is left when calls are erased, is a file that no row names; it goes an hour later. Deleting begins with the file.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from router.speech.wav import HEADER_SIZE, TELEPHONE_RATE, telephone_wav
from router.store import speech_recordings
from router.store.database import Database, new_id

LONGEST: Final = 60
"""Seconds of one recording; what is longer is cut off."""
SECONDS: Final = 2.0
"""In which a recording has to be written: the caller waits for it."""
NAMELESS: Final = timedelta(hours=1)
"""A file has this long to get its row; a turn takes seconds."""
BITE: Final = 500
"""Recordings deleted or looked up at a time."""
MOST_BITES: Final = 60

_NAME = re.compile(r"[0-9a-f]{32}")

log = structlog.get_logger(__name__)


class KeptSpeech:
    """The recordings in ``folder``: telephone WAV that only we may read, each named by an id."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        clock: Callable[[], datetime],
        make_id: Callable[[], str] = new_id,
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock
        self._make_id = make_id
        self._seconds = seconds
        self._looked: datetime | None = None

    async def keep(self, audio: bytes) -> str | None:
        """Keep ``audio`` (`router.speech.recognition.recogniser.RATE`); the name of the recording. None where that
        fails, which is logged and costs the caller nothing."""
        name = self._make_id()
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.to_thread(self._write, name, audio[: LONGEST * TELEPHONE_RATE * 2])
        except TimeoutError:
            log.warning("a recording could not be kept", reason=f"not within {self._seconds:g} s")
            return None
        except OSError as error:
            log.warning("a recording could not be kept", reason=error.strerror)
            return None
        return name

    def file(self, name: str) -> Path | None:
        """Where a recording lies; None where it is not here, deleted or on another machine."""
        path = self._path(name)
        return path if path is not None and path.is_file() else None

    def seconds(self, name: str) -> float | None:
        """How long a recording is; None where it is not here."""
        path = self._path(name)
        try:
            return max(0, path.stat().st_size - HEADER_SIZE) / (2 * TELEPHONE_RATE) if path else None
        except OSError:
            return None

    async def tidy(self, before: datetime) -> None:
        """Delete what was said ``before``, and now and then the files that no row names."""
        for _ in range(MOST_BITES):
            if await self._forget(before) < BITE:
                break
        now = self._clock()
        if self._looked is None or now - self._looked >= NAMELESS:
            self._looked = now
            await self._sweep_out(now - NAMELESS)

    async def _forget(self, before: datetime) -> int:
        async with self._database.read() as connection:
            old = await speech_recordings.older(connection, before, BITE)
        if old:
            await asyncio.to_thread(self._delete, [row.recording for row in old])
            async with self._database.begin() as connection:
                await speech_recordings.remove(connection, [row.id for row in old])
        return len(old)

    async def _sweep_out(self, before: datetime) -> None:
        files = await asyncio.to_thread(lambda: list(self._written(before)))
        deleted = 0
        for start in range(0, len(files), BITE):
            names = files[start : start + BITE]
            async with self._database.read() as connection:
                named = await speech_recordings.named(connection, names)
            deleted += await asyncio.to_thread(self._delete, [name for name in names if name not in named])
        if deleted:
            log.info("deleted recordings that belong to no call", recordings=deleted)

    def _path(self, name: str) -> Path | None:
        return self._folder / f"{name}.wav" if _NAME.fullmatch(name) else None

    def _write(self, name: str, audio: bytes) -> None:
        """The whole file or none; the time in it is the house's."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, unfinished = self._folder / f"{name}.wav", self._folder / f"{name}.part"
        now = self._clock().timestamp()
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(telephone_wav(audio[: len(audio) - len(audio) % 2]))
            os.utime(unfinished, (now, now))
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    def _written(self, before: datetime) -> Iterator[str]:
        """The names of files as old as that; what a crash left half written is deleted on the way."""
        try:
            entries = list(os.scandir(self._folder))
        except FileNotFoundError:
            return
        for entry in entries:
            name, _, kind = entry.name.rpartition(".")
            if not _NAME.fullmatch(name) or entry.stat(follow_symlinks=False).st_mtime > before.timestamp():
                continue
            if kind == "part":
                Path(entry.path).unlink(missing_ok=True)
            elif kind == "wav":
                yield name

    def _delete(self, names: list[str]) -> int:
        for name in names:
            if path := self._path(name):
                path.unlink(missing_ok=True)
        return len(names)
