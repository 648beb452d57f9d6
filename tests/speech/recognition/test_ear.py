"""The ear: whatever a recogniser does, each caller gets an answer, and nobody waits without an end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from router.core.events import InputTimedOut, SpeechHeard, SpeechLost
from router.core.hearing import Expected, Listening, Reading
from router.speech.recognition.ear import HEARD, LOST, MOST_READINGS, NOTHING, Ear
from router.speech.recognition.recogniser import RecognitionFailed

AUDIO = bytes(16_000)
NUMBER = Listening(Expected.DIGITS, 8, 8)
WORDS = (Reading("vier acht zwei", 0.7), Reading("vier acht drei", 0.2))


@dataclass
class Scripted:
    """A recogniser that waits until it is let go on and then answers, or raises, what it was told to."""

    answer: tuple[Reading, ...] | Exception = WORDS
    name: str = "scripted"
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    asked: int = 0
    busy: int = 0
    prepared: bool = False
    closed: bool = False

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        self.asked += 1
        self.busy += 1
        self.begun.release()
        try:
            await self.go_on.wait()
        finally:
            self.busy -= 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def prepare(self) -> None:
        self.prepared = True
        if isinstance(self.answer, RecognitionFailed):
            raise self.answer

    async def aclose(self) -> None:
        self.closed = True


def ear(recogniser: Scripted, *, at_once: int = 2, waiting: int = 1, seconds: float = 30) -> Ear:
    return Ear(recogniser, at_once=at_once, waiting=waiting, seconds=seconds)


def ready(answer: tuple[Reading, ...] | Exception = WORDS) -> Scripted:
    recogniser = Scripted(answer)
    recogniser.go_on.set()
    return recogniser


async def test_the_readings_come_as_the_recogniser_ranks_them() -> None:
    event = await ear(ready()).hear(AUDIO, "de", NUMBER)
    assert event == SpeechHeard("vier acht zwei", WORDS, "scripted")


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (("vier\0 \ud800 acht\n\x1b[2J", 0.5), (("vier acht [2J", 0.5),)),
        (("vier " * 300_000, 0.5), ((("vier " * 100).strip(), 0.5),)),
        (("vier", 1e300), (("vier", 1.0),)),
    ],
)
async def test_what_no_recogniser_should_say_is_taken_out(
    said: tuple[str, float], heard: tuple[tuple[str, float], ...]
) -> None:
    event = await ear(ready((Reading(*said),))).hear(AUDIO, "de", NUMBER)
    assert isinstance(event, SpeechHeard)
    assert (event.text, event.readings) == (heard[0][0], tuple(Reading(*each) for each in heard))


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -1.0, 0.0])
async def test_readings_of_no_weight_are_none(weight: float) -> None:
    assert await ear(ready((Reading("vier", weight),))).hear(AUDIO, "de", NUMBER) == SpeechLost()
    event = await ear(ready((Reading("vier", weight), Reading("acht", 0.4)))).hear(AUDIO, "de", NUMBER)
    assert event == SpeechHeard("acht", (Reading("acht", 0.4),), "scripted")


async def test_a_million_readings_are_bounded() -> None:
    event = await ear(ready((Reading("vier", 1e-6),) * 1_000_000)).hear(AUDIO, "de", NUMBER)
    assert isinstance(event, SpeechHeard)
    assert len(event.readings) == MOST_READINGS


async def test_where_nobody_speaks_there_is_no_input() -> None:
    assert await ear(ready(())).hear(AUDIO, "de", NUMBER) == InputTimedOut()


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (RecognitionFailed("the worker died"), "the worker died"),
        (ValueError("vier acht zwei"), "the recogniser failed (ValueError)"),
    ],
)
async def test_a_failure_loses_the_speech_and_is_logged_without_words(failure: Exception, reason: str) -> None:
    with capture_logs() as logged:
        assert await ear(ready(failure)).hear(AUDIO, "de", NUMBER) == SpeechLost()
    (entry,) = logged
    assert entry["reason"] == reason
    assert entry["audio_seconds"] == 1.0
    assert "vier" not in str(logged)


async def test_a_recogniser_that_hangs_is_not_waited_for_and_gets_to_know() -> None:
    recogniser = Scripted()
    with capture_logs() as logged:
        assert await ear(recogniser, seconds=0.01).hear(AUDIO, "de", NUMBER) == SpeechLost()
    assert logged[0]["reason"] == "no words in time"
    assert (recogniser.asked, recogniser.busy) == (1, 0)


async def test_no_more_are_heard_at_once_than_may_be_and_no_more_wait() -> None:
    recogniser = Scripted()
    hearing = ear(recogniser, at_once=2, waiting=1)
    callers = [asyncio.create_task(hearing.hear(AUDIO, "de", NUMBER)) for _ in range(3)]
    await recogniser.begun.acquire()
    await recogniser.begun.acquire()
    assert hearing.under_way() == 3
    assert await hearing.hear(AUDIO, "de", NUMBER) == SpeechLost(), "there is no place to wait left"
    assert recogniser.asked == 2, "the third caller waits"
    recogniser.go_on.set()
    assert {type(event) for event in await asyncio.gather(*callers)} == {SpeechHeard}
    assert (recogniser.asked, hearing.under_way()) == (3, 0)


async def test_the_time_spent_waiting_counts() -> None:
    recogniser = Scripted()
    hearing = ear(recogniser, at_once=1, waiting=5, seconds=0.02)
    events = await asyncio.gather(*(hearing.hear(AUDIO, "de", NUMBER) for _ in range(4)))
    assert set(events) == {SpeechLost()}
    assert hearing.under_way() == 0


async def test_who_hangs_up_leaves_their_place() -> None:
    recogniser = Scripted()
    hearing = ear(recogniser, at_once=1, waiting=0)
    caller = asyncio.create_task(hearing.hear(AUDIO, "de", NUMBER))
    await recogniser.begun.acquire()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    recogniser.go_on.set()
    assert isinstance(await hearing.hear(AUDIO, "de", NUMBER), SpeechHeard)


async def test_each_hearing_is_counted_by_how_it_ended() -> None:
    counted: list[str] = []
    for answer in (WORDS, (), RecognitionFailed("away")):
        hearing = ear(ready(answer))
        hearing.on_hearing = lambda result, seconds: counted.append(result if seconds >= 0 else "?")
        await hearing.hear(AUDIO, "de", NUMBER)
    assert counted == [HEARD, NOTHING, LOST]


async def test_it_is_made_ready_beforehand_and_what_is_wrong_is_only_logged() -> None:
    well, ill = ready(), ready(RecognitionFailed("no model"))
    with capture_logs() as logged:
        await ear(well).prepare()
        await ear(ill).prepare()
    assert well.prepared
    assert [entry["reason"] for entry in logged] == ["no model"]


async def test_closing_ends_the_recogniser() -> None:
    recogniser = ready()
    await ear(recogniser).aclose()
    assert recogniser.closed


async def test_audio_is_kept_only_where_it_is_wanted_and_words_were_made_of_it() -> None:
    kept: list[bytes] = []

    async def keep(audio: bytes) -> str | None:
        kept.append(audio)
        return "a-recording"

    wanted = replace(NUMBER, keep=True)
    for answer, listening, recording in (
        (WORDS, wanted, "a-recording"),
        (WORDS, NUMBER, None),
        ((), wanted, None),
        (RecognitionFailed("away"), wanted, None),
    ):
        hearing = ear(ready(answer))
        hearing.keep = keep
        event = await hearing.hear(AUDIO, "de", listening)
        assert getattr(event, "recording", None) == recording
    assert kept == [AUDIO]
    unkept = await ear(ready()).hear(AUDIO, "de", wanted)
    assert isinstance(unkept, SpeechHeard)
    assert unkept.recording is None
