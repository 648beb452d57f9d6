"""Audio made for one call, kept only until Asterisk has fetched it.

It may hold what nobody but this caller is to hear: it lies in a folder of its own, under names that nobody can guess,
and goes after `KEPT` seconds. What a killed process left goes at the next start.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from router.speech.cache import Audio, is_key
from router.speech.failures import SynthesisFailed
from router.speech.wav import HEADER_SIZE, telephone_seconds

KEPT = 300.0
"""Seconds; a prompt is fetched at once, and its last piece a few minutes later."""
MOST_FILES = 2_000
_SUFFIX = ".wav"


class BriefAudio:
    """Files by key in ``directory``; several processes may share it.

    ``now`` gives seconds since the epoch, ``make_key`` 40 hexadecimal digits. Use it from one event loop.
    """

    def __init__(
        self,
        directory: Path,
        *,
        now: Callable[[], float] = time.time,
        make_key: Callable[[], str] = lambda: secrets.token_hex(20),
    ) -> None:
        self._directory = directory
        self._now = now
        self._make_key = make_key
        self._mine: dict[Path, asyncio.TimerHandle] = {}

    def open(self) -> None:
        """Make the folder, and clear away what has had its time. Blocks for a moment. Raises `OSError`."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.scandir(self._directory) as listing:
            for item in listing:
                with suppress(FileNotFoundError):
                    if item.stat().st_mtime < self._now() - KEPT:
                        os.unlink(item.path)

    async def aclose(self) -> None:
        """Take away all that this process has put here."""
        for path, timer in self._mine.items():
            timer.cancel()
            with suppress(OSError):
                path.unlink()
        self._mine.clear()

    async def put(self, wav: bytes, kept: float = KEPT) -> Audio:
        """Keep a telephone WAV for ``kept`` seconds. Raises `SynthesisFailed` when it cannot be kept."""
        seconds = telephone_seconds(wav[:HEADER_SIZE], len(wav))
        if seconds is None:
            raise SynthesisFailed("the synthesiser gave something other than 8 kHz, 16-bit, mono PCM WAV")
        key = self._make_key()
        path = self._directory / (key + _SUFFIX)
        try:
            await asyncio.to_thread(_write, path, wav)
        except OSError as error:
            raise SynthesisFailed(f"audio cannot be kept in {self._directory}: {error.strerror or error}") from error
        self._mine[path] = asyncio.get_running_loop().call_later(kept, self._forget, path)
        if len(self._mine) > MOST_FILES:
            self._forget(next(iter(self._mine)))
        return Audio(key, seconds, path, brief=True)

    def find(self, key: str) -> Audio | None:
        """The audio for ``key`` while it is there."""
        if not is_key(key):
            return None
        path = self._directory / (key + _SUFFIX)
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                seconds = telephone_seconds(file.read(HEADER_SIZE), size)
        except OSError:
            return None
        return None if seconds is None else Audio(key, seconds, path, brief=True)

    def _forget(self, path: Path) -> None:
        timer = self._mine.pop(path, None)
        if timer is not None:
            timer.cancel()
        with suppress(OSError):
            path.unlink()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, for our own eyes only."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
