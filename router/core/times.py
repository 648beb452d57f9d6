"""Times as they are written outside: RFC 3339 with an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""What is outside is a mistake, and near the ends of the calendar nothing can be added or taken away."""

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def rfc3339(text: str) -> datetime:
    """The time in UTC, to the microsecond. Raises `ValueError` with a reason for people."""
    if len(text) > 40 or not _RFC3339.fullmatch(text):
        raise ValueError("is not a time with an offset; write it like 2026-03-31T18:00:00+02:00")
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not in the calendar") from None
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("is not between the years 2000 and 2100")
    return moment
