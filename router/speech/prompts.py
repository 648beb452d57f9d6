"""Prompts to audio: a recorded file where there is one, else the synthesiser; each made once and then kept.

A call asks `ensure` right before it plays something. `prepare` does the same for all prompts of a flow beforehand, so
that callers do not wait and mistakes show up at the start instead of in a call.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import structlog

from router.speech.brief import KEPT, BriefAudio
from router.speech.cache import Audio, AudioCache, content_key
from router.speech.failures import PromptFailed, RecordingRefused, SynthesisFailed
from router.speech.pieces import LONGEST, cut
from router.speech.recordings import RecordedFile, find_recording, load_recording
from router.speech.synthesis import Synthesiser
from router.speech.wav import TELEPHONE_RATE

log = structlog.get_logger(__name__)

_PREPARED_AT_ONCE = 2
_KNOWN_RECORDINGS = 2_000
_KNOWN_TEXTS = 2_000
ONCE_SECONDS = 3.0
"""For a prompt that is made while its caller waits; after that people are quicker than we are."""
_A_SAMPLE = 1 / TELEPHONE_RATE

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something a flow says: `text` in `language`, or the recording of that name where the file exists."""

    text: str
    language: str
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class PromptProblem:
    """A prompt that cannot be played as wished, and why. With `spoken_instead` callers hear the synthesiser."""

    prompt: Prompt
    reason: str
    spoken_instead: bool


@dataclass(frozen=True, slots=True)
class _KnownRecording:
    """What became of one version of a recorded file: the key of its audio, or why it cannot be used."""

    version: tuple[int, int, int]
    outcome: str | RecordingRefused


def spoken_form(text: str) -> str:
    """The text as it is spoken and counted as the same: composed characters, plain spaces, nothing invisible."""
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return " ".join(text.split())  # nearly always; the rest is ten times slower
    visible = (
        " " if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs") else char
        for char in text
        if unicodedata.category(char) != "Cf"
    )
    return " ".join(unicodedata.normalize("NFC", "".join(visible)).split())


