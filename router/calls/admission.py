"""How many new calls a line may bring, and a number dialled may have: a flood on one leaves the others alone.

A call too many is not lost: its channel takes it to the default queue, as it does whenever we cannot say what is next.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog

from router.core.events import CallStarted
from router.core.rates import Rates

LOGGED_EVERY: Final = 60.0
"""Seconds: under a flood the log is not to be the next thing to break."""

log = structlog.get_logger(__name__)


class TooManyCalls(Exception):
    """The line, or the number dialled, has had as many calls as it may have."""


class Admission:
    """Counts new calls. ``a_minute`` for each line and each number dialled, 0: as many as come."""

    def __init__(self, a_minute: int = 0, clock: Callable[[], float] = monotonic) -> None:
        self._rates = Rates(a_minute, max(1, a_minute // 10))
        self._clock = clock
        self._logged = float("-inf")
        self.refused = 0
        """Calls too many so far."""

    def check(self, event: CallStarted) -> None:
        """Count a new call. Raises `TooManyCalls`."""
        now = self._clock()
        subjects = [f"line {event.trunk}" if event.trunk else None, f"to {event.service_number}"]
        if not any(subject is not None and self._rates.wait(subject, now) for subject in subjects):
            return
        self.refused += 1
        if now - self._logged >= LOGGED_EVERY:
            self._logged = now
            log.error("too many calls on one line or number, they go to the default queue", line=event.trunk)
        raise TooManyCalls


class UnderWay:
    """Counts what has begun and not ended; to be entered with ``with``."""

    def __init__(self) -> None:
        self.number = 0

    def __enter__(self) -> None:
        self.number += 1

    def __exit__(self, *_: object) -> None:
        self.number -= 1
