"""Whisper hears a human voice: the numbers of Asterisk's own recordings, as a telephone carries them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.core.hearing import Expected, Listening
from router.speech.recognition.whisper.recogniser import Whisper, command_of
from router.spoken.numbers import numbers
from tests.system.harness.speech import Voice, noisy

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap")]

EIGHT = Listening(Expected.DIGITS, 8, 8)


@pytest.fixture
async def whisper(whisper_model: Path) -> AsyncIterator[Whisper]:
    made = Whisper(command_of(whisper_model, installed=True), workers=1, seconds=60)
    yield made
    await made.aclose()


@pytest.mark.parametrize("number", ["63057412", "90817263", "44005771"])
@pytest.mark.parametrize("decibels", [None, 20])
async def test_a_number_said_digit_by_digit_is_among_the_readings(
    voice: Voice, whisper: Whisper, number: str, decibels: int | None
) -> None:
    said = voice.digits(number)
    sound = said if decibels is None else noisy(said, decibels, seed=7, around=0.3)
    readings = await whisper.hear(sound.astype("<i2").tobytes(), "en", EIGHT)
    meant = [each.text for each in numbers(readings, "en", EIGHT)]
    print(decibels, number, meant[:3])
    assert number in meant


async def test_words_are_heard_as_words(voice: Voice, whisper: Whisper) -> None:
    readings = await whisper.hear(voice.says("4 8 2").astype("<i2").tobytes(), "en", Listening(Expected.WORDS))
    assert len(readings) == 1, "one search alone"
    assert readings[0].text
