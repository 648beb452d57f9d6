"""Text to speech behind one small interface, with espeak-ng as the synthesiser that is always at hand.

Another synthesiser is one more class with `key` and `synthesise`, chosen in the composition root.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import structlog

from router.speech.conversion import to_telephone
from router.speech.failures import SynthesisFailed
from router.speech.wav import WavUnreadable, read_wav

log = structlog.get_logger(__name__)

LONGEST_TEXT = 4_000
"""Characters in one prompt; about five minutes of speech."""

_RENDERING = 1
"""Raise it when the way from the synthesiser's output to the telephone WAV changes audibly."""

_VOICE = re.compile(r"[a-z0-9][A-Za-z0-9_+.\-]{0,63}")
_ESPEAK_COMMANDS = re.compile(r"[\x00-\x1f\x7f\[\]\ud800-\udfff]")
_DEFAULT_VOICES: Mapping[str, str] = MappingProxyType({"de": "de", "en": "en-gb"})
_COMPLAINT_SIZE = 300
_REAP_SECONDS = 1.0


class Synthesiser(Protocol):
    """Turns the text of a prompt into sound."""

    @property
    def key(self) -> str:
        """Names the synthesiser, its version and every setting that changes the sound: part of the cache's key."""

    async def synthesise(self, text: str, language: str) -> bytes:
        """Speak `text` (plain words, no markup) in `language` (BCP 47, `de` or `en-GB`) as a telephone WAV.

        Ends within a time of its own choosing. Raises `SynthesisFailed`.
        """


@dataclass(slots=True, eq=False)
class EspeakNg:
    """espeak-ng as a child process, one for each text.

    `voices` maps languages to espeak voices, `speed` is in words per minute. A text that takes longer than
    `time_limit` seconds (waiting for its turn included) or gives more than `size_limit` bytes is given up; `at_once`
    processes run at a time and `waiting_limit` texts may wait for one. `version` is the installed program's, see
    `installed`.
    """

    voices: Mapping[str, str] = field(default_factory=lambda: _DEFAULT_VOICES)
    speed: int = 150
    program: str = "espeak-ng"
    version: str = ""
    time_limit: float = 5.0
    size_limit: int = 32 * 2**20
    at_once: int = 2
    waiting_limit: int = 200
    _slots: asyncio.Semaphore = field(init=False, repr=False)
    _under_way: int = field(init=False, repr=False, default=0)

    def __post_init__(self) -> None:
        for language, voice in self.voices.items():
            if not _VOICE.fullmatch(voice):
                raise ValueError(f"voice {voice!r} for language {language!r} is not an espeak-ng voice name")
        if not 80 <= self.speed <= 450:
            raise ValueError(f"speed {self.speed} is outside espeak-ng's 80 to 450 words per minute")
        self._slots = asyncio.Semaphore(self.at_once)

    @property
    def key(self) -> str:
        voices = ",".join(f"{language}={voice}" for language, voice in sorted(self.voices.items()))
        return f"espeak-ng {self.version} rendering {_RENDERING} speed {self.speed} voices {voices}"

    async def synthesise(self, text: str, language: str) -> bytes:
        voice = self._voice(language)
        if len(text) > LONGEST_TEXT:
            raise SynthesisFailed(f"the text has {len(text)} characters; at most {LONGEST_TEXT} are spoken in one go")
        if self._under_way >= self.at_once + self.waiting_limit:
            raise SynthesisFailed(f"{self.waiting_limit} texts already wait for espeak-ng")
        self._under_way += 1
        try:
            async with asyncio.timeout(self.time_limit), self._slots:
                spoken = await self._speak(plain_for_espeak(text), voice)
        except TimeoutError:
            raise SynthesisFailed(f"espeak-ng took longer than {self.time_limit:g} s") from None
        finally:
            self._under_way -= 1
        return await asyncio.to_thread(_telephone, spoken)

    def _voice(self, language: str) -> str:
        voice = self.voices.get(language) or self.voices.get(language.split("-")[0].lower())
        if voice is None:
            known = ", ".join(sorted(self.voices))
            raise SynthesisFailed(f"no voice is set for language {language[:20]!r}; there are voices for {known}")
        return voice

    async def _speak(self, text: str, voice: str) -> bytes:
        """Run the program; the text goes in through a pipe, so no argument list or shell ever sees it."""
        options = ("-b", "1", "-v", voice, "-s", str(self.speed), "-z", "--stdin", "--stdout")
        process = await _start(self.program, *options)
        try:
            return await _converse(process, text.encode(), self.size_limit)
        finally:
            await _end(process)


async def installed_version(program: str = "espeak-ng", *, time_limit: float = 3.0) -> str:
    """Version of the espeak-ng found on this machine, like `1.51`. Raises `SynthesisFailed` when it does not run."""
    process = await _start(program, "--version")
    try:
        async with asyncio.timeout(time_limit):
            answer = await _converse(process, b"", 4096)
    except TimeoutError:
        raise SynthesisFailed(f"{program} --version gave no answer within {time_limit:g} s") from None
    finally:
        await _end(process)
    found = re.search(r"text-to-speech: ([\w.\-]{1,20})", answer.decode(errors="replace"))
    if found is None:
        raise SynthesisFailed(f"{program} is not espeak-ng: its --version says something else")
    return found[1]


def plain_for_espeak(text: str) -> str:
    """Take out what espeak-ng reads as commands: control characters, and `[[…]]`, which switches to phoneme codes."""
    return _ESPEAK_COMMANDS.sub(" ", text)


async def _start(program: str, *options: str) -> asyncio.subprocess.Process:
    path = shutil.which(program)
    if path is None:
        raise SynthesisFailed(f"{program} is not installed; on Debian: apt install espeak-ng")
    pipe = asyncio.subprocess.PIPE
    try:
        # An environment of our own: nothing in ours concerns the child, and secrets may be in it.
        return await asyncio.create_subprocess_exec(
            path, *options, stdin=pipe, stdout=pipe, stderr=pipe, env={"LANG": "C.UTF-8"}
        )
    except OSError as error:
        raise SynthesisFailed(f"{program} cannot be started: {error.strerror}") from error


async def _converse(process: asyncio.subprocess.Process, text: bytes, size_limit: int) -> bytes:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise SynthesisFailed("espeak-ng was started without pipes")
    # A program that has ended before it was told anything: uvloop has no better error for its closed pipe.
    with suppress(ConnectionError, RuntimeError):
        process.stdin.write(text)
        await process.stdin.drain()
    process.stdin.close()
    output = bytearray()
    while block := await process.stdout.read(65_536):
        output += block
        if len(output) > size_limit:
            raise SynthesisFailed(f"espeak-ng gave more than {size_limit} bytes of sound")
    complaint = await process.stderr.read(_COMPLAINT_SIZE)
    if await process.wait():
        said = complaint.decode(errors="replace").strip().partition("\n")[0]
        raise SynthesisFailed(f"espeak-ng failed ({process.returncode}): {said or 'without saying why'}")
    return bytes(output)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the process if it still runs, empty its pipes and collect it."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    try:
        async with asyncio.timeout(_REAP_SECONDS):
            await process.communicate()
    except TimeoutError:
        log.warning("synthesiser_process_left", pid=process.pid)


def _telephone(spoken: bytes) -> bytes:
    if not spoken:
        raise SynthesisFailed("espeak-ng gave no sound: the text has nothing that can be spoken")
    try:
        return to_telephone(read_wav(spoken, streamed=True), trim=True)
    except WavUnreadable as error:
        raise SynthesisFailed(f"espeak-ng gave no usable sound: {error}") from error
