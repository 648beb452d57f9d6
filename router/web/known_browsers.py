"""The cookie of a browser that somebody signed in with: it is known for their login from then on.

Whoever guesses from elsewhere has no such cookie, so guesses at a login can be bounded for all of them together without
keeping its owner away. The cookie names nobody: it holds a random name of the browser, and for each login a day and a
mark that cannot be made up. Nothing of it is stored here, and it lets nobody in.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

LASTS: Final = timedelta(days=180)
"""From the last sign-in with the browser on."""
MOST: Final = 20
"""Logins of one browser, at which many may sit in turn; the one that came longest ago is forgotten."""
_NAME_BYTES: Final = 16
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_MARK: Final = re.compile(r"([0-9]{1,6}):([A-Za-z0-9_-]{22})")
_LONGEST: Final = 1000


def known_as(cookie: str, login: str, key: bytes, now: datetime) -> str | None:
    """The name of the browser where it is known for this login; None where it is not, or no more."""
    name, marks = _read(cookie)
    today = _day(now)
    for day, mark in marks:
        if 0 <= today - int(day) <= LASTS.days and hmac.compare_digest(mark, _mark(name, day, login, key)):
            return name
    return None


def remembered(cookie: str, login: str, key: bytes, now: datetime, random_text: Callable[[int], str]) -> str:
    """The cookie that makes the browser known for ``login``, too. ``random_text(n)`` gives ``n`` random bytes as
    URL-safe text."""
    name, marks = _read(cookie)
    name = name or random_text(_NAME_BYTES)
    day = str(_day(now))
    others = [(each, mark) for each, mark in marks if not hmac.compare_digest(mark, _mark(name, each, login, key))]
    kept = [(day, _mark(name, day, login, key)), *others][:MOST]
    return ".".join([name, *(f"{each}:{mark}" for each, mark in kept)])


def _read(cookie: str) -> tuple[str, list[tuple[str, str]]]:
    """The browser's name and its marks, not yet looked at; ("", []) for what is no such cookie."""
    name, *marks = cookie[: _LONGEST + 1].split(".")
    found = [match.groups() for each in marks[:MOST] if (match := _MARK.fullmatch(each))]
    if len(cookie) > _LONGEST or not _NAME.fullmatch(name) or len(found) != len(marks):
        return "", []
    return name, [(day, mark) for day, mark in found]


def _day(now: datetime) -> int:
    return int(now.timestamp() // 86400)


def _mark(name: str, day: str, login: str, key: bytes) -> str:
    content = f"known browser {name} {day} {login.casefold()}".encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(hmac.digest(key, content, "sha256")[:_NAME_BYTES]).decode().rstrip("=")
