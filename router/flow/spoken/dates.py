"""Dates, times of day and durations."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_date, get_day_names
from babel.units import format_unit

from router.flow.spoken.manner import Manner, Unsayable
from router.flow.spoken.numbers import decimal, rounded

UNITS = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def is_date(text: str) -> bool:
    """Whether the text is a date, or a date with a time, as computers write it (ISO 8601)."""
    return bool(_ISO_DATE.fullmatch(text) or _ISO_MOMENT.fullmatch(text))


_GERMAN_DAYS = (
    *"ersten zweiten dritten vierten fünften sechsten siebten achten neunten zehnten elften zwölften".split(),
    *(f"{ten}zehnten" for ten in ("drei", "vier", "fünf", "sech", "sieb", "acht", "neun")),
    "zwanzigsten",
    *(f"{one}undzwanzigsten" for one in "ein zwei drei vier fünf sechs sieben acht neun".split()),
    "dreißigsten",
    "einunddreißigsten",
)
"""As after *am*, *bis zum* and *vom*."""
_LARGER = {"seconds": ("minutes", 60), "minutes": ("hours", 60)}
_ONE = {
    "seconds": "eine Sekunde", "minutes": "eine Minute", "hours": "eine Stunde", "days": "einen Tag",
    "weeks": "eine Woche", "months": "einen Monat", "years": "ein Jahr",
}  # fmt: skip
"""As after *noch*, *etwa* and *dauert*."""


def _moment(value: Any, manner: Manner) -> date:
    """The day, or the day with its time in the flow's zone."""
    if isinstance(value, str):
        text = value.strip()
        if not (_ISO_DATE.fullmatch(text) or _ISO_MOMENT.fullmatch(text)):
            raise Unsayable("is not a date")
        try:
            value = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text.upper())
        except ValueError:
            raise Unsayable("is not a date") from None
    if isinstance(value, datetime):
        return value.astimezone(manner.zone) if value.tzinfo else value
    if isinstance(value, date):
        return value
    raise Unsayable("is not a date")


def date_of(value: Any, manner: Manner) -> str:
    """The day in full: ``einunddreißigsten Januar 2026``. Raises `Unsayable`."""
    day = _moment(value, manner)
    if manner.written or manner.language not in ("de", "en"):
        return str(format_date(day, "long", locale=manner.locale))
    rest = format_date(day, "MMMM y", locale=manner.locale)
    return f"{_GERMAN_DAYS[day.day - 1]} {rest}" if manner.german else f"the {day.day}{_suffix(day.day)} of {rest}"


def _suffix(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def time_of(value: Any, manner: Manner) -> str:
    """The time of day: ``14 Uhr 5``. Raises `Unsayable`."""
    clock = _clock(value, manner)
    if manner.german and manner.written:
        return f"{clock:%H:%M} Uhr"
    if manner.german:
        hour = "ein" if clock.hour == 1 else str(clock.hour)
        return f"{hour} Uhr {clock.minute}" if clock.minute else f"{hour} Uhr"
    hour = str(clock.hour % 12 or 12)
    return f"{hour}:{clock:%M} {_half(clock)}" if clock.minute or manner.written else f"{hour} {_half(clock)}"


def _half(clock: time) -> str:
    return "am" if clock.hour < 12 else "pm"


def _clock(value: Any, manner: Manner) -> time:
    if isinstance(value, str) and (found := _CLOCK.fullmatch(value.strip())):
        return time(int(found[1]), int(found[2]))
    moment = value if isinstance(value, time) else _moment(value, manner)
    if isinstance(moment, datetime):
        return moment.time()
    if isinstance(moment, time):
        return moment
    raise Unsayable("has no time of day")


def weekday_of(value: Any, manner: Manner) -> str:
    """The day of the week, of a date or of a number, 1 Monday … 7 Sunday. Raises `Unsayable`."""
    names = get_day_names("wide", locale=manner.locale)
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= 7:
            raise Unsayable("is not a day of the week, 1 to 7")
        return str(names[value - 1])
    return str(names[_moment(value, manner).weekday()])


def duration_of(value: Any, manner: Manner) -> str:
    """How long something takes, in the unit that the format names, seconds else: ``eine Stunde und 5 Minuten``.
    Raises `Unsayable`, also for less than nothing."""
    unit = manner.argument or "seconds"
    number = Decimal(value.total_seconds()) if isinstance(value, timedelta) else decimal(value)
    if number.is_signed() and number:
        raise Unsayable("is less than nothing")
    larger = _LARGER.get(unit)
    if larger is None:
        return _of(rounded(number, 1), unit, manner)
    whole = int(rounded(number, 0))
    if unit == "seconds" and whole >= 3600:
        unit, whole, larger = "minutes", int(rounded(Decimal(whole) / 60, 0)), _LARGER["minutes"]
    many, left = divmod(whole, larger[1])
    parts = [_of(Decimal(many), larger[0], manner)] if many else []
    parts += [_of(Decimal(left), unit, manner)] if left or not many else []
    return (" und " if manner.german else " and ").join(parts)


def _of(number: Decimal, unit: str, manner: Manner) -> str:
    if number == 1 and manner.german and not manner.written:
        return _ONE[unit]
    plain = int(number) if number == int(number) else float(number)
    return str(format_unit(plain, f"duration-{unit.removesuffix('s')}", locale=manner.locale))
