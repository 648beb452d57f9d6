"""Short answers in words."""

from __future__ import annotations

from collections.abc import Iterable

from router.core.hearing import Reading
from router.core.spoken import choice_said

_WORDS = {
    "yes": ("ja", "genau", "stimmt", "richtig", "korrekt", "jawohl", "yes", "yeah", "yep", "right", "correct"),
    "no": ("nein", "nee", "falsch", "no", "nope", "wrong"),
}


def yes_or_no(readings: Iterable[Reading], language: str) -> bool | None:
    """Whether the likeliest of ``readings`` that is either says yes or no; None where none is."""
    for reading in readings:
        if said := choice_said(reading.text, _WORDS):
            return said == "yes"
    return None
