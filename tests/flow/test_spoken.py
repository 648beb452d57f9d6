"""What callers hear and customers read of numbers, amounts, dates and texts from outside."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.flow.spoken.formats import FORMATS, said
from router.flow.spoken.manner import Manner, Unsayable
from router.flow.spoken.numbers import decimal
from router.flow.spoken.texts import LONGEST_SPOKEN

BERLIN = ZoneInfo("Europe/Berlin")
LANGUAGES = st.sampled_from(["de", "en"])


def heard(value: Any, format: str | None = None, argument: str | None = None, language: str = "de") -> str:
    return said(value, format, Manner(language, BERLIN, argument=argument))


def read(value: Any, format: str | None = None, argument: str | None = None, language: str = "de") -> str:
    return said(value, format, Manner(language, BERLIN, written=True, argument=argument))


@pytest.mark.parametrize(
    ("value", "format", "argument", "german", "english"),
    [
        ("4711", "digits", None, "4 7, 1 1", "4 7, 1 1"),
        ("12345", "digits", None, "1 2, 3 4 5", "1 2, 3 4 5"),
        (7, "digits", None, "7", "7"),
        ("AB-12/3", "digits", None, "A B, 1 2, 3", "eigh B, 1 2, 3"),
        ("+49 30", "digits", None, "plus, 4 9, 3 0", "plus, 4 9, 3 0"),
        (0.1 + 0.2, None, None, "0,3", "0.3"),
        (1 / 3, "number", None, "0,333", "0.333"),
        (-3, None, None, "minus 3", "minus 3"),
        (-0.0001, "number", None, "0", "0"),
        (1234567.5, "number", None, "1.234.567,5", "1,234,567.5"),
        ("1.234,50", "number", None, "1.234,5", "1,234.5"),
        (0, "amount", "EUR", "0 Euro", "0 euros"),
        (1, "amount", "EUR", "ein Euro", "1 euro"),
        (0.01, "amount", "EUR", "ein Cent", "1 cent"),
        (12.5, "amount", "EUR", "12 Euro und 50 Cent", "12 euros and 50 cents"),
        (-1.01, "amount", "EUR", "minus ein Euro und ein Cent", "minus 1 euro and 1 cent"),
        (0.999, "amount", "GBP", "ein Pfund", "1 pound"),
        ("9,50 €", "amount", None, "9 Euro und 50 Cent", "9 euros and 50 cents"),
        ("€129", "amount", "EUR", "129 Euro", "129 euros"),
        (1000, "amount", "JPY", "1.000 Japanische Yen", "1,000 Japanese yen"),
        ("2026-01-31", None, None, "einunddreißigsten Januar 2026", "the 31st of January 2026"),
        ("2024-02-29", "date", None, "neunundzwanzigsten Februar 2024", "the 29th of February 2024"),
        ("2026-06-30T23:30:00Z", "date", None, "ersten Juli 2026", "the 1st of July 2026"),
        ("2026-06-30T23:05:00Z", "time", None, "ein Uhr 5", "1:05 am"),
        ("14:30", "time", None, "14 Uhr 30", "2:30 pm"),
        ("00:00", "time", None, "0 Uhr", "12 am"),
        (7, "weekday", None, "Sonntag", "Sunday"),
        ("2026-11-27", "weekday", None, "Freitag", "Friday"),
        (0, "duration", None, "0 Sekunden", "0 seconds"),
        (60, "duration", None, "eine Minute", "1 minute"),
        (95, "duration", None, "eine Minute und 35 Sekunden", "1 minute and 35 seconds"),
        (3660, "duration", None, "eine Stunde und eine Minute", "1 hour and 1 minute"),
        (90, "duration", "minutes", "eine Stunde und 30 Minuten", "1 hour and 30 minutes"),
        (1, "duration", "days", "einen Tag", "1 day"),
        (0, "duration", "days", "0 Tage", "0 days"),
        (3, "duration", "days", "3 Tage", "3 days"),
        (timedelta(minutes=2), None, None, "2 Minuten", "2 minutes"),
        (True, None, None, "ja", "yes"),
        (["Gas", "Strom"], None, None, "Gas und Strom", "Gas and Strom"),
        ("2026-06-30", "text", None, "2026-06-30", "2026-06-30"),
    ],
)
def test_what_callers_hear(value: Any, format: str | None, argument: str | None, german: str, english: str) -> None:
    assert heard(value, format, argument) == german
    assert heard(value, format, argument, "en") == english


@pytest.mark.parametrize(
    ("value", "format", "argument", "german", "english"),
    [
        ("0049-AB1", "digits", None, "0049-AB1", "0049-AB1"),
        (-3, "number", None, "-3", "-3"),
        (12.5, "amount", "EUR", "12,50 €", "€12.50"),
        (1, "amount", "EUR", "1,00 €", "€1.00"),
        ("2026-06-30T23:59:59+02:00", None, None, "30. Juni 2026", "30 June 2026"),
        ("2026-06-30T09:05:00+02:00", "time", None, "09:05 Uhr", "9:05 am"),
        (1, "duration", "days", "1 Tag", "1 day"),
        (
            "https://example.net/s?a=1&b=2",
            "text",
            None,
            "https://example.net/s?a=1&b=2",
            "https://example.net/s?a=1&b=2",
        ),
    ],
)
def test_what_customers_read(value: Any, format: str | None, argument: str | None, german: str, english: str) -> None:
    assert read(value, format, argument) == german
    assert read(value, format, argument, "en") == english


@pytest.mark.parametrize(
    ("value", "format", "argument"),
    [
        (None, None, None), ({}, None, None), (object(), None, None), ([[1]], None, None), (b"x", None, None),
        (float("nan"), "number", None), (float("inf"), "number", None), (10**15, "number", None),
        (True, "number", None),
        ("1.234", "number", None), ("1.2.3", "number", None), ("1.234,5.6", "number", None), ("x", "number", None),
        (5, "amount", None), ("5 USD", "amount", "EUR"), (5, "amount", "XXYZ"), ("€5€", "amount", None),
        (5, "date", None), ("2026-02-29", "date", None), ("2026-13-01T00:00:00Z", "date", None),
        ("morgen", "date", None),
        ("2026-06-30", "time", None), ("25:00", "time", None), (0, "weekday", None), (8, "weekday", None),
        (True, "weekday", None), (-1, "duration", None), ("bald", "duration", None), (1.5, "digits", None),
        ("", "digits", None), ("-", "digits", None), ("1" * 61, "digits", None), (True, "digits", None),
        ("x" * 200, "text", None),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_told_and_not_guessed(value: Any, format: str | None, argument: str | None) -> None:
    for language in ("de", "en"):
        with pytest.raises(Unsayable) as told:
            heard(value, format, argument, language)
        assert not isinstance(value, str) or len(value) < 3 or value not in str(told.value), "no value in an error"


@given(st.text("0123456789", min_size=1, max_size=60), LANGUAGES)
def test_digits_read_out_are_the_digits_there_were(digits: str, language: str) -> None:
    spoken = heard(digits, "digits", language=language)
    assert re.sub("[ ,]", "", spoken) == digits
    groups = [group.split(" ") for group in spoken.split(", ")]
    assert all(len(group) <= 3 for group in groups)
    assert all(len(digit) == 1 for group in groups for digit in group)


@given(st.floats(-(10**14), 10**14), LANGUAGES)
def test_numbers_have_no_artefacts_and_can_be_read_back(value: float, language: str) -> None:
    shown = heard(value, "number", language=language)
    _, _, decimals = shown.partition("," if language == "de" else ".")
    assert len(decimals) <= 3
    plain = read(value, "number", language=language).replace("." if language == "de" else ",", "")
    assert abs(Decimal(plain.replace(",", ".")) - Decimal(repr(value))) <= Decimal("0.0006")
    assert ("minus" in shown) == plain.startswith("-"), "the ear is told the sign as well"


@given(st.integers(-(10**11), 10**11), LANGUAGES)
def test_amounts_say_every_cent(cents: int, language: str) -> None:
    spoken = heard(Decimal(cents) / 100, "amount", "EUR", language)
    spoken = spoken.replace("ein ", "1 ")
    numbers = [int(re.sub("[.,]", "", number)) for number in re.findall(r"[\d.,]+", spoken)]
    euros, rest = divmod(abs(cents), 100)
    assert numbers == ([euros] if euros or not rest else []) + ([rest] if rest else [])
    assert spoken.startswith("minus ") == (cents < 0)
    written = read(Decimal(cents) / 100, "amount", "EUR", language)
    assert decimal(re.sub(r"[^\d.,-]", "", written)) * 100 == cents or abs(cents) < 100_000


@given(st.dates(date(1583, 1, 1), date(9999, 12, 31)), LANGUAGES)
def test_every_day_can_be_said_and_is_told_apart_from_its_neighbours(day: date, language: str) -> None:
    said_day = heard(day.isoformat(), "date", language=language)
    assert str(day.year) in said_day
    same_month = [date(day.year, day.month, each) for each in range(1, monthrange(day.year, day.month)[1] + 1)]
    assert sum(heard(each.isoformat(), "date", language=language) == said_day for each in same_month) == 1


@given(st.integers(-2_000_000_000, 4_000_000_000), LANGUAGES)
def test_times_are_those_of_the_flows_zone(seconds: int, language: str) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    local = moment.astimezone(BERLIN)
    spoken = heard(moment.isoformat(timespec="seconds"), "time", language=language)
    assert spoken == heard(f"{local:%H:%M}", "time", language=language)


@given(
    st.text(max_size=400) | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(st.text(max_size=5)),
    st.sampled_from([None, *FORMATS]),
    LANGUAGES,
    st.booleans(),
)
def test_whatever_comes_in_is_said_in_one_clean_line_or_not_at_all(
    value: Any, format: str | None, language: str, written: bool
) -> None:
    try:
        text = said(value, format, Manner(language, BERLIN, written))
    except Unsayable:
        return
    assert "None" not in text or "None" in str(value)
    assert not re.search(r"[<>{}\x00-\x1f\x7f\u2028\u200b\ud800-\udfff]", text)
    assert written or len(text) <= 4 * LONGEST_SPOKEN


def test_markup_and_invisible_characters_do_not_reach_a_prompt() -> None:
    hostile = "<speak>Sommer</speak> \x00Angebot\u202e\u200b\r\n{code} {{ x }}\x1b[31m"
    assert heard(hostile) == "Sommer Angebot code x [31m"
    assert heard("Wort " * 100).split() == ["Wort"] * (LONGEST_SPOKEN // 5), "cut between words"
