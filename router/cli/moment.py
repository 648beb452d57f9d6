"""Times as they are typed at the terminal."""

from __future__ import annotations

from datetime import datetime

from router.cli.output import WRONG_USE, fail


def moment(text: str, option: str = "--at") -> datetime:
    """The time typed after ``option``, of the past or the future; without an offset it is this machine's local time.
    Ends the command otherwise."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        fail(f"{option}: '{text[:40]}' is not a time; write it like 2026-11-23T10:00:00", WRONG_USE)
