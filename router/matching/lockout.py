"""When a caller who keys in wrong codes is not to be listened to any more.

Only well-formed wrong codes count: a slip of a finger has a wrong check digit and is no guess. Whoever is locked out
goes on as if every code were wrong: no call is refused, and wrong, expired and locked sound the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from router.matching.codes import normalise, well_formed

WITHIN = timedelta(hours=24)
"""Wrong codes count for so long, except those of the call itself, which all count."""
KEPT = timedelta(days=30)
"""Wrong codes are kept so long, to look at, and then deleted."""


class By(StrEnum):
    """What a lockout is about; the names are those of the figures."""

    CALL = "call"
    CALLER = "caller"
    TRUNK = "trunk"
    OVERALL = "overall"


@dataclass(frozen=True, slots=True)
class Limits:
    """Wrong codes after which no more are looked at. One limit less than the number of calls at one time may be passed
    by calls that ask at the same moment: each reads before the others have written."""

    per_call: int = 3
    """As often as our flow asks; who has misread a letter has noticed by then."""

    per_caller: int = 10
    """A day, by the caller number. A family or an office shares a number, and a code is rarely keyed in wrong with the
    right check digit. Withheld callers have no number to count by."""

    per_trunk: int = 100
    """A day, by the line or account the calls come in on, so that whoever guesses on one leaves the others alone. Well
    above what honest callers come to: one slip in many thousands has the right check digit."""

    overall: int = 200
    """A day, the guessing budget that the length of codes follows from (see `router.matching.budget`)."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Wrong codes so far. What is not known of a call, its number or its trunk, counts 0."""

    call: int = 0
    caller: int = 0
    trunk: int = 0
    overall: int = 0


def locked_by(counted: Counted, limits: Limits) -> By | None:
    """The limit that is reached, the narrowest first; None while a code may be looked at."""
    if counted.call >= limits.per_call:
        return By.CALL
    if counted.caller >= limits.per_caller:
        return By.CALLER
    if counted.trunk >= limits.per_trunk:
        return By.TRUNK
    if counted.overall >= limits.overall:
        return By.OVERALL
    return None


def guess_in(keyed: str | None) -> str | None:
    """The digits of what was keyed in, where it can be a code of ours at all: it has the right check digit and a length
    that codes have or had (an earlier setting may have made shorter ones). None for anything else."""
    digits = normalise(keyed) if keyed else None
    return digits if digits is not None and well_formed(digits) else None
