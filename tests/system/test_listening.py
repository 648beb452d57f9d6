"""A caller speaks to the channel through a real Asterisk: what the recogniser gets, and what comes between.

The house and the recogniser are scripted and in this process; whole calls with a real recogniser are in
`test_spoken_numbers`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from router.channels.agi.listening import Listener
from router.channels.agi.render import Sound
from router.channels.agi.server import AgiServer
from router.channels.agi.session import AgiChannel
from router.core.commands import AskDigits, ChannelCommand, Prompt, Transfer
from router.core.events import CallerHungUp, CallStarted, DigitsEntered, Event, InputTimedOut, SpeechHeard
from router.core.hearing import Expected, Listening, Reading
from router.speech.audiosocket.server import AudioSocketServer
from router.speech.listening.comfort import Comfort
from router.speech.recognition.ear import Ear
from router.speech.wav import telephone_wav
from tests.system.conftest import MakeCaller
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.media import Sound as Noise
from tests.system.harness.speech import RATE, Samples, Voice, alaw, silence
from tests.system.harness.waiting import patience, until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap")]

KNOWN = Identity("+493055501")
WORDS = "four eight two one three nine"
NUMBER = Listening(Expected.DIGITS, 6, 6)


@dataclass(frozen=True)
class Turn:
    call_id: str
    sequence: int
    commands: tuple[ChannelCommand, ...]
    language: str = "de"
    repeated: bool = False


@dataclass
class House:
    """Asks one question, and then leaves the caller to the queue."""

    ask: AskDigits
    events: list[Event] = field(default_factory=list)

    async def begin(self, channel: str, channel_ref: str, event: CallStarted) -> Turn:
        return Turn("call-1", 1, (self.ask,))

    async def handle(self, call_id: str, event: Event, sequence: int | None = None) -> Turn:
        self.events.append(event)
        return Turn(call_id, 1 + len(self.events), (Transfer("sales", 60),))

    async def hung_up(self, channel: str, channel_ref: str) -> None:
        self.events.append(CallerHungUp())


class Scripted:
    """A recogniser that says what it is told to, after so many seconds, and keeps what it heard. Of less than
    ``all_of`` seconds of sound it says only half."""

    name = "scripted"

    def __init__(self, says: str = WORDS, takes: float = 0.1, all_of: float = 3.0) -> None:
        self.says = says
        self.takes = takes
        self.all_of = all_of
        self.heard: list[Samples] = []

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        self.heard.append(np.frombuffer(audio, "<i2").astype(float))
        await asyncio.sleep(self.takes)
        words = self.says if len(audio) >= 2 * RATE * self.all_of else self.says[: len(self.says) // 2]
        return (Reading(words, 0.9),) if words else ()

    async def aclose(self) -> None:
        pass


@dataclass
class Line:
    """A router's channel beside Asterisk, with its parts open to the test."""

    house: House
    recogniser: Scripted
    server: AudioSocketServer
    prompt: Samples


Listened = Callable[..., Coroutine[Any, Any, Line]]


@pytest.fixture
async def line(asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Listened]:
    servers: list[Any] = []

    async def make(
        recogniser: Scripted | None = None, *, prompt: Samples | None = None, first_timeout: float = 5.0, keys: int = 6
    ) -> Line:
        recogniser = recogniser or Scripted()
        prompt = _tone(1.0) if prompt is None else prompt
        file = tmp_path / "prompt.wav"
        file.write_bytes(telephone_wav(prompt.astype("<i2").tobytes()))

        async def sounds(_: Prompt) -> list[Sound]:
            return [Sound("not/there", len(prompt) / RATE, file)]

        house = House(AskDigits((Prompt("Your number?", "en"),), keys, first_timeout, 2.0, True, listening=NUMBER))
        audio = AudioSocketServer("127.0.0.1", 0)
        await audio.start()
        ear = Ear(recogniser, at_once=1, waiting=4, seconds=6)
        listener = Listener(audio, ear, Comfort(), f"127.0.0.1:{audio.address[1]}", 6)
        server = AgiServer(AgiChannel(house, sounds, listener=listener), "127.0.0.1", asterisk.ports.router_agi)
        await server.start()
        servers.extend([server, audio])
        return Line(house, recogniser, audio, prompt)

    yield make
    for server in servers:
        await server.stop()


def _tone(seconds: float, hertz: float = 1000.0) -> Samples:
    """A prompt; nothing that could be taken for a ring tone (425 Hz)."""
    return 6000 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)


async def outcome(line: Line, within: float = 20) -> Event:
    await asyncio.to_thread(until, lambda: bool(line.house.events), within, "an answer of the caller")
    return line.house.events[0]


def likeness(heard: Samples, said: Samples) -> float:
    """How alike the best fitting part of ``heard`` is to ``said``, 0 to 1."""
    size = 1 << (len(heard) + len(said)).bit_length()
    together = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
    best = int(np.argmax(together[: len(heard)]))
    part = heard[best : best + len(said)]
    return float(np.dot(part, said[: len(part)]) / (np.linalg.norm(part) * np.linalg.norm(said)))


