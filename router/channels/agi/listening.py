"""Asking a caller who may speak: the call's sound comes over AudioSocket for as long as a question stands.

``EXEC AudioSocket`` runs until we end the stream, so the safety net of AGI (`render`) could not be pushed ahead
meanwhile, and a router that hangs would keep the caller in silence. A question is therefore listened to in stretches of
a few seconds: the stream is ended and begun again at once, where possible while nobody speaks. Nothing of the caller's
sound is lost by it; Asterisk keeps what comes in between (seen on Asterisk 22).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from router.channels.agi import render
from router.channels.agi.codec import Reply
from router.channels.agi.environment import Environment
from router.channels.agi.recorded import Hands, Recorded
from router.channels.agi.render import Sound
from router.core.commands import AskDigits
from router.core.events import SpeechHeard
from router.speech.audiosocket.server import AudioSocketServer, Visit
from router.speech.listening.comfort import Comfort
from router.speech.listening.conversation import Answer, Conversation, Outcome, Question
from router.speech.listening.talk import Talk
from router.speech.listening.voice import SileroVoice, Voice
from router.speech.listening.whole import whole
from router.speech.recognition.ear import Ear
from router.speech.wav import HEADER_SIZE

_log = structlog.get_logger(__name__)

_STRETCH: Final = 2.5
"""Seconds after which a stream is begun anew while nobody speaks,"""
_LONGEST_STRETCH: Final = 4.5
"""and in any case."""
_CONNECT_SECONDS: Final = 2.5
"""Asterisk itself tries for two."""
_BROKEN: Final = 3
"""Streams of one question that end by themselves before we give listening up."""
_FORGOTTEN: Final = 300.0
"""Seconds after which we try again with an Asterisk that had no AudioSocket, or could not reach us."""
_RECOGNISER_MARGIN: Final = 2.0
_VERSION: Final = re.compile(r"(?:certified/)?(\d+)\.(\d+)")
_KEYS_SINCE: Final = {20: 14, 21: 9, 22: 4}
"""Versions of Asterisk since which AudioSocket tells us of keys. Without that, keys would be lost."""
_NO_APPLICATION: Final = -2


@dataclass(slots=True)
class Listener:
    """Asks callers who may speak. ``address`` is where Asterisk finds ``server``; ``seconds`` is how long ``ear`` may
    take. Who asks is told when Asterisk cannot do it, and goes another way."""

    server: AudioSocketServer
    ear: Ear
    comfort: Comfort
    address: str
    seconds: float
    new_voice: Callable[[], Voice] = SileroVoice
    missing_until: float = float("-inf")
    most: int = 200
    """Callers who are listened to at one time; one more uses keys. Who speaks takes 3 MB, and time of the one core that
    all calls share."""
    listening: int = 0

    def can(self, env: Environment) -> bool:
        """Whether a call can be listened to, as far as is known."""
        reachable = asyncio.get_running_loop().time() >= self.missing_until
        return reachable and self.listening < self.most and tells_keys(env.asterisk_version)

    def recorded(self, directory: Path) -> Recorded:
        """The other way to listen, for an Asterisk without AudioSocket that records to ``directory``."""
        return Recorded(self.ear, directory, self.new_voice)

    async def ask(self, command: AskDigits, sounds: Sequence[Sound], hands: Hands) -> Outcome | None:
        """The caller's answer; None where the stream does not come about. ``sounds`` are the prompts. Raises what
        ``hands`` raise."""
        language = command.prompts[-1].language if command.prompts else "de"
        question = Question(
            await asyncio.to_thread(_samples, [sound.file for sound in sounds if sound.file]),
            self.comfort.sound(language),
            command.max_digits,
            command.first_timeout,
            command.next_timeout,
            command.more_digits,
            self.seconds + _RECOGNISER_MARGIN,
            whole(language, command.listening),
        )
        conversation = Conversation(question, self.new_voice())
        unkept = replace(command.listening, keep=False)  # what is kept is the whole, once

        async def hear(audio: bytes) -> Answer:
            return await self.ear.hear(audio, language, unkept)

        talk = Talk(conversation, hear, lambda: self.ear.idle)
        self.listening += 1
        try:
            if not await self._talk(talk, hands):
                return None
        finally:
            self.listening -= 1
            await talk.aclose()
        return await self._kept(conversation, command.listening.keep)

    async def _talk(self, talk: Talk, hands: Hands) -> bool:
        """Talk in stretches until there is an outcome; False where the first does not come about."""
        broken = 0
        while talk.conversation.outcome is None:
            came, reply = await self._stretch(talk, hands)
            if reply.number == _NO_APPLICATION or not came:
                if reply.result == "-1":
                    await hands.check_alive()
                self._miss("not loaded" if reply.number == _NO_APPLICATION else "did not connect")
                return False
            if reply.result == "-1":
                await hands.check_alive()
                broken += 1
                if broken >= _BROKEN:
                    _log.error("audiosocket_breaks_off")
                    talk.conversation.fail()
        return True

    async def _stretch(self, talk: Talk, hands: Hands) -> tuple[bool, Reply]:
        """One stream: whether it was there, and what Asterisk says at its end."""
        with self.server.expected(talk.sink) as visit:
            streaming = asyncio.ensure_future(hands.do(render.stream(visit.id, self.address, _LONGEST_STRETCH)))
            talking = asyncio.ensure_future(self._over(visit, talk))
            try:
                await asyncio.wait({streaming, talking}, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                streaming.cancel()
                await asyncio.gather(streaming, return_exceptions=True)
                raise
            finally:
                talking.cancel()
                await asyncio.gather(talking, return_exceptions=True)
            came = visit.came
        return came, await streaming

    async def _over(self, visit: Visit, talk: Talk) -> None:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                line = await visit.line()
        except TimeoutError:
            return
        try:
            await talk.over(line, _STRETCH, _LONGEST_STRETCH)
        except Exception as error:  # of ours: the caller goes on with keys
            _log.error("talk_failed", error=type(error).__name__)
            talk.conversation.fail()

    def _miss(self, reason: str) -> None:
        self.missing_until = asyncio.get_running_loop().time() + _FORGOTTEN
        _log.error("audiosocket_missing", reason=reason, address=self.address, again_in=_FORGOTTEN)

    async def _kept(self, conversation: Conversation, keep: bool) -> Outcome | None:
        outcome = conversation.outcome
        if keep and self.ear.keep is not None and isinstance(outcome, SpeechHeard):
            return replace(outcome, recording=await self.ear.keep(conversation.sound))
        return outcome


def tells_keys(version: str) -> bool:
    """Whether AudioSocket of this version of Asterisk tells of keys; one that we cannot read is taken for a new one."""
    match = _VERSION.match(version)
    if match is None:
        return True
    major, minor = int(match[1]), int(match[2])
    return major > max(_KEYS_SINCE) or minor >= _KEYS_SINCE.get(major, 1_000)


def _samples(files: Sequence[Path]) -> bytes:
    """The sound of telephone WAVs, one after the other."""
    return b"".join(file.read_bytes()[HEADER_SIZE:] for file in files)
