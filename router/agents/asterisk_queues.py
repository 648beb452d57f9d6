"""Brings the description of queues to Asterisk: a file beside its own, what waiting callers are told, and the word to
read it anew. The file stays what it is while nobody is there to write it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from router.agents.ami import AmiDown, AmiRefused
from router.agents.queue_file import queue_file
from router.flow.nodes.base import Words
from router.flow.queues import Queue
from router.speech.failures import PromptFailed

log = structlog.get_logger(__name__)

READABLE = 0o644
"""Asterisk is another user, and no file of ours holds a secret."""
_OPEN = 0o755
_LOOK_EVERY = 1.0
_FOLDER = "threadline"

Speak = Callable[[str, str, str | None], Awaitable[Path]]
"""Makes a telephone WAV of a text in a language, or takes the recording of that name. Raises `PromptFailed`."""


class Book(Protocol):
    """What queues there are; see `router.releases.queue_book.QueueBook`."""

    @property
    def names(self) -> Collection[str]: ...

    @property
    def described(self) -> Mapping[str, Queue]: ...


class Reloads(Protocol):
    """What is needed of `router.agents.ami.Ami`."""

    @property
    def connected(self) -> bool: ...

    async def reload_queues(self) -> None: ...


class AsteriskQueues:
    """``file`` is written for Asterisk (None: nothing is), ``sounds`` is its folder of sounds (None: nothing is told
    while callers wait), ``ami`` is told of changes (None: nobody is)."""

    def __init__(
        self,
        book: Book,
        phones: Sequence[str],
        file: Path | None,
        sounds: Path | None = None,
        speak: Speak | None = None,
        ami: Reloads | None = None,
    ) -> None:
        self._book, self._phones, self._file = book, phones, file
        self._sounds, self._speak, self._ami = sounds, speak, ami
        self._due = False
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Write the file once, and tell Asterisk when it is there to be told, until cancelled."""
        await self.follow()
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await self.reload()

    async def text(self) -> str:
        """What the file holds for the queues as they are described now; what is told in them is made on the way."""
        return queue_file(self._book.names, self._book.described, self._phones, await self._announcements())

    async def follow(self) -> None:
        """Write the file where it differs, and have Asterisk read it. What fails is logged: callers have the queues
        that Asterisk has."""
        if self._file is None:
            return
        async with self._turn:
            try:
                text = await self.text()
                if await asyncio.to_thread(write_whole, self._file, text):
                    self._due = True
                    log.info("queues written for Asterisk", file=str(self._file))
            except OSError as error:
                log.error("queues not written for Asterisk", file=str(self._file), reason=error.strerror or str(error))
        await self.reload()

    async def reload(self) -> None:
        """Have Asterisk read its queues where that is due and it is there; else it is done when it comes back."""
        if not self._due or self._ami is None or not self._ami.connected:
            return
        try:
            await self._ami.reload_queues()
            self._due = False
        except (AmiDown, AmiRefused) as error:
            log.warning("Asterisk not told of its queues", reason=str(error))

    async def _announcements(self) -> dict[str, list[str]]:
        """The sounds of each queue as Asterisk names them: without language and ending, which it adds itself."""
        found: dict[str, list[str]] = {}
        if self._sounds is None or self._speak is None:
            return found
        for name, queue in self._book.described.items():
            for words in queue.announcements.texts:
                try:
                    found.setdefault(name, []).append(await self._sound(words, self._sounds, self._speak))
                except (PromptFailed, OSError) as error:
                    log.warning("announcement cannot be made", queue=name, reason=str(error))
        return found

    async def _sound(self, words: Words, folder: Path, speak: Speak) -> str:
        made = {language: await speak(text, language, words.recording) for language, text in words.texts.items()}
        digest = hashlib.sha256()
        audio = {language: await asyncio.to_thread(path.read_bytes) for language, path in made.items()}
        for language, content in sorted(audio.items()):
            digest.update(language.encode() + content)
        name = f"{_FOLDER}/{digest.hexdigest()[:16]}"  # another text is another file: Asterisk may be playing the old
        for language, content in audio.items():
            await asyncio.to_thread(write_whole, folder / language / f"{name}.wav", content)
        return name


def write_whole(file: Path, content: str | bytes) -> bool:
    """Write a file so that nobody ever reads half of it; whether it differed. Raises `OSError`."""
    data = content.encode() if isinstance(content, str) else content
    with contextlib.suppress(FileNotFoundError, PermissionError):  # one of another user's can be replaced all the same
        if file.read_bytes() == data:
            return False
    _make_folder(file.parent)
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as writing:
            writing.write(data)
            writing.flush()
            os.fsync(writing.fileno())
        os.chmod(part, READABLE)
        os.replace(part, file)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise
    return True


def _make_folder(folder: Path) -> None:
    """Make the folder where it is missing, so that Asterisk, another user, gets in."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(_OPEN)
