"""A number is read back so that it is understood, and as exactly that number."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.hearing import Expected, Listening, Reading
from router.spoken.numbers import numbers
from router.spoken.read_back import read_back

LANGUAGES = st.sampled_from(["de", "en"])


@pytest.mark.parametrize(
    ("number", "language", "words"),
    [
        ("4821390", "de", "4 8 2, 1 3, 9 0"),
        ("48213905", "en", "4 8 2, 1 3 9, 0 5"),
        ("4821", "de", "4 8, 2 1"),
        ("7", "de", "7"),
        ("", "de", ""),
        ("HN7541", "de", "H wie Heinrich, N wie Nordpol, 7 5, 4 1"),
        ("A12B", "en", "A, as in Alpha, 1 2, B as in Bravo"),
        ("SCH-48", "fr", "S wie Samuel, C wie Cäsar, H wie Heinrich, 4 8"),
    ],
)
def test_a_number_is_read_back_in_groups(number: str, language: str, words: str) -> None:
    assert read_back(number, language) == words


@given(st.text("0123456789", min_size=4, max_size=10), LANGUAGES)
def test_digits_read_back_are_understood_as_exactly_them(number: str, language: str) -> None:
    heard = (Reading(read_back(number, language), 1.0),)
    assert numbers(heard, language, Listening(Expected.DIGITS, 4, 14)) == (Reading(number, 1.0),)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=14), LANGUAGES)
def test_letters_and_digits_read_back_are_understood_as_them_first(number: str, language: str) -> None:
    heard = (Reading(read_back(number, language), 1.0),)
    found = numbers(heard, language, Listening(Expected.CHARACTERS, 4, 14))
    assert found[0].text == number
    assert found[0].weight > 0.5


@pytest.mark.needs("espeak-ng")
@pytest.mark.parametrize(
    ("language", "voice", "sounds"),
    [("de", "de", ["A:", "be:", "tse:"]), ("en", "en-gb", ["eI", "bi:", "si:"])],
)
def test_a_synthesiser_says_each_letter_by_its_name(language: str, voice: str, sounds: list[str]) -> None:
    said = [_sounds(read_back(letter, language), voice) for letter in "ABC"]
    assert [each.startswith(sound) for sound, each in zip(sounds, said, strict=True)] == [True] * 3


def _sounds(text: str, voice: str) -> str:
    """Phonemes without stress and breaks."""
    said = subprocess.run(["espeak-ng", "-q", "-x", "-v", voice, text], capture_output=True, text=True, check=True)
    return said.stdout.translate(str.maketrans("", "", "'_! "))
