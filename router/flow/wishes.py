"""When a caller would like to be called back: ``soon``, ``today``, ``tomorrow``, or hours of one of the two days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from router.flow.opening import DAY, Hours, at_minute, minutes

SOON = "soon"
_DAYS = {"today": 0, "tomorrow": 1}


class Wish(NamedTuple):
    """Not before ``begin``, not after ``end`` (both aware); None: whenever it is possible."""

    begin: datetime | None = None
    end: datetime | None = None


def _known(text: str) -> str:
    if text == SOON or text in _DAYS:
        return text
    day, _, span = text.partition(" ")
    if day not in _DAYS:
        raise ValueError(f"'{text}' is not soon, today, tomorrow or hours of them such as today 14:00-16:00")
    minutes(span)
    return text


WishText = Annotated[str, AfterValidator(_known)]


def resolve(text: str, now: datetime, zone: ZoneInfo, hours: Hours | None) -> Wish | None:
    """What the wish is at ``now`` (aware): without what is past, and from the first to the last moment of it that is
    open. None where nothing is left of it."""
    if text == SOON:
        return Wish()
    day, _, span = text.partition(" ")
    start, end = minutes(span) if span else (0, DAY)
    date = now.astimezone(zone).date() + timedelta(days=_DAYS[day])
    begin, until = (at_minute(date, each, zone).astimezone(now.tzinfo) for each in (start, end))
    begin = max(begin, now)
    if begin >= until:
        return None
    if hours is None:
        return Wish(begin, until)
    opened = hours.open_within(begin, until)
    return Wish(*opened) if opened else None