class PromptStore:
    """Audio for prompts, kept in `directory`; recordings lie in `recordings_dir/<language>/<name>.wav`.

    Use it from one event loop: `open` before the first prompt, `aclose` at the end.
    """

    def __init__(
        self,
        directory: Path,
        recordings_dir: Path | None,
        synthesiser: Synthesiser,
        *,
        cache: AudioCache | None = None,
    ) -> None:
        self._cache = cache or AudioCache(directory)
        self._brief = BriefAudio(directory / "once")
        self._recordings_dir = recordings_dir
        self._synthesiser = synthesiser
        self.made: Counter[str] = Counter()
        """Prompts made so far: `made` or `failed`."""
        self._making: dict[str, asyncio.Task[Any]] = {}
        self._recordings: dict[Path, _KnownRecording] = {}

    async def open(self) -> None:
        """Make the directory ready. Raises `SynthesisFailed` when it cannot be written."""
        await asyncio.to_thread(self._cache.open)
        try:
            await asyncio.to_thread(self._brief.open)
        except OSError as error:
            raise SynthesisFailed(f"audio for single calls cannot be kept: {error.strerror or error}") from error

    async def aclose(self) -> None:
        """Stop what is being made; nothing half done stays."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
        await self._brief.aclose()

    def find(self, key: str) -> Audio | None:
        """The audio an earlier `ensure` or `once` made, or None."""
        return self._cache.find(key) or self._brief.find(key)

    async def ensure(self, text: str, language: str, recording: str | None = None) -> Audio:
        """The audio for a prompt, made if need be.

        A recording that is missing or cannot be used is replaced by the spoken text (and logged once), so that a
        damaged file costs callers nothing but the nicer voice. Raises `RecordingRefused` when the name of a recording
        is not one, or the recording is unusable and there is no text; `SynthesisFailed` when the text cannot be spoken.
        """
        if recording is not None:
            try:
                found = await self._recorded(recording, language)
            except RecordingRefused as refused:
                if not spoken_form(text):
                    raise
                log.debug("recording_passed_over", reason=str(refused))
                found = None
            if found is not None:
                return found
        return await self._spoken(text, language)

    async def pieces(self, text: str, language: str, recording: str | None = None) -> tuple[Audio, ...]:
        """As `ensure`, cut into short pieces to be played one after the other (see `router.speech.pieces`)."""
        return await self._in_pieces(await self.ensure(text, language, recording))

    async def _in_pieces(self, whole: Audio) -> tuple[Audio, ...]:
        if whole.seconds <= LONGEST:
            return (whole,)
        found: list[Audio] = []
        while (piece := self._cache.find(_piece_key(whole, len(found)))) and len(found) < whole.seconds:
            found.append(piece)
        if abs(sum(piece.seconds for piece in found) - whole.seconds) < _A_SAMPLE:
            return tuple(found)

        async def make() -> tuple[Audio, ...]:
            return await self._cut(whole)

        return await self._once(f"pieces of {whole.key}", make)

    async def once(
        self, text: str, language: str, recordings: Sequence[str] = (), kept: float = KEPT
    ) -> tuple[Audio, ...]:
        """The audio of a prompt made for one call, in short pieces: the recorded files of all `recordings` where each
        is there, else the text spoken within `ONCE_SECONDS` and kept for ``kept`` seconds. Raises `SynthesisFailed`."""
        if recordings and (recorded := await self._all_recorded(recordings, language)):
            return recorded
        plain = spoken_form(text)
        if not plain:
            raise SynthesisFailed("the prompt has no text")
        try:
            async with asyncio.timeout(ONCE_SECONDS):
                spoken = await self._synthesiser.synthesise(plain, language)
        except TimeoutError:
            raise SynthesisFailed(f"a prompt for one call was not spoken within {ONCE_SECONDS:g} s") from None
        parts = await asyncio.to_thread(cut, spoken)
        return tuple([await self._brief.put(part, kept) for part in parts])

    async def _all_recorded(self, names: Sequence[str], language: str) -> tuple[Audio, ...]:
        """The recordings in order; none where one of them is missing or cannot be used."""
        found: list[Audio] = []
        for name in names:
            try:
                recorded = await self._recorded(name, language)
            except RecordingRefused as refused:
                log.debug("recording_passed_over", reason=str(refused))
                return ()
            if recorded is None:
                return ()
            found += await self._in_pieces(recorded)
        return tuple(found)

    async def _cut(self, whole: Audio) -> tuple[Audio, ...]:
        try:
            parts = await asyncio.to_thread(lambda: cut(whole.path.read_bytes()))
        except OSError as error:
            raise SynthesisFailed(f"a prompt cannot be read: {error.strerror}") from error
        return tuple([await self._cache.put(_piece_key(whole, at), part) for at, part in enumerate(parts)])

    async def prepare(
        self, prompts: Iterable[Prompt], progress: Callable[[int, int], None] | None = None
    ) -> tuple[PromptProblem, ...]:
        """Make the audio of all prompts; `progress` is told how many of how many are done. Never raises for a prompt.

        Answers with the prompts that cannot be played as wished, in the order given.
        """
        wanted = list(dict.fromkeys(prompts))
        reasons: dict[Prompt, PromptProblem] = {}
        done = 0

        async def work(queue: Iterator[Prompt]) -> None:
            nonlocal done
            for prompt in queue:
                problem = await self._problem(prompt)
                if problem is not None:
                    reasons[prompt] = problem
                done += 1
                if progress is not None:
                    progress(done, len(wanted))

        queue = iter(wanted)
        async with asyncio.TaskGroup() as group:
            for _ in range(_PREPARED_AT_ONCE):
                group.create_task(work(queue))
        return tuple(reasons[prompt] for prompt in wanted if prompt in reasons)

    async def _problem(self, prompt: Prompt) -> PromptProblem | None:
        refused: RecordingRefused | None = None
        try:
            if prompt.recording is not None:
                await self._recorded(prompt.recording, prompt.language)
        except RecordingRefused as error:
            refused = error
        try:
            await self.pieces(prompt.text, prompt.language, prompt.recording)
        except PromptFailed as error:
            return PromptProblem(prompt, str(refused or error), spoken_instead=False)
        return None if refused is None else PromptProblem(prompt, str(refused), spoken_instead=True)

    async def _spoken(self, text: str, language: str) -> Audio:
        plain = spoken_form(text)
        if not plain:
            raise SynthesisFailed("the prompt has no text and no recording")
        key = _spoken_key(self._synthesiser.key, language, plain)

        async def make() -> Audio:
            return await self._cache.put(key, await self._synthesiser.synthesise(plain, language))

        found = self._cache.find(key)
        return found if found is not None else await self._once(key, make)

    async def _recorded(self, name: str, language: str) -> Audio | None:
        if self._recordings_dir is None:
            return None
        file = find_recording(self._recordings_dir, name, language)
        if file is None:
            return None
        known = self._recordings.get(file.path)
        if known is not None and known.version == file.version:
            if isinstance(known.outcome, RecordingRefused):
                raise RecordingRefused(str(known.outcome))
            audio = self._cache.find(known.outcome)
            if audio is not None:
                return audio

        async def make() -> Audio:
            return await self._load(file)

        return await self._once(f"{file.path}", make)

    async def _load(self, file: RecordedFile) -> Audio:
        while len(self._recordings) >= _KNOWN_RECORDINGS:
            del self._recordings[next(iter(self._recordings))]
        try:
            recording = await asyncio.to_thread(load_recording, file)
        except RecordingRefused as refused:
            self._recordings[file.path] = _KnownRecording(file.version, refused)
            raise
        self._recordings[file.path] = _KnownRecording(file.version, recording.key)
        return self._cache.find(recording.key) or await self._cache.put(recording.key, recording.wav)

    async def _once(self, key: str, make: Callable[[], Awaitable[_Made]]) -> _Made:
        """Run `make` once for all who ask at the same time; one of them giving up does not stop the others."""
        task: asyncio.Task[_Made] | None = self._making.get(key)
        if task is None:
            task = asyncio.ensure_future(_as_coroutine(make))
            self._making[key] = task
            task.add_done_callback(lambda done: self._made(key, done))
        return await asyncio.shield(task)

    def _made(self, key: str, task: asyncio.Task[Any]) -> None:
        del self._making[key]
        error = None if task.cancelled() else task.exception()
        self.made["made" if error is None else "failed"] += 1
        if isinstance(error, PromptFailed):
            log.debug("prompt_failed", reason=str(error))  # whoever asked is told, and says it
        elif error is not None:
            log.error("prompt_failed_unexpectedly", exc_info=error)


@lru_cache(maxsize=_KNOWN_TEXTS)
def _spoken_key(synthesiser: str, language: str, plain: str) -> str:
    return content_key("spoken 1", synthesiser, language, plain)  # the same few texts are said in every call


def _piece_key(whole: Audio, at: int) -> str:
    return content_key("piece 1", whole.key, str(at))


async def _as_coroutine(make: Callable[[], Awaitable[_Made]]) -> _Made:
    return await make()
