"""Whatever way a number is said, it is among the readings; said digit by digit, it is the only one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.core.hearing import Expected, Listening, Reading
from router.spoken.numbers import MOST, numbers
from tests.spoken.speaker import any_way, single_digits

DIGITS = Listening(Expected.DIGITS, 4, 14)
CHARACTERS = Listening(Expected.CHARACTERS, 4, 14)
LANGUAGES = st.sampled_from(["de", "en"])
NUMBERS = st.text("0123456789", min_size=4, max_size=14).filter(
    lambda number: len(set(number[-8:])) > 1 or len(number) < 8
)
WITH_LETTERS = st.builds(str.__add__, st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_size=3), NUMBERS)


@given(st.data(), NUMBERS, LANGUAGES)
def test_single_digits_are_one_number(data: st.DataObject, number: str, language: str) -> None:
    text = data.draw(single_digits(number, language))
    assert numbers((Reading(text, 1.0),), language, DIGITS) == (Reading(number, 1.0),)


@given(st.data(), NUMBERS, LANGUAGES)
def test_however_digits_are_said_the_number_is_among_the_readings(
    data: st.DataObject, number: str, language: str
) -> None:
    text = data.draw(any_way(number, language))
    assert number in {reading.text for reading in numbers((Reading(text, 1.0),), language, DIGITS)}


@given(st.data(), WITH_LETTERS.map(lambda text: text[:14]), LANGUAGES)
def test_however_letters_are_said_the_number_is_among_the_readings(
    data: st.DataObject, number: str, language: str
) -> None:
    text = data.draw(any_way(number, language))
    assert number in {reading.text for reading in numbers((Reading(text, 1.0),), language, CHARACTERS)}


@given(st.lists(st.builds(Reading, st.text(max_size=60), st.floats())), LANGUAGES)
def test_whatever_comes_weights_stay_within_those_given(readings: list[Reading], language: str) -> None:
    found = numbers(readings, language, Listening(Expected.CHARACTERS, 1, 20))
    given_in_all = sum(min(each.weight, 1.0) for each in readings if each.weight > 0)
    assert len(found) <= MOST
    assert all(each.weight > 0 for each in found)
    assert sum(each.weight for each in found) <= given_in_all + 1e-9
    assert [each.weight for each in found] == sorted((each.weight for each in found), reverse=True)
    assert all(each.text.isascii() and each.text.isalnum() and each.text == each.text.upper() for each in found)
