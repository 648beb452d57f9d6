"""Where speech begins and ends, out of how likely each moment of sound is speech. Pure.

Times are chosen for numbers that are read from a letter. Between groups of digits callers pause for half a second and
more, so speech is over only after `Patience.end`. The recogniser is begun long before; once it has found a whole number
nobody needs to wait for more, and while it has found too little of one, the caller may look at the letter for longer.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

MOMENT: Final = 0.032
"""Seconds of sound that one probability stands for."""

_ON: Final = 0.5
"""From this probability a moment is speech,"""
_OFF: Final = 0.35
"""and where the one before was, from this."""
_WINDOW: Final = 8
_GOES_ON: Final = 2
"""Moments of speech in a row that end a pause: a click does not;"""
_GOES_ON_AFTER_ALL: Final = 4
"""and so many once speech was taken to be over."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    early: float = 0.3
    """Silence after which the recogniser is begun, in case that was all."""
    whole: float = 0.5
    """Silence after which speech is over where all that was asked for has been heard,"""
    end: float = 0.9
    """where that is not known (yet),"""
    part: float = 1.6
    """and where it is too little to be all."""
    longest: float = 15.0
    """Speech is cut off: noise or music that never ends."""
    least: float = 0.12
    """Less speech than this is none: a click or a knock. The shortest words, "acht" or "no", have 0.2."""
    sure: float = 0.2
    """Speech within a quarter of a second that cuts a prompt short: nobody speaks by mistake for so long, and a cough
    is over before."""
    begin: float = 0.09
    """Speech that begins an answer once the prompt is over."""


class Change(Enum):
    """What a moment changes."""

    BEGINS = auto()
    PAUSES = auto()
    """The silence may be the end."""
    GOES_ON = auto()
    """It was not."""
    ENDS = auto()
    """Enough silence. It can go on even then, until somebody calls `Endpoint.forget`."""
    CUT = auto()
    """It went on for too long, and is over."""
    NOTHING = auto()
    """It was too short to be speech, and is forgotten."""


class Endpoint:
    """Feed it the probability of each `MOMENT`. ``wary``: speech has to be sure before it counts, as long as a prompt
    plays. ``enough`` is the silence that ends speech."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self.wary = False
        self._recent: deque[bool] = deque(maxlen=_WINDOW)
        self.forget()

    def forget(self) -> None:
        """Begin anew, as if nothing had been heard."""
        self.begun = self.paused = self.over = self._cut = False
        self.enough = self.patience.end
        self.silence = 0.0
        """Seconds since the last speech."""
        self.length = 0.0
        """Seconds since speech began."""
        self._speech = 0.0
        self._row = 0
        self._recent.clear()

    @property
    def share(self) -> float:
        """How much of the time since it began is speech."""
        return self._speech / self.length if self.length else 0.0

    def feed(self, probability: float) -> Change | None:
        """What this moment changes."""
        speech = probability >= (_OFF if self._row else _ON)
        self._row = self._row + 1 if speech else 0
        self._recent.append(speech)
        return self._within(speech) if self.begun else self._before()

    def _before(self) -> Change | None:
        self.silence = 0.0 if self._row else self.silence + MOMENT
        needed = self.patience.sure if self.wary else self.patience.begin
        if not self._row or sum(self._recent) * MOMENT < needed:
            return None
        self.begun = True
        self._speech = sum(self._recent) * MOMENT
        self.length = (len(self._recent) - self._recent.index(True)) * MOMENT
        return Change.BEGINS

    def _within(self, speech: bool) -> Change | None:
        self.length += MOMENT
        self._speech += MOMENT * speech
        if self._row >= (_GOES_ON_AFTER_ALL if self.over else _GOES_ON) and not self._cut:
            was_paused = self.paused
            self.silence, self.paused, self.over = 0.0, False, False
            if was_paused:
                self.enough = self.patience.end
                return Change.GOES_ON
        else:
            self.silence += MOMENT
        if self.length >= self.patience.longest and not self.over:
            self.over = self._cut = True
            return Change.CUT
        return None if self._cut else self._silent()

    def _silent(self) -> Change | None:
        if self._speech < self.patience.least:
            if self.silence < self.patience.end:
                return None
            self.forget()
            return Change.NOTHING
        if not self.paused and self.silence >= self.patience.early:
            self.paused = True
            return Change.PAUSES
        if not self.over and self.silence >= self.enough:
            self.over = True
            return Change.ENDS
        return None
