"""How long callback codes must be so that guessing does not pay.

With N live codes of d digits a well-formed guess is one of them with probability N / (9 · 10^(d-2)): the check digit
adds no secrecy, and no code begins with 0. Whoever makes G wrong guesses a day finds 30 · G · N / (9 · 10^(d-2)) codes
in 30 days. A guesser may choose the length with the densest codes, so every length has to hold the bound by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from router.matching.codes import LONGEST

DAYS = 30
"""The time over which hits are counted."""


def codes_of(digits: int) -> int:
    """How many codes of ``digits`` digits there are."""
    return 9 * int(10 ** (digits - 2))


def expected_hits(live: int, digits: int, guesses_a_day: int) -> float:
    """Live codes that a guesser finds in `DAYS` days, on average, where ``live`` codes have ``digits`` digits."""
    return DAYS * guesses_a_day * live / codes_of(digits)


@dataclass(frozen=True, slots=True)
class Budget:
    """What an operator allows: ``guesses_a_day`` wrong codes in all, ``most_hits`` expected hits in `DAYS` days, and
    codes of at least ``shortest`` digits."""

    shortest: int
    guesses_a_day: int
    most_hits: float

    def room(self, digits: int) -> int:
        """How many codes of this length may be live at one time."""
        most = Fraction(repr(self.most_hits)) * codes_of(digits) / (DAYS * self.guesses_a_day)
        return min(floor(most), codes_of(digits))

    def digits_for(self, live: Mapping[int, int]) -> int | None:
        """The shortest length at which one more code keeps the bound, given the live codes of each length; None where
        none does."""
        lengths = range(self.shortest, LONGEST + 1)
        return next((digits for digits in lengths if live.get(digits, 0) < self.room(digits)), None)
