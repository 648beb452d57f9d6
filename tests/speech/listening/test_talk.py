"""A conversation on a line: who is asked for words, and when."""

from __future__ import annotations

import asyncio

import pytest

from router.core.events import DigitsEntered, InputTimedOut, SpeechHeard, SpeechLost
from router.speech.audiosocket.codec import Ended, Key, Sound
from router.speech.listening.conversation import Answer, Conversation, Question
from router.speech.listening.talk import Talk
from tests.speech.listening.test_conversation import HEARD, Loudness, loud, still


class Ear:
    """Hears when it is told to."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.cancelled = 0
        self.idle = True
        self.answer: Answer | Exception = HEARD
        self.may = asyncio.Event()

    async def hear(self, sound: bytes) -> Answer:
        self.asked.append(sound)
        try:
            await self.may.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Line:
    """Keeps what is played."""

    def __init__(self) -> None:
        self.played: list[bytes] = []
        self._more = asyncio.Event()

    def play(self, samples: bytes) -> None:
        self.played.append(samples)
        self._more.set()

    async def has_played(self, frames: int) -> None:
        async with asyncio.timeout(60):
            while len(self.played) < frames:
                self._more.clear()
                await self._more.wait()


def talk_of(ear: Ear, prompt: bytes = b"", first_timeout: float = 5.0) -> Talk:
    question = Question(prompt, loud(0.1, 8), 4, first_timeout, 3.0)
    return Talk(Conversation(question, Loudness()), ear.hear, lambda: ear.idle)


async def turns() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_words_are_asked_for_in_a_pause_and_dropped_when_speech_goes_on() -> None:
    ear = Ear()
    talk = talk_of(ear)
    talk.sink(Sound(loud(1) + still(0.5)))
    await turns()
    assert (len(ear.asked), ear.cancelled) == (1, 0)
    talk.sink(Sound(loud(1, 2)))
    await turns()
    assert (len(ear.asked), ear.cancelled) == (1, 1)
    talk.sink(Sound(still(1)))
    await turns()
    assert len(ear.asked) == 2
    ear.may.set()
    await turns()
    assert talk.conversation.outcome == HEARD
    await talk.aclose()


async def test_a_busy_ear_is_asked_only_when_speech_is_over() -> None:
    ear = Ear()
    ear.idle = False
    talk = talk_of(ear)
    talk.sink(Sound(loud(1) + still(0.5)))
    await turns()
    assert ear.asked == []
    for _ in range(30):
        talk.sink(Sound(still(0.02)))
    await turns()
    assert len(ear.asked) == 1
    ear.may.set()
    await turns()
    assert talk.conversation.outcome == HEARD
    await talk.aclose()


async def test_a_key_drops_what_is_being_heard() -> None:
    ear = Ear()
    talk = talk_of(ear)
    talk.sink(Sound(loud(1) + still(1)))
    await turns()
    talk.sink(Key("7"))
    talk.sink(Key("#"))
    await turns()
    assert (talk.conversation.outcome, ear.cancelled) == (DigitsEntered("7"), 1)
    await talk.aclose()


async def test_an_ear_that_fails_costs_the_voice() -> None:
    ear = Ear()
    ear.answer = RuntimeError("four two")
    ear.may.set()
    talk = talk_of(ear)
    talk.sink(Sound(loud(1) + still(1.2)))
    await turns()
    talk.sink(Sound(still(1.2)))
    await turns()
    assert talk.conversation.outcome == SpeechLost()
    await talk.aclose()


async def test_the_prompt_is_played_and_the_line_may_end() -> None:
    prompt = loud(0.06, 9)
    talk, line = talk_of(Ear(), prompt), Line()
    over = asyncio.create_task(talk.over(line, 60, 60))
    await line.has_played(4)
    talk.sink(Ended())
    await over
    assert b"".join(line.played[:3]) == prompt
    assert not any(line.played[3])
    assert talk.conversation.outcome is None
    await talk.aclose()


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 9.0), (9.0, 0.0)])
async def test_a_stretch_ends(seconds: float, most: float) -> None:
    talk, line = talk_of(Ear()), Line()
    if most < seconds:
        talk.sink(Sound(loud(1)))  # speech, which is not to be interrupted for long
    await talk.over(line, seconds, most)
    assert line.played == []
    await talk.aclose()


async def test_a_line_that_brings_nothing_is_silence() -> None:
    talk = talk_of(Ear(), first_timeout=0.1)
    await talk.over(Line(), 60, 60)
    assert talk.conversation.outcome == InputTimedOut()
    await talk.aclose()


async def test_what_was_said_before_goes_on_over_the_next_line() -> None:
    ear = Ear()
    ear.may.set()
    talk = talk_of(ear)
    talk.sink(Sound(loud(1)))
    talk.sink(Ended())
    talk.sink(Sound(loud(1, 2) + still(1.2)))
    await turns()
    assert isinstance(talk.conversation.outcome, SpeechHeard)
    assert loud(1) + loud(1, 2) in ear.asked[-1]
    await talk.aclose()
