"""What a tester says into a microphone, or plays from a file: sound in, the call's next turn and what was understood
out. Testers share the ear with callers, so only one of them is heard at a time, and not without end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from router.calls.handle import Calls
from router.calls.turns import Turn
from router.channels.simulator.phone import TestPhone
from router.core.commands import AskDigits
from router.core.events import InputTimedOut, SpeechHeard, SpeechLost
from router.core.hearing import Listening
from router.errors import Refused, conflict, unprocessable
from router.speech.wav import TELEPHONE_RATE, WavUnreadable, read_wav

LARGEST: Final = 300_000
"""Bytes of an answer: 15 s of telephone WAV take 240,044."""
LONGEST_WAIT: Final = 10.0
"""Seconds for another tester's turn to be over."""
MOST: Final = 60
"""Answers within `WITHIN`, of all testers together."""
WITHIN: Final = timedelta(minutes=1)

_SHORTEST: Final = TELEPHONE_RATE // 10
"""Samples; there is no word in less."""

Heard = SpeechHeard | SpeechLost | InputTimedOut


class Hears(Protocol):
    """See `router.speech.recognition.ear.Ear`."""

    async def hear(self, audio: bytes, language: str, listening: Listening) -> Heard: ...


class Microphone:
    """Lets testers speak; where ``ear`` is None nobody listens."""

    def __init__(self, phone: TestPhone, calls: Calls, ear: Hears | None, clock: Callable[[], datetime]) -> None:
        self._phone = phone
        self._calls = calls
        self._ear = ear
        self._clock = clock
        self._turn = asyncio.Lock()
        self._lately: deque[datetime] = deque(maxlen=MOST)

    async def say(self, call_id: str, sequence: int, wav: bytes) -> tuple[Turn, Heard | None]:
        """Answer the question of a test call with ``wav``, telephone WAV; None for what was heard where the call has
        gone on meanwhile. Raises `UnknownCall`, and `Refused`: 409 where nobody listens, 422 for another kind of sound,
        429 for too much of it.
        """
        if self._ear is None:
            raise conflict("This service has no recogniser: type what the caller says.", "no_recogniser")
        turn = await self._calls.turn(call_id)
        if turn.sequence != sequence or turn.session.ended:
            return turn, None
        match turn.session.waiting:
            case AskDigits(speech=True, listening=listening):
                pass
            case _:
                raise conflict("The call does not wait for a spoken answer.", "not_asked_to_speak")
        audio = _samples(wav)
        async with self._one():
            heard = await self._ear.hear(audio, turn.session.language, listening)
        return await self._phone.send(call_id, heard, sequence), heard

    @asynccontextmanager
    async def _one(self) -> AsyncIterator[None]:
        now = self._clock()
        if len(self._lately) == MOST and now - self._lately[0] < WITHIN:
            raise _busy("Too much was said within a minute.", "much_said")
        self._lately.append(now)
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await self._turn.acquire()
        except TimeoutError:
            raise _busy("Another tester is speaking.", "somebody_speaks") from None
        try:
            yield
        finally:
            self._turn.release()


def understood(heard: Heard | None) -> dict[str, Any] | None:
    """What was heard as JSON, with all readings: this is a test phone."""
    if heard is None:
        return None
    if not isinstance(heard, SpeechHeard):
        return {"kind": heard.kind}
    readings = [{"text": each.text, "weight": round(each.weight, 4)} for each in heard.readings]
    return {"kind": heard.kind, "text": heard.text, "readings": readings, "recogniser": heard.recogniser}


def _samples(wav: bytes) -> bytes:
    try:
        sound = read_wav(wav)
    except WavUnreadable as error:
        raise _unfit(str(error)) from None
    if not sound.is_telephone:
        raise _unfit("it is not 16-bit PCM, one channel, 8000 Hz")
    if sound.frames < _SHORTEST:
        raise _unfit("it is shorter than a word")
    return bytes(sound.data)


def _unfit(why: str) -> Refused:
    return unprocessable(f"This is no sound that can be listened to: {why}.", [{"field": "sound", "message": why}])


def _busy(why: str, code: str) -> Refused:
    return Refused(429, "Busy", f"{why} Try again in a moment.", headers={"Retry-After": "2"}, code=code)
