"""Keys and choices that are said."""

from __future__ import annotations

import pytest

from router.core.hearing import Reading
from router.spoken.choices import choice_said
from router.spoken.keys import keys_said
from router.spoken.masked import masked_speech

OPTIONS = {"1": ("Strom", "guter Strom"), "2": ("Gas", "Erdgas"), "*": ("zurück",)}


@pytest.mark.parametrize(
    ("said", "language", "keys"),
    [
        ("4 8 2, 139 - 0", "de", "4821390"),
        ("vier acht zwei eins drei neun null", "de", "4821390"),
        ("Four eight TWO, oh", "en", "4820"),
        ("zwo fünf fuenf", "de", "255"),
        ("achtundvierzig zwölf", "de", "4812"),
        ("eins", "de", "1"),
        ("Stern", "de", "*"),
        ("star one", "en", "*1"),
        ("*", "de", "*"),
        ("Ich habe keinen Code", "de", ""),
        ("Ich möchte nach Hause", "de", ""),
        ("٤٢", "de", ""),
        ("1" * 400, "de", ""),
        ("", "de", ""),
    ],
)
def test_keys_said(said: str, language: str, keys: str) -> None:
    assert keys_said((Reading(said, 1.0),), language) == keys


def test_the_likeliest_keys_of_all_readings_count() -> None:
    heard = (Reading("drei acht", 0.35), Reading("3 9", 0.3), Reading("39", 0.25))
    assert keys_said(heard, "de") == "39"
    assert keys_said((), "de") == ""


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("Es geht um Gas.", "2"),
        ("Erdgas", "2"),
        ("zwei", "2"),
        ("Die Zwei, bitte.", "2"),
        ("Ich nehme die Eins", "1"),
        ("Stern", "*"),
        ("Zurück bitte", "*"),
        ("Strom und Gas", ""),
        ("Ich habe zwei Verträge", ""),
        ("drei", ""),
        ("", ""),
    ],
)
def test_choice_said(said: str, key: str) -> None:
    assert choice_said(said, OPTIONS) == key


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("Hier ist Meier, es geht um Gas", "x x x x x x gas"),
        ("vier acht zwei", "0 0 0"),
        ("die Eins", "x 1"),
        ("Die achtundvierzig zwölf", "x x x 0 0 0 0"),
        ("forty eight twelve", "x 0 x 0 0 0"),
        ("4711 Gas", "0000 gas"),
    ],
)
def test_what_is_masked_tells_no_number(said: str, masked: str) -> None:
    assert masked_speech(said, {"gas"}, 2) == masked
