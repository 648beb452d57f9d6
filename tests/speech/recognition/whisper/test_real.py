"""The real model, as far as it goes without a voice; tests/system has it hear one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from router.core.hearing import Expected, Listening
from router.speech.recognition.recogniser import RATE, RecognitionFailed
from router.speech.recognition.whisper.recogniser import Whisper, command_of
from router.speech.recognition.whisper.vocabulary import Vocabulary

NUMBER = Listening(Expected.DIGITS, 4, 14)
NOISE = (np.random.default_rng(5).normal(0, 300, RATE * 2)).astype("<i2").tobytes()


@pytest.fixture
async def whisper(whisper_model: Path) -> AsyncIterator[Whisper]:
    made = Whisper(command_of(whisper_model, installed=True), workers=1, seconds=60)
    yield made
    await made.aclose()


async def test_noise_and_silence_are_nobody_speaking(whisper: Whisper) -> None:
    for audio in (NOISE, bytes(RATE), b""):
        assert await whisper.hear(audio, "de", NUMBER) == ()


async def test_each_stage_is_timed_and_longer_audio_than_the_window_is_heard(whisper: Whisper) -> None:
    hearing = await whisper.examine(NOISE * 10, "en-GB", NUMBER)
    assert set(hearing.seconds) == {"mel", "encode", "decode"}


async def test_a_language_that_the_model_does_not_know_is_told_and_the_worker_lives_on(whisper: Whisper) -> None:
    with pytest.raises(RecognitionFailed, match="does not know the language 'xx'"):
        await whisper.hear(NOISE, "xx", NUMBER)
    assert await whisper.hear(NOISE, "de", NUMBER) == ()


def test_the_tokens_that_searches_are_held_to_are_tokens(whisper_model: Path) -> None:
    vocabulary = Vocabulary.load(whisper_model)
    assert [vocabulary.number(f" {digit}") for digit in range(10)] == [
        1958, 502, 568, 805, 1017, 1025, 1386, 1614, 1649, 1722,
    ]  # fmt: skip
    assert all(vocabulary.number(f" {number}") for number in range(100))
    assert (vocabulary.number(","), vocabulary.number(" und")) == (11, 674)
    assert vocabulary.prompt("de") == [50258, 50261, 50359, 50363]
    assert vocabulary.text([1017, 11, 674, 50257]) == "4, und"
