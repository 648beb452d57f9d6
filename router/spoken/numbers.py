"""From words to the characters of a number, by what is said in German and English."""

from __future__ import annotations

from collections.abc import Iterable

from router.core.hearing import Listening, Reading
from router.core.spoken import digits_said


def numbers(readings: Iterable[Reading], language: str, listening: Listening) -> tuple[Reading, ...]:
    """The numbers that ``readings`` may mean, likeliest first, in capitals and digits; none where there is none.
    ``language`` is the one spoken (``de``, ``en``); ``listening`` says of how many characters a number is made."""
    found: dict[str, float] = {}
    for reading in readings:
        number = digits_said(reading.text)
        if listening.shortest <= len(number) <= listening.longest:
            found[number] = found.get(number, 0.0) + reading.weight
    return tuple(Reading(number, found[number]) for number in sorted(found, key=lambda each: -found[each]))
