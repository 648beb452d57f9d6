"""Audio kept on disk under a key made from what it was made of, so the same key always plays the same words.

One flat directory of `<key>.wav` files, several processes may share it. Files appear whole or not at all; when the
directory is full, those not used for longest go, a few at a time.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import stat
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from router.speech.failures import SynthesisFailed
from router.speech.wav import HEADER_SIZE, telephone_seconds

log = structlog.get_logger(__name__)

_KEY = re.compile(r"[0-9a-f]{40}")
_SUFFIX = ".wav"
_PART = ".part"
_STALE_PART_SECONDS = 3600
"""An unfinished file older than this belongs to no living writer."""
_TOUCH_SECONDS = 3600
"""How far the time of last use on disk may lag behind."""
_BITE = 8
"""Files deleted at most for one new file, so that no caller waits for a big clean-up."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound ready to be played: a telephone WAV of `seconds` at `path`. `brief`: made for one call, and soon gone."""

    key: str
    seconds: float
    path: Path
    brief: bool = False


def content_key(kind: str, *parts: str | bytes) -> str:
    """40 hexadecimal digits for content of one kind; parts are length-prefixed, so no two lists run together."""
    digest = hashlib.blake2b(digest_size=20)
    for part in (kind, *parts):
        body = part if isinstance(part, bytes) else part.encode(errors="surrogatepass")
        digest.update(len(body).to_bytes(8, "big") + body)
    return digest.hexdigest()


def is_key(text: str) -> bool:
    """Whether `text` has the form of a key, and so is safe as part of a path."""
    return _KEY.fullmatch(text) is not None


@dataclass(slots=True)
class _Entry:
    """A file seen to be whole, and how to notice cheaply that it is still the same."""

    audio: Audio
    size: int
    modified_ns: int
    touched: float


class AudioCache:
    """Files by key, the least recently used deleted beyond `max_bytes` or `max_files`.

    `now` gives seconds since the epoch. Not thread-safe: call it from one event loop.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int = 512 * 2**20,
        max_files: int = 20_000,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._folder = os.path.join(directory, "")
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._now = now
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0

    def open(self) -> None:
        """Make the directory, clear away what a killed process left, and learn what is there. Blocks for a moment.

        Raises `SynthesisFailed` when the directory cannot be used.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            for _, name in sorted(self._files()):
                self.find(name.removesuffix(_SUFFIX))
            with tempfile.TemporaryFile(dir=self._directory):
                pass
        except OSError as error:
            raise _unwritable(self._directory, error) from error

    def find(self, key: str) -> Audio | None:
        """The audio for `key`, or None when it is not there or not whole (what is left of it is deleted)."""
        if not is_key(key):
            return None
        try:
            found = os.stat(f"{self._folder}{key}{_SUFFIX}")  # of each prompt of each call
        except OSError:
            self._forget(key)
            return None
        entry = self._entries.get(key)
        if entry is None or (entry.size, entry.modified_ns) != (found.st_size, found.st_mtime_ns):
            self._forget(key)
            path = self._directory / (key + _SUFFIX)
            seconds = _whole(path, found)
            if seconds is None:
                log.warning("prompt_file_damaged", key=key, size=found.st_size)
                with suppress(OSError):
                    path.unlink()
                return None
            entry = self._remember(Audio(key, seconds, path), found)
        self._entries.move_to_end(key)
        self._touch(entry)
        return entry.audio

    async def put(self, key: str, wav: bytes) -> Audio:
        """Keep a telephone WAV under `key`, replacing what was there. Raises `SynthesisFailed` when it cannot."""
        seconds = telephone_seconds(wav[:HEADER_SIZE], len(wav))
        if seconds is None or not is_key(key):
            raise SynthesisFailed("the synthesiser gave something other than 8 kHz, 16-bit, mono PCM WAV")
        path = self._directory / (key + _SUFFIX)
        try:
            written = await asyncio.to_thread(_write_whole, path, wav)
        except OSError as error:
            raise _unwritable(self._directory, error) from error
        self._forget(key)
        entry = self._remember(Audio(key, seconds, path), written)
        await asyncio.to_thread(_delete, self._victims())
        return entry.audio

    def _files(self) -> list[tuple[float, str]]:
        """Time of last use and name of each audio file; unfinished ones nobody writes any more are deleted."""
        files = []
        with os.scandir(self._directory) as listing:
            for item in listing:
                with suppress(FileNotFoundError):  # another process may have deleted it
                    if item.name.endswith(_SUFFIX):
                        files.append((item.stat().st_atime, item.name))
                    elif item.name.endswith(_PART) and item.stat().st_mtime < self._now() - _STALE_PART_SECONDS:
                        os.unlink(item.path)
        return files

    def _remember(self, audio: Audio, found: os.stat_result) -> _Entry:
        entry = _Entry(audio, found.st_size, found.st_mtime_ns, found.st_atime)
        self._entries[audio.key] = entry
        self._bytes += entry.size
        return entry

    def _forget(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size

    def _touch(self, entry: _Entry) -> None:
        """Note the use on disk now and then, so that the order of deletion survives a restart."""
        now = self._now()
        if now - entry.touched > _TOUCH_SECONDS:
            entry.touched = now
            with suppress(OSError):
                # The modification time stays: it is what a browser or Asterisk compares.
                os.utime(entry.audio.path, ns=(int(now * 1e9), entry.modified_ns))

    def _victims(self) -> list[Path]:
        victims: list[Path] = []
        while (
            len(victims) < _BITE
            and len(self._entries) > 1
            and (self._bytes > self._max_bytes or len(self._entries) > self._max_files)
        ):
            oldest = next(iter(self._entries))
            victims.append(self._entries[oldest].audio.path)
            self._forget(oldest)
        return victims


def _whole(path: Path, found: os.stat_result) -> float | None:
    if not stat.S_ISREG(found.st_mode):
        return None
    try:
        with path.open("rb") as file:
            return telephone_seconds(file.read(HEADER_SIZE), found.st_size)
    except OSError:
        return None


def _write_whole(path: Path, content: bytes) -> os.stat_result:
    """Write beside the place, then rename: a reader or a crash never meets half a file."""
    handle, name = tempfile.mkstemp(suffix=_PART, prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            written = os.fstat(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    return written


def _delete(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _unwritable(directory: Path, error: OSError) -> SynthesisFailed:
    way_out = {
        errno.ENOSPC: "free some disk space",
        errno.EACCES: "let the service's user write there",
        errno.EROFS: "choose a directory that can be written",
    }.get(error.errno or 0, "check the directory")
    return SynthesisFailed(f"audio cannot be kept in {directory}: {error.strerror or error}; {way_out}")
