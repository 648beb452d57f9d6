"""Yes and no, however people say them."""

from __future__ import annotations

import math

import pytest

from router.core.hearing import Reading
from router.spoken.answers import yes_or_no


def said(text: str, language: str) -> bool | None:
    return yes_or_no((Reading(text, 1.0),), language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *((text, "de") for text in (
            "Ja.", "ja genau", "Jawohl", "jo, passt", "Stimmt so", "Das ist richtig", "Ja, das ist korrekt", "Genau!",
            "in Ordnung", "eins", "1", "okay", "nicht falsch", "Na klar", "Mhm", "yes", "Äh ja, richtig", "So ist es",
        )),
        *((text, "en") for text in (
            "Yes.", "yeah", "yep that's right", "That is correct", "uh-huh", "exactly", "right", "one", "That's it",
            "Sure, of course", "ja",
        )),
    ],
)  # fmt: skip
def test_yes(text: str, language: str) -> None:
    assert said(text, language) is True


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *((text, "de") for text in (
            "Nein.", "nee", "nö", "Falsch", "Das stimmt nicht", "nicht richtig", "Das ist nicht korrekt", "nein nein",
            "Nein, das ist falsch", "leider nicht", "zwei", "zwo", "2", "auf keinen Fall", "stimmt so nicht", "nope",
        )),
        *((text, "en") for text in (
            "No.", "nope", "that's wrong", "That's not right", "it isn't", "not correct", "incorrect", "two", "nein",
            "No, it's not", "That isn't right",
        )),
    ],
)  # fmt: skip
def test_no(text: str, language: str) -> None:
    assert said(text, language) is False


@pytest.mark.parametrize(
    ("text", "language"),
    [("", "de"), ("vielleicht", "de"), ("ja nein", "de"), ("Wie bitte?", "de"), ("eins zwei", "de"), ("maybe", "en"),
     ("yes no", "en"), ("4 8 2 1", "en"), ("na", "en"), ("what", "en")],
)  # fmt: skip
def test_neither(text: str, language: str) -> None:
    assert said(text, language) is None


def test_all_readings_count() -> None:
    assert yes_or_no((Reading("äh", 0.6), Reading("ja genau", 0.2)), "de") is True
    assert yes_or_no((Reading("ja", 0.3), Reading("nein", 0.5), Reading("nee", 0.2)), "de") is False
    assert yes_or_no((Reading("ja", 0.5), Reading("nein", 0.4)), "de") is None
    assert yes_or_no((Reading("ja", math.nan),), "de") is None
    assert yes_or_no((), "de") is None
