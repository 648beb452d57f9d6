"""Listening where AudioSocket is missing: Asterisk records what the caller says, and we read the file.

That is slower, and needs Asterisk's disk to be ours: silence counts in whole seconds, and nothing is heard before it.
What is recorded is deleted at once; where we could not do that, callers use keys. What a crash left is deleted when
somebody is listened to later.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

import structlog

from router.channels.agi import render
from router.channels.agi.codec import Reply
from router.channels.agi.render import Guarded
from router.core.commands import AskDigits
from router.core.events import InputTimedOut
from router.speech.listening.conversation import Answer
from router.speech.listening.endpoint import MOMENT, Patience
from router.speech.listening.voice import RATE, SileroVoice, Voice
from router.speech.recognition.ear import Ear
from router.speech.wav import WavUnreadable, read_wav

_log = structlog.get_logger(__name__)

_SILENCE: Final = 2
"""Seconds of it that end a recording: with one, a caller who reads in groups would be cut off."""
_LONGEST: Final = 12
_MOST_BYTES: Final = 2 * RATE * (_LONGEST + 5)
_LOOK: Final = 0.5
"""Seconds between looks whether words are there; meanwhile keys are waited for."""
_COMFORT_AFTER: Final = 1.0
"""Seconds after which the caller is told that we are at it: two of silence are over before."""
_SPEECH: Final = 0.5
_NAME: Final = "listening-"
_LEFT_SECONDS: Final = 3600.0
"""A file as old as that is of a call that a crash took away from us."""


class Hands(Protocol):
    """What the conversation with Asterisk lends us; see `router.channels.agi.session`."""

    async def do(self, asked: Guarded) -> Reply:
        """Have a command done that takes time."""
        ...

    async def check_alive(self) -> None:
        """Raise `HungUp` when the caller is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """Hears callers by recordings in ``directory``, a folder of Asterisk's."""

    ear: Ear
    directory: Path
    new_voice: Callable[[], Voice] = SileroVoice

    @property
    def usable(self) -> bool:
        """Whether what Asterisk writes there can be read and deleted by us."""
        return self.directory.is_dir() and os.access(self.directory, os.R_OK | os.W_OK | os.X_OK)

    async def ask(
        self, command: AskDigits, language: str, hands: Hands, comfort: Callable[[], Awaitable[str | None]]
    ) -> Answer | str:
        """The caller's answer, once the prompts are over; or the first key. ``comfort`` tells the caller that we are at
        it, and gives the key that cut it short. Raises what ``hands`` raise."""
        await asyncio.to_thread(self._delete_left)
        waited = 0.0
        while waited < command.first_timeout:
            file = self.directory / f"{_NAME}{uuid4()}"
            try:
                reply = await hands.do(render.record_answer(str(file), _LONGEST, _SILENCE))
                if reply.data == "dtmf":
                    return render.key_of_streaming(reply) or ""
                if reply.data != "timeout":
                    await hands.check_alive()
                    _log.error("answer_not_recorded", reason=reply.data)
                    break
                audio = await asyncio.to_thread(self._read, file.with_suffix(".wav"))
            finally:
                with suppress(OSError):
                    file.with_suffix(".wav").unlink()
            if audio:
                answer = await self._words(audio, command, language, hands, comfort)
                if not isinstance(answer, InputTimedOut):
                    return answer
            waited += max(float(_SILENCE), (reply.endpos or 0) / RATE)
        return InputTimedOut()

    def _delete_left(self) -> None:
        for file in self.directory.glob(f"{_NAME}*.wav"):
            with suppress(OSError):
                if file.stat().st_mtime < time.time() - _LEFT_SECONDS:
                    file.unlink()

    def _read(self, file: Path) -> bytes:
        """The sound of a recording in which somebody speaks, else nothing."""
        try:
            if file.stat().st_size > _MOST_BYTES:
                return b""
            wav = read_wav(file.read_bytes(), streamed=True)
        except (OSError, WavUnreadable) as error:
            _log.warning("answer_not_read", error=type(error).__name__)
            return b""
        audio = bytes(wav.data) if wav.is_telephone else b""
        speech = sum(MOMENT for probability in self.new_voice().hear(audio) if probability >= _SPEECH)
        return audio if speech >= Patience().least else b""

    async def _words(
        self,
        audio: bytes,
        command: AskDigits,
        language: str,
        hands: Hands,
        comfort: Callable[[], Awaitable[str | None]],
    ) -> Answer | str:
        """Words, or the key that is pressed before they are there."""
        hearing = asyncio.ensure_future(self.ear.hear(audio, language, command.listening))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_COMFORT_AFTER):
                    return await asyncio.shield(hearing)
            key = await comfort()
            while key is None and not hearing.done():
                key = render.key_of_streaming(await hands.do(render.listen(_LOOK)))
            return await hearing if key is None else key
        finally:
            hearing.cancel()
