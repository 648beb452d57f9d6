"""Opening hours: weekly spans in one time zone, public holidays, and exceptions by date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays as public_holidays
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, field_validator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_COUNTRY = re.compile(r"[A-Z][A-Za-z]{1,60}")
DAY = 24 * 60


@lru_cache(maxsize=1000)
def minutes(span: str) -> tuple[int, int]:
    """``HH:MM-HH:MM`` as minutes from midnight; an end at or before the start is on the next day.

    Raises `ValueError` for any other text. ``24:00`` is the end of the day.
    """
    found = _SPAN.fullmatch(span)
    if not found:
        raise ValueError(f"'{span}' is not a span such as 08:00-18:00")
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if end > DAY:
        raise ValueError(f"'{span}' ends after 24:00")
    return start, end if end > start else end + DAY


@lru_cache(maxsize=100)
def zone_named(name: str) -> ZoneInfo:
    """The time zone of this name, which is known; `ZoneInfo` itself looks for it each time."""
    return ZoneInfo(name)


def _spans(spans: tuple[str, ...]) -> tuple[str, ...]:
    for span in spans:
        minutes(span)
    return spans


Span = Annotated[str, Field(json_schema_extra={"pattern": f"^{_SPAN.pattern}$"})]
Spans = Annotated[tuple[Span, ...], AfterValidator(_spans)]
_DAY_NAMES = rf"({'|'.join(DAYS)})(-({'|'.join(DAYS)}))?"
_DATES = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.\.[0-9]{4}-[0-9]{2}-[0-9]{2})?"
_LONGEST_EXCEPTION = 366


def _day_names(name: str) -> str:
    _days(name)
    return name


def _date_names(name: str) -> str:
    dates(name)
    return name


def dates(name: str) -> tuple[date, date]:
    """The first and the last day of ``2026-12-24`` or ``2026-12-24..2027-01-01``. Raises `ValueError`."""
    try:
        first, last = (date.fromisoformat(each) for each in (name.split("..") * 2)[:2])
        if not re.fullmatch(_DATES, name):
            raise ValueError
    except ValueError:
        raise ValueError(f"'{name}' is not a date such as 2026-12-24, or 2026-12-24..2027-01-01") from None
    if not 0 <= (last - first).days < _LONGEST_EXCEPTION:
        raise ValueError(f"'{name}' does not end after it begins, within {_LONGEST_EXCEPTION} days")
    return first, last


class Hours(BaseModel):
    """When somebody is there. ``weekly`` maps days (``mon``, ``mon-fri``) to spans; what is not named is closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: str = Field("Europe/Berlin", description="time zone, such as Europe/Berlin")
    weekly: dict[Annotated[str, AfterValidator(_day_names)], Spans] = Field(
        description="spans for each day (mon) or days (mon-fri); what is not named is closed",
        json_schema_extra={"propertyNames": {"pattern": f"^{_DAY_NAMES}$"}},
    )
    holidays: str | None = Field(
        None, description="country, or country and region, on whose public holidays it is closed: DE, DE-BY, AT"
    )
    exceptions: dict[Annotated[str, AfterValidator(_date_names)], Spans] = Field(
        {},
        description="dates (2026-12-24 or 2026-12-24..2027-01-01) with spans of their own; [] is closed all day",
        json_schema_extra={"propertyNames": {"pattern": f"^{_DATES}$"}},
    )
    _exceptional: list[tuple[date, date, Spans]] = PrivateAttr(default_factory=list)

    def model_post_init(self, _: Any, /) -> None:
        """A date by itself goes before a range that it lies in, and a later range before an earlier one."""
        names = sorted(self.exceptions, key=lambda name: ".." not in name)
        self._exceptional = [(*dates(name), self.exceptions[name]) for name in reversed(names)]

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"'{name}' is not a time zone such as Europe/Berlin") from None
        return name

    @field_validator("holidays")
    @classmethod
    def _known_country(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                _calendar(name)
            except Exception:  # the library takes any name of its own for a country, and fails with it in its own way
                raise ValueError(f"'{name}' is not a country or region with known holidays, such as DE-BY") from None
        return name

    def open_at(self, moment: datetime) -> bool:
        """Whether ``moment`` (aware) lies in a span; a span past midnight counts for the day it begins on."""
        local = moment.astimezone(zone_named(self.timezone))
        now = local.hour * 60 + local.minute
        yesterday = local.date() - timedelta(days=1)
        return any(start <= now < end for start, end in self._on(local.date())) or any(
            start <= now + DAY < end for start, end in self._on(yesterday)
        )

    def open_within(self, begin: datetime, end: datetime) -> tuple[datetime, datetime] | None:
        """The first moment that is open from ``begin`` on and the last one before ``end``, both aware and in the zone
        of ``begin``; None where it is closed all the time."""
        zone = ZoneInfo(self.timezone)
        day, last = begin.astimezone(zone).date() - timedelta(days=1), end.astimezone(zone).date()
        opened: list[tuple[datetime, datetime]] = []
        while day <= last:
            for span in self._on(day):
                opens, closes = (at_minute(day, each, zone).astimezone(begin.tzinfo) for each in span)
                if max(opens, begin) < min(closes, end):
                    opened.append((max(opens, begin), min(closes, end)))
            day += timedelta(days=1)
        return (min(opens for opens, _ in opened), max(closes for _, closes in opened)) if opened else None

    def _on(self, day: date) -> list[tuple[int, int]]:
        for first, last, spans in self._exceptional:
            if first <= day <= last:
                return [minutes(span) for span in spans]
        if self.holidays and day in _calendar(self.holidays):
            return []
        return [minutes(span) for name, spans in self.weekly.items() if day.weekday() in _days(name) for span in spans]


def overlaps(hours: Hours) -> Iterator[str]:
    """Weekly spans that overlap, on one day or from one past midnight, in words. They count as one, and are most likely
    a slip."""
    spans = sorted(
        (day * DAY + start, day * DAY + end, DAYS[day], span)
        for name, each in hours.weekly.items()
        for day in _days(name)
        for span in each
        for start, end in (minutes(span),)
    )
    following = [(start + 7 * DAY, end, day, span) for start, end, day, span in spans[:1]]
    for (_, end, day, span), (start, _, next_day, next_span) in pairwise([*spans, *following]):
        if start < end:
            yield f"{day} {span} and {next_day} {next_span} overlap"


def at_minute(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """A minute of a day by the clock on the wall, so that a day on which the clocks change has its own length."""
    return (datetime.combine(day, time()) + timedelta(minutes=minute)).replace(tzinfo=zone)


@lru_cache(maxsize=100)
def _days(name: str) -> range | tuple[int, ...]:
    first, _, last = name.partition("-")
    if first not in DAYS or (last not in DAYS and name != first):
        raise ValueError(f"'{name}' is not a day or days such as mon or mon-fri")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return range(begin, end + 1) if begin <= end else (*range(begin, 7), *range(end + 1))


@lru_cache(maxsize=64)
def _calendar(name: str) -> public_holidays.HolidayBase:
    country, _, region = name.partition("-")
    if not _COUNTRY.fullmatch(country):
        raise ValueError(f"'{country}' is not a country")
    found = public_holidays.country_holidays(country, subdiv=region or None)
    if not isinstance(found, public_holidays.HolidayBase):
        raise ValueError(f"'{country}' is not a country")
    return found
