"""What is said is read as the number it is."""

from __future__ import annotations

from router.core.hearing import Listening, Reading
from router.spoken.answers import yes_or_no
from router.spoken.numbers import numbers
from router.spoken.read_back import read_back


def test_readings_of_the_same_number_count_together() -> None:
    said = (Reading("vier acht zwei", 0.3), Reading("482", 0.3), Reading("4 8 3", 0.2), Reading("danke", 0.1))
    assert numbers(said, "de", Listening(shortest=3)) == (Reading("482", 0.6), Reading("483", 0.2))


def test_a_number_is_read_back_in_groups() -> None:
    assert read_back("4821390", "de") == "4 8 2, 1 3 9, 0"


def test_the_likeliest_reading_that_is_an_answer_counts() -> None:
    assert yes_or_no((Reading("äh", 0.6), Reading("ja genau", 0.2)), "de") is True
    assert yes_or_no((Reading("nope", 0.6),), "en") is False
    assert yes_or_no((Reading("vielleicht", 1.0),), "de") is None