def whole(heard: Samples, said: Samples) -> bool:
    """Whether each half of a second came as it was said. Between two streams, in a pause, 20 ms may get lost."""
    pieces = [said[at : at + RATE // 2] for at in range(0, len(said) - RATE // 2, RATE // 2)]
    return sum(likeness(heard, piece) > 0.95 for piece in pieces) >= len(pieces) - 1


async def call(make_caller: MakeCaller) -> Caller:
    return await asyncio.to_thread(make_caller, KNOWN)


async def in_mid_word(caller: Caller, sound: bytes) -> None:
    """Begins to speak; returns when 0.7 s of it are said."""
    caller.media.play(sound)
    left = len(sound) / RATE - 0.7
    await asyncio.to_thread(until, lambda: caller.media.to_say <= left, 10, "the caller speaks")


async def test_what_a_caller_says_reaches_the_recogniser_whole(
    line: Listened, asterisk: Asterisk, make_caller: MakeCaller
) -> None:
    listened = await line()
    words = await asyncio.to_thread(Voice(asterisk).digits, "482139")
    caller = await call(make_caller)
    await asyncio.to_thread(caller.hears_the_end)
    caller.media.play(alaw(words))
    heard = await outcome(listened)
    assert isinstance(heard, SpeechHeard)
    assert heard.text == listened.recogniser.says
    assert whole(listened.recogniser.heard[-1], words)
    assert listened.server.streams == 0


async def test_speech_cuts_the_prompt_short(line: Listened, asterisk: Asterisk, make_caller: MakeCaller) -> None:
    listened = await line(prompt=_tone(12.0))
    words = await asyncio.to_thread(Voice(asterisk).digits, "482139")
    caller = await call(make_caller)
    await asyncio.to_thread(caller.hears)
    begun = time.monotonic()
    caller.media.play(alaw(words))
    heard = await outcome(listened)
    assert isinstance(heard, SpeechHeard)
    assert whole(listened.recogniser.heard[-1], words)
    last = max(
        packet.at for packet in caller.media.heard if packet.sound is not Noise.SILENCE and packet.at < begun + 4
    )
    assert last - begun < patience(), caller.media.summary(begun)


async def test_a_prompt_is_not_cut_short_by_its_own_echo(
    line: Listened, asterisk: Asterisk, make_caller: MakeCaller
) -> None:
    words = await asyncio.to_thread(Voice(asterisk).says, "1 2 3 4 5 6 7 8 9")
    listened = await line(prompt=words, first_timeout=1.0)
    caller = await call(make_caller)
    began = await asyncio.to_thread(until, lambda: caller.media.first(Noise.OTHER), 5, "the prompt")
    caller.media.play(alaw(np.concatenate([silence(0.15), words * 0.3])))  # as a loudspeaker sends it back
    await outcome(listened)
    heard = [packet.at for packet in caller.media.heard if packet.sound is not Noise.SILENCE]
    assert max(heard) - began > 0.95 * len(words) / RATE - 0.3
    assert listened.house.events == [InputTimedOut()]


@pytest.mark.parametrize("speaking", [False, True], ids=["while the prompt plays", "in the middle of a word"])
async def test_a_key_ends_listening_and_counts(
    line: Listened, asterisk: Asterisk, make_caller: MakeCaller, speaking: bool
) -> None:
    listened = await line()
    words = await asyncio.to_thread(Voice(asterisk).digits, "482139")
    caller = await call(make_caller)
    await asyncio.to_thread(caller.hears)
    if speaking:
        await asyncio.to_thread(caller.hears_the_end)
        await in_mid_word(caller, alaw(words))
    caller.press("123456")
    assert await outcome(listened) == DigitsEntered("123456")


async def test_silence_is_no_answer(line: Listened, make_caller: MakeCaller) -> None:
    listened = await line(first_timeout=4.0)
    await call(make_caller)
    assert await outcome(listened) == InputTimedOut()
    assert listened.recogniser.heard == []


async def test_hanging_up_in_the_middle_of_a_word(line: Listened, asterisk: Asterisk, make_caller: MakeCaller) -> None:
    listened = await line()
    words = await asyncio.to_thread(Voice(asterisk).digits, "482139")
    caller = await call(make_caller)
    await asyncio.to_thread(caller.hears_the_end)
    await in_mid_word(caller, alaw(words))
    await asyncio.to_thread(caller.hang_up)
    assert await outcome(listened) == CallerHungUp()
    assert listened.server.streams == 0


async def test_nobody_waits_in_silence_for_a_slow_recogniser(
    line: Listened, asterisk: Asterisk, make_caller: MakeCaller
) -> None:
    listened = await line(Scripted(takes=5.0), first_timeout=8.0)
    words = await asyncio.to_thread(Voice(asterisk).says, "4 8 2 1 3 9")
    caller = await call(make_caller)
    await asyncio.to_thread(caller.hears_the_end)
    spoken = await asyncio.to_thread(caller.says, alaw(words))
    assert isinstance(await outcome(listened), SpeechHeard)
    assert caller.media.longest_silence(spoken, time.monotonic()) < 3 * patience(), caller.media.summary(spoken)
