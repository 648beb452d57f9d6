"""How often somebody may ask for something: so many at once, and from then on so many a minute. Pure: time is given.

The generic cell rate algorithm (ITU-T I.371): one number is kept for each subject, the time at which it has used up
what it was given.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MOST_SUBJECTS: Final = 20_000
"""Kept at one time; whoever did not come for longest is forgotten first, and begins anew."""


class Rates:
    """``a_minute`` for each subject, ``at_once`` of them without a pause. No limit where ``a_minute`` is 0."""

    def __init__(self, a_minute: int, at_once: int, most_subjects: int = MOST_SUBJECTS) -> None:
        self._pause = 60.0 / a_minute if a_minute else 0.0
        self._room = self._pause * at_once
        self._most = most_subjects
        self._used_until: OrderedDict[str, float] = OrderedDict()

    def wait(self, subject: str, now: float) -> float:
        """0.0: go ahead, it is counted. Else the seconds until it is worth asking again; nothing is counted then.
        ``now`` is in seconds and never goes back."""
        if not self._pause:
            return 0.0
        used_until = max(self._used_until.pop(subject, now), now) + self._pause
        too_much = used_until - now - self._room
        if too_much > 1e-9:
            self._used_until[subject] = used_until - self._pause
            return too_much
        self._used_until[subject] = used_until
        while len(self._used_until) > self._most:
            self._used_until.popitem(last=False)
        return 0.0
