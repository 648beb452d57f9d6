"""One question to a caller who may speak or press keys, moment by moment: no clock but the caller's sound."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from router.core.events import DigitsEntered, InputTimedOut, SpeechHeard, SpeechLost
from router.speech.audiosocket.codec import BYTES_OF_FRAME
from router.speech.listening.conversation import Answer, Conversation, Outcome, Question
from router.speech.listening.voice import SAMPLES

FRAME = 0.02
HEARD = SpeechHeard("four two")
_RANDOM = np.random.default_rng(5)


def loud(seconds: float, seed: int = 1) -> bytes:
    """Sound that `Loudness` takes for speech, no two seeds alike."""
    return (np.random.default_rng(seed).standard_normal(round(seconds * 8000)) * 4000).astype("<i2").tobytes()


def still(seconds: float) -> bytes:
    return bytes(2 * round(seconds * 8000))


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


@dataclass
class Ear:
    """Answers what is wanted after so many seconds."""

    answer: Answer
    takes: float = 0.2
    asked: int = 0
    since: float = 0.0
    number: int | None = None
    got: bytes = b""


class Caller:
    """Talks with a conversation in steps of 20 ms: hears a frame, says one."""

    def __init__(self, ear: Ear | None = None, **changes: object) -> None:
        question = {
            "prompt": loud(1.0, seed=9), "comfort": loud(0.5, seed=8), "max_digits": 4, "first_timeout": 5.0,
            "next_timeout": 3.0, **changes,
        }  # fmt: skip
        self.conversation = Conversation(Question(**question), Loudness())  # type: ignore[arg-type]
        self.ear = ear or Ear(HEARD)
        self.heard: list[bytes] = []
        self.at = 0.0

    @property
    def outcome(self) -> Outcome | None:
        return self.conversation.outcome

    @property
    def answered(self) -> bool:
        return self.outcome is not None

    def says(self, samples: bytes) -> Caller:
        for at in range(0, len(samples), BYTES_OF_FRAME):
            if self.outcome is None:
                self.step(samples[at : at + BYTES_OF_FRAME].ljust(BYTES_OF_FRAME, b"\0"))
        return self

    def waits(self, seconds: float) -> Caller:
        return self.says(still(seconds))

    def presses(self, keys: str) -> Caller:
        for key in keys:
            self.conversation.take_key(key)
        return self

    def step(self, samples: bytes) -> None:
        self.heard.append(self.conversation.next_frame())
        self.conversation.take_sound(samples)
        self.at += FRAME
        wanted = self.conversation.wanted
        if wanted is None:
            self.ear.number = None
        elif wanted.number != self.ear.number:
            self.ear.number, self.ear.since, self.ear.got = wanted.number, self.at, wanted.sound
            self.ear.asked += 1
        elif self.at - self.ear.since >= self.ear.takes:
            self.conversation.take_answer(wanted.number, self.ear.answer)

    def sounds(self, since: float = 0.0) -> list[float]:
        """The moments at which the caller heard something."""
        return [at * FRAME for at, frame in enumerate(self.heard) if at * FRAME >= since and any(frame)]

    def longest_silence(self, since: float) -> float:
        ends = [since, *self.sounds(since), self.at]
        return max(after - before for before, after in pairwise(ends))


def test_a_caller_hears_the_prompt_and_answers() -> None:
    caller = Caller()
    caller.waits(1.5).says(loud(2)).waits(3)
    assert caller.outcome == HEARD
    assert b"".join(caller.heard).startswith(loud(1.0, seed=9))
    assert caller.at == pytest.approx(1.5 + 2 + 0.9, abs=0.1)


def test_what_is_heard_is_all_that_was_said() -> None:
    words = loud(2)
    caller = Caller()
    caller.waits(1.5).says(words).waits(3)
    assert words in caller.ear.got
    assert words in caller.conversation.sound
    assert len(caller.ear.got) < len(words) + 2 * 8000 * 1.2


def test_pauses_between_groups_survive() -> None:
    whole = loud(1, 1) + still(0.6) + loud(1, 2) + still(0.7) + loud(1, 3)
    caller = Caller().waits(1.5)
    caller.says(whole).waits(3)
    assert caller.outcome == HEARD
    assert whole in caller.ear.got
    assert caller.ear.asked == 3  # begun in every pause, once each


@pytest.mark.parametrize(("whole", "seconds"), [(True, 0.5), (False, 1.6), (None, 0.9)])
def test_how_long_silence_must_be(whole: bool | None, seconds: float) -> None:
    caller = Caller(Ear(HEARD, takes=0.1), whole=lambda heard: whole)
    caller.waits(1.5).says(loud(1))
    spoken = caller.at
    caller.waits(3)
    assert caller.outcome == HEARD
    assert caller.at - spoken == pytest.approx(seconds, abs=0.08)


def test_speech_cuts_the_prompt_short() -> None:
    caller = Caller(prompt=loud(10, seed=9)).waits(2)
    caller.says(loud(1))
    assert max(caller.sounds()) == pytest.approx(2.25, abs=0.1)
    caller.waits(2)
    assert caller.outcome == HEARD
    assert loud(1) in caller.ear.got


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.15])
def test_a_cough_does_not_cut_the_prompt_short(seconds: float) -> None:
    caller = Caller(prompt=loud(4, seed=9)).waits(1)
    caller.says(loud(seconds)).waits(2)
    assert len(caller.sounds()) == round(caller.at / FRAME)


@pytest.mark.parametrize("delay", [0.02, 0.2, 0.5])
def test_the_prompt_is_not_cut_short_by_its_echo(delay: float) -> None:
    prompt = loud(4, seed=9)
    caller = Caller(prompt=prompt, first_timeout=2.0)
    quieter = np.frombuffer(prompt, "<i2") // 3 + (_RANDOM.standard_normal(4 * 8000) * 100).astype("<i2")
    caller.waits(delay).says(quieter.astype("<i2").tobytes()).waits(4)
    assert len(caller.sounds()) == 4 / FRAME
    assert caller.outcome == InputTimedOut()
    assert caller.ear.asked == 0


def test_nobody_says_anything() -> None:
    caller = Caller().waits(20)
    assert caller.outcome == InputTimedOut()
    assert caller.at == pytest.approx(1.0 + 5.0, abs=0.1)
    assert caller.ear.asked == 0


def test_who_begins_just_in_time_is_heard_out() -> None:
    caller = Caller().waits(5.8)
    caller.says(loud(3)).waits(2)
    assert caller.outcome == HEARD


def test_noise_that_is_no_speech_is_no_answer_but_leaves_time_for_one() -> None:
    caller = Caller(Ear(InputTimedOut())).waits(1.5)
    caller.says(loud(1)).waits(1.5)
    assert not caller.answered
    caller.ear.answer = HEARD
    caller.says(loud(1)).waits(2)
    assert caller.outcome == HEARD
    assert Caller(Ear(InputTimedOut())).waits(1.5).says(loud(1)).waits(9).outcome == InputTimedOut()


def test_noise_that_never_ends_is_cut_off() -> None:
    caller = Caller(Ear(InputTimedOut())).waits(1.5)
    caller.says(loud(40))
    assert caller.outcome == InputTimedOut()
    assert caller.at < 1.5 + 15 + 1
    assert len(caller.ear.got) <= 2 * 8000 * 16


@pytest.mark.parametrize(
    ("before", "words"),
    [(0.3, still(0)), (1.5, still(0)), (1.5, loud(0.5)), (1.5, loud(1) + still(0.5)), (1.5, loud(1) + still(1.2))],
    ids=["prompt", "silence", "word", "pause", "recogniser at work"],
)
def test_a_key_ends_listening_at_any_moment(before: float, words: bytes) -> None:
    caller = Caller(Ear(HEARD, takes=4.0)).waits(before)
    caller.says(words)
    caller.presses("12")
    sounds = len(caller.sounds())
    caller.says(loud(1)).presses("34")
    assert caller.outcome == DigitsEntered("1234")
    assert len(caller.sounds()) == sounds, "nothing plays any more"
    assert caller.conversation.wanted is None


def test_keys_are_collected_as_in_any_question() -> None:
    assert Caller().presses("#").outcome == DigitsEntered("")
    assert Caller().presses("12#").outcome == DigitsEntered("12")
    waiting = Caller().presses("1")
    assert waiting.waits(2.9).outcome is None
    assert waiting.waits(0.2).outcome == DigitsEntered("1")
    dialled = Caller(max_digits=1, more_digits=3).presses("7")
    assert dialled.waits(0.6).outcome is None
    assert dialled.presses("8").waits(1).outcome == DigitsEntered("78")
    odd = Caller()
    odd.presses([""] * 21)  # type: ignore[arg-type]
    assert odd.outcome == DigitsEntered("")


def test_nobody_waits_in_silence_while_the_recogniser_works() -> None:
    caller = Caller(Ear(HEARD, takes=7.0)).waits(1.5)
    caller.says(loud(1))
    spoken = caller.at
    caller.waits(12)
    assert caller.outcome == HEARD
    assert caller.longest_silence(spoken) < 2.5


def test_the_echo_of_our_comfort_is_nobody_who_goes_on() -> None:
    caller = Caller(Ear(HEARD, takes=5.0), comfort=loud(1.0, seed=8)).waits(1.5)
    caller.says(loud(1))
    caller.waits(2.2).says(loud(1.0, seed=8))  # it comes back, a fifth of a second late
    asked = caller.ear.asked
    caller.waits(4)
    assert (caller.outcome, caller.ear.asked) == (HEARD, asked)


def test_a_recogniser_that_hangs_costs_the_voice_and_not_the_call() -> None:
    caller = Caller(Ear(HEARD, takes=99.0), recogniser=8.0).waits(1.5)
    caller.says(loud(1))
    spoken = caller.at
    caller.waits(30)
    assert caller.outcome == SpeechLost()
    assert caller.at - spoken < 10
    assert caller.longest_silence(spoken) < 2.5


def test_what_was_lost_before_the_end_is_tried_once_more() -> None:
    caller = Caller(Ear(SpeechLost(), takes=0.1)).waits(1.5)
    caller.says(loud(1)).waits(0.7)
    caller.ear.answer = HEARD
    caller.waits(2)
    assert (caller.outcome, caller.ear.asked) == (HEARD, 2)
    lost = Caller(Ear(SpeechLost(), takes=0.1)).waits(1.5).says(loud(1)).waits(3)
    assert lost.outcome == SpeechLost()


def test_who_goes_on_while_the_recogniser_works_is_heard_out() -> None:
    whole = loud(1, 1) + still(1.2) + loud(1, 2)
    caller = Caller(Ear(HEARD, takes=1.5)).waits(1.5)
    caller.says(whole).waits(4)
    assert caller.outcome == HEARD
    assert whole in caller.ear.got


def test_an_answer_to_an_earlier_wish_is_no_answer() -> None:
    caller = Caller(Ear(HEARD, takes=9.0)).waits(1.5)
    caller.says(loud(1)).waits(0.5)
    first = caller.conversation.wanted
    assert first is not None
    caller.says(loud(1)).waits(1.2)
    caller.conversation.take_answer(first.number, SpeechHeard("too early"))
    assert caller.outcome is None


def test_when_the_line_may_be_away_for_a_moment() -> None:
    caller = Caller()
    quiet = [caller.conversation.quiet]
    for happens in (still(1.5), loud(0.5), still(0.2)):
        quiet.append(caller.says(happens).conversation.quiet)
    quiet.append(caller.presses("1").conversation.quiet)
    assert quiet == [True, True, False, True, False]  # not within a word, nor between keys


def test_the_sound_that_is_kept_is_bounded() -> None:
    caller = Caller(first_timeout=60.0)
    caller.waits(50)
    assert len(caller.conversation._sound) < 2 * 8000


def test_something_of_ours_breaks() -> None:
    caller = Caller()
    caller.conversation.fail()
    assert caller.outcome == SpeechLost()
