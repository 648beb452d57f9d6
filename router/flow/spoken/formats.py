"""The formats by name, and how a value is said that has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from babel.lists import format_list

from router.flow.spoken.dates import UNITS, date_of, duration_of, is_date, time_of, weekday_of
from router.flow.spoken.manner import Manner, Unsayable
from router.flow.spoken.numbers import CURRENCIES, amount, number
from router.flow.spoken.texts import cleaned, digits


def said(value: Any, format: str | None, manner: Manner) -> str:
    """The value as text, by the ``format`` named or by its type. Raises `Unsayable`."""
    try:
        text = FORMATS[format](value, manner) if format else _by_type(value, manner)
    except Unsayable:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # of the libraries, for odd values
        raise Unsayable("cannot be said") from error
    return " ".join(text.split()) if not manner.written else text.replace("\u202f", " ").replace("\xa0", " ")


def _by_type(value: Any, manner: Manner) -> str:
    match value:
        case bool():
            return {"de": ("nein", "ja"), "en": ("no", "yes")}.get(manner.language, ("no", "yes"))[value]
        case int() | float() | Decimal():
            return number(value, manner)
        case timedelta():
            return duration_of(value, manner)
        case date():
            return date_of(value, manner)
        case str() if is_date(value):
            try:
                return date_of(value, manner)
            except Unsayable:
                return cleaned(value, manner)
        case str():
            return cleaned(value, manner)
        case list() | tuple():
            return _list(value, manner)
        case _:
            raise Unsayable("is neither text, number, date nor true or false")


def _list(values: list[Any] | tuple[Any, ...], manner: Manner) -> str:
    if len(values) > 10 or any(isinstance(each, list | tuple | dict) for each in values):
        raise Unsayable("is too long a list")
    return cleaned(str(format_list([_by_type(each, manner) for each in values], locale=manner.locale)), manner)


def _text(value: Any, manner: Manner) -> str:
    return cleaned(value, manner) if isinstance(value, str) else _by_type(value, manner)


Format = Callable[[Any, Manner], str]
FORMATS: Mapping[str, Format] = {
    "text": _text,
    "digits": digits,
    "number": number,
    "amount": amount,
    "date": date_of,
    "time": time_of,
    "weekday": weekday_of,
    "duration": duration_of,
}
"""The formats by name."""


def problem_with(format: str | None, argument: str | None) -> str | None:
    """What is wrong with a format as named in a text, or None; the valid names are `FORMATS`."""
    match format, argument:
        case "amount", str(code) if code not in CURRENCIES:
            return f"'{code}' is not a currency such as EUR"
        case "duration", str(unit) if unit not in UNITS:
            return f"'{unit}' is no unit of time; there is: {', '.join(UNITS)}"
        case (("amount" | "duration"), _):
            return None
        case _, str(extra):
            return f"'{format}' takes nothing behind it (given: '{extra}')"
        case _:
            return None
