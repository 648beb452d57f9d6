"""Dates as spreadsheets of German-speaking countries write them, DD.MM.YYYY [HH:MM[:SS]], as times with an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ZONES = {"AT": "Europe/Vienna", "CH": "Europe/Zurich", "DE": "Europe/Berlin"}
"""The time zone of each country (ISO 3166) whose people write dates so, and that has one zone only."""

_WRITTEN = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?: +([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?")
_WHOLE_DAY = {False: (0, 0, 0), True: (23, 59, 59)}


def with_offset(text: str, region: str, *, ends: bool) -> str:
    """A date of the ``region`` in RFC 3339, for `router.core.times` to judge; any other text as it is.

    A date without a time is the beginning of that day, or its last second where something ``ends`` then. An hour that
    the clock shows twice in autumn is the first one.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or region not in ZONES:
        return text
    day, month, year = (int(part) for part in found.groups()[:3])
    clock = _WHOLE_DAY[ends] if found[4] is None else (int(found[4]), int(found[5]), int(found[6] or 0))
    try:
        return datetime(year, month, day, *clock, tzinfo=ZoneInfo(ZONES[region])).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        # In the form that is understood, so that what is told is the day that does not exist.
        return f"{year:04}-{month:02}-{day:02}T{clock[0]:02}:{clock[1]:02}:{clock[2]:02}Z"
