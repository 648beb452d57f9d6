"""Keys that are said: digits and the star."""

from __future__ import annotations

import re
from collections.abc import Iterable

from router.core.hearing import Expected, Listening, Reading
from router.spoken.numbers import numbers

LONGEST = 20
"""Keys that are said at most."""
_CLEAR = 0.25
"""The weight from which on digits count: words that only sound like one have less."""
_STAR = re.compile(r"\*|\b(?:stern|sterntaste|sternchen|star|asterisk)\b", re.IGNORECASE)


def keys_said(readings: Iterable[Reading], language: str) -> str:
    """The keys that were most likely said, ``0`` to ``9`` and ``*``; "" where no keys clearly were.

    >>> keys_said((Reading("Stern vier acht", 1.0),), "de")
    '*48'
    """
    readings = list(readings)
    if readings and _STAR.search(readings[0].text):
        parts = _STAR.split(readings[0].text)
        return "*".join(_digits((Reading(part, 1.0),), language) for part in parts)[:LONGEST]
    return _digits(readings, language)


def _digits(readings: Iterable[Reading], language: str) -> str:
    found = numbers(readings, language, Listening(Expected.DIGITS, 1, LONGEST))
    return found[0].text if found and found[0].weight >= _CLEAR and len(found[0].text) <= LONGEST else ""
