"""Questions that may be answered by voice: an Asterisk that streams the call, a recogniser that is told what to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from structlog.testing import capture_logs

from router.channels.agi.listening import Listener, tells_keys
from router.channels.agi.render import Sound
from router.channels.agi.server import AgiServer
from router.channels.agi.session import AgiChannel
from router.core.commands import AskDigits, Prompt, Say, Transfer
from router.core.events import CallerHungUp, CallStarted, DigitsEntered, Event, InputTimedOut, SpeechHeard, SpeechLost
from router.core.hearing import Listening, Reading
from router.speech.audiosocket.codec import sound
from router.speech.audiosocket.server import AudioSocketServer
from router.speech.listening.comfort import Comfort
from router.speech.listening.voice import SAMPLES
from router.speech.recognition.ear import Ear
from router.speech.recognition.recogniser import RecognitionFailed
from router.speech.wav import telephone_wav
from tests.channels.agi.asterisk import Asterisk
from tests.channels.agi.test_session import BYE, HELLO, House, said

CODE = Prompt("code", "en")
ASK = AskDigits((HELLO, CODE), 4, 5.0, 3.0, speech=True, listening=Listening(words=("yes",)))
SALES = Transfer("sales", 90, 2)
LOUD = (np.random.default_rng(1).standard_normal(16_000) * 4000).astype("<i2").tobytes()
STILL = bytes(16_000)


class Loudness:
    """What is loud is speech."""

    def __init__(self) -> None:
        self._rest = b""

    def hear(self, samples: bytes) -> list[float]:
        self._rest += samples
        found = []
        while len(self._rest) >= 2 * SAMPLES:
            moment, self._rest = self._rest[: 2 * SAMPLES], self._rest[2 * SAMPLES :]
            found.append(float(np.abs(np.frombuffer(moment, "<i2")).mean() > 500))
        return found


class Broken(Loudness):
    def hear(self, samples: bytes) -> list[float]:
        raise RuntimeError("four two")


class Recogniser:
    """Says "yes", or fails."""

    name = "scripted"

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, str, Listening]] = []
        self.fails = False

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        self.heard.append((audio, language, listening))
        if self.fails:
            raise RecognitionFailed("no more words")
        return (Reading("Yes.", 0.9),)

    async def aclose(self) -> None:
        pass


class Place:
    """A channel that listens, and the Asterisk beside it."""

    def __init__(self, directory: Path) -> None:
        self.recogniser = Recogniser()
        self.audio = AudioSocketServer(port=0)
        self.ear = Ear(self.recogniser, at_once=1, waiting=1, seconds=2)
        self.voice: Callable[[], Loudness] = Loudness
        self.listener: Listener | None = None
        self.file = directory / "prompt.wav"
        self.file.write_bytes(telephone_wav(bytes(640)))

    async def sounds(self, prompt: Prompt) -> list[Sound]:
        return [Sound(f"http://router/{prompt.text}.wav", 0.04, self.file)]

    async def converse(self, house: House, asterisk: Asterisk, **changes: str | None) -> Asterisk:
        if self.listener is None:
            address = "{}:{}".format(*self.audio.address)
            self.listener = Listener(self.audio, self.ear, Comfort(), address, 2, new_voice=lambda: self.voice())
        server = AgiServer(AgiChannel(house, self.sounds, listener=self.listener), "127.0.0.1", 0)
        await server.start()
        try:
            await asterisk.call(server.address, **changes)
        finally:
            await server.stop()
        return asterisk

    async def asked(self, *streams: Callable[[str], Awaitable[str]], ask: AskDigits = ASK, keys: str = "") -> Asterisk:
        self.house = House((ask,), (SALES,))
        asterisk = Asterisk(keys)
        asterisk.streams = list(streams)
        return await self.converse(self.house, asterisk)

    @property
    def answer(self) -> Event:
        started, answer = self.house.events
        assert isinstance(started, CallStarted)
        return answer


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    await made.audio.start()
    yield made
    assert made.audio.streams == 0
    await made.audio.stop()


def streams(*frames: bytes, ends: str = "200 result=0", until_told: bool = True) -> Callable[[str], Awaitable[str]]:
    """What Asterisk sends once it is connected; then it waits to be told to end, or ends by itself."""

    async def run(arguments: str) -> str:
        id, _, address = arguments.partition(",")
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x01\x00\x10" + UUID(id).bytes + b"".join(frames))
        if until_told:
            async with asyncio.timeout(20):
                while len(head := await reader.read(3)) == 3 and head[0]:
                    await reader.readexactly(int.from_bytes(head[1:], "big"))
        writer.close()
        return ends

    return run


def says(samples: bytes) -> bytes:
    return b"".join(sound(samples[at : at + 320]) for at in range(0, len(samples), 320))


def key(pressed: str) -> bytes:
    return b"\x03\x00\x01" + pressed.encode()


async def test_what_a_caller_says_is_the_answer(place: Place) -> None:
    asterisk = await place.asked(streams(says(LOUD + STILL)))
    assert place.answer == SpeechHeard("Yes.", (Reading("Yes.", 0.9),), "scripted")
    ((audio, language, _),) = place.recogniser.heard
    assert LOUD in audio
    assert language == "en"
    # The prompt came over the stream; after it the call goes on as after any answer.
    assert not [command for command in asterisk.commands if command.startswith("STREAM")]
    assert said(asterisk)[-1].endswith(",THREADLINE_ROUTE=queue")


async def test_the_stream_has_its_own_guard(place: Place) -> None:
    asterisk = await place.asked(streams(key("#")))
    at = next(number for number, command in enumerate(asterisk.commands) if command.startswith("EXEC AudioSocket"))
    assert asterisk.commands[at - 1] == "SET VARIABLE TIMEOUT(absolute) 7.0"


@pytest.mark.parametrize(
    ("frames", "answer"),
    [
        ([key("1"), key("2"), key("3"), key("4")], DigitsEntered("1234")),
        ([says(LOUD), key("7"), key("#")], DigitsEntered("7")),
        ([key("#")], DigitsEntered("")),
        ([key("1"), says(bytes(16_000 * 4))], DigitsEntered("1")),
    ],
)
async def test_keys_count_at_any_moment(place: Place, frames: list[bytes], answer: Event) -> None:
    await place.asked(streams(*frames))
    assert place.answer == answer


async def test_silence_is_no_answer(place: Place) -> None:
    ask = AskDigits((), 4, 5.0, 3.0, speech=True)
    await place.asked(streams(says(bytes(16_000 * 6))), ask=ask)
    assert place.answer == InputTimedOut()
    assert place.recogniser.heard == []


async def test_a_stream_that_breaks_off_is_begun_again_with_what_was_said(place: Place) -> None:
    half = len(LOUD) // 2
    breaks_off = streams(says(LOUD[:half]), ends="200 result=-1", until_told=False)
    asterisk = await place.asked(breaks_off, streams(says(LOUD[half:] + STILL)))
    assert isinstance(place.answer, SpeechHeard)
    assert LOUD in place.recogniser.heard[-1][0]
    ids = [command.split()[2] for command in asterisk.commands if command.startswith("EXEC AudioSocket")]
    assert len(set(ids)) == 2


async def test_streams_that_all_break_off_cost_the_voice_and_not_the_call(place: Place) -> None:
    await place.asked(*[streams(ends="200 result=-1", until_told=False)] * 3)
    assert place.answer == SpeechLost()


@pytest.mark.parametrize("answer", ["200 result=-2", "200 result=-1"], ids=["not loaded", "cannot reach us"])
async def test_without_audiosocket_callers_use_keys(place: Place, answer: str) -> None:
    async def missing(_: str) -> str:
        return answer

    with capture_logs() as logs:
        asterisk = await place.asked(missing, keys="..12#")
    assert place.answer == DigitsEntered("12")
    assert "STREAM FILE http://router/code.wav 0123456789*#" in asterisk.commands
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["audiosocket_missing"]
    # Nobody tries again for every question.
    asterisk = await place.asked(streams(), keys="..3#")
    assert place.answer == DigitsEntered("3")
    assert not [command for command in asterisk.commands if command.startswith("EXEC AudioSocket")]


async def test_an_asterisk_that_tells_of_no_keys_is_not_asked(place: Place) -> None:
    house = House((ASK,), (SALES,))
    asterisk = await place.converse(house, Asterisk("..12#"), version="20.5.2")
    assert house.events[1:] == [DigitsEntered("12")]
    assert not [command for command in asterisk.commands if command.startswith("EXEC AudioSocket")]


async def test_one_caller_too_many_uses_keys(place: Place) -> None:
    await place.asked(streams(key("#")))
    assert place.listener is not None
    assert place.listener.listening == 0
    place.listener.most = 0
    asterisk = await place.asked(keys="..12#")
    assert place.answer == DigitsEntered("12")
    assert not [command for command in asterisk.commands if command.startswith("EXEC AudioSocket")]


@pytest.mark.parametrize(
    ("version", "tells"),
    [
        ("22.10.1~dfsg+~cs6.17", True), ("22.4.0", True), ("22.3.0", False), ("20.14.0", True), ("20.13.1", False),
        ("21.9.0", True), ("23.0.0", True), ("18.26.4", False), ("certified/20.7-cert2", False), ("GIT-master", True),
    ],
)  # fmt: skip
def test_versions_that_tell_of_keys(version: str, tells: bool) -> None:
    assert tells_keys(version) is tells


async def test_hanging_up_in_the_middle_of_a_word(place: Place) -> None:
    asterisk = Asterisk()

    async def hangs_up(arguments: str) -> str:
        reply = await streams(says(LOUD), ends="200 result=-1", until_told=False)(arguments)
        asterisk.hung_up = True
        return reply

    asterisk.streams = [hangs_up]
    house = House((ASK,))
    await place.converse(house, asterisk)
    assert house.events[1:] == [CallerHungUp()]


async def test_a_recogniser_that_fails_costs_the_voice_and_not_the_call(place: Place) -> None:
    place.recogniser.fails = True
    await place.asked(streams(says(LOUD + STILL + STILL)))
    assert place.answer == SpeechLost()


async def test_a_fault_of_ours_costs_the_voice_and_tells_nothing(place: Place) -> None:
    place.voice = Broken
    with capture_logs() as logs:
        await place.asked(streams(says(LOUD)))
    assert place.answer == SpeechLost()
    assert "four two" not in str(logs)


async def test_the_recording_is_kept_once_and_whole(place: Place) -> None:
    kept: list[bytes] = []

    async def keep(audio: bytes) -> str:
        kept.append(audio)
        return "recording-1"

    place.ear.keep = keep
    ask = AskDigits((CODE,), 4, 5.0, 3.0, speech=True, listening=Listening(keep=True))
    await place.asked(streams(says(LOUD + STILL[:8000] + LOUD + STILL + STILL)), ask=ask)
    assert isinstance(place.answer, SpeechHeard)
    assert place.answer.recording == "recording-1"
    (audio,) = kept
    assert LOUD + STILL[:8000] + LOUD in audio


async def test_who_may_not_speak_is_asked_for_keys_as_ever(place: Place) -> None:
    asterisk = await place.asked(ask=AskDigits((CODE,), 4, 5.0, 3.0), keys=".1#")
    assert place.answer == DigitsEntered("1")
    assert not [command for command in asterisk.commands if command.startswith("EXEC AudioSocket")]


async def test_what_is_only_told_is_not_streamed(place: Place) -> None:
    house = House((Say((BYE,)), ASK), (SALES,))
    asterisk = Asterisk()
    asterisk.streams = [streams(key("#"))]
    await place.converse(house, asterisk)
    assert "STREAM FILE http://router/bye.wav " in asterisk.commands
    assert house.events[1:] == [DigitsEntered("")]
