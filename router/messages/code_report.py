"""How it stands with callback codes: how many are live, what a guesser could expect, what the next one will be, and who
is locked out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from router.matching.budget import Budget, expected_hits
from router.matching.lockout import WITHIN, By, Limits
from router.messages.live_codes import by_length
from router.store import wrong_codes
from router.store.database import Connection


@dataclass(frozen=True, slots=True)
class Length:
    """The codes of one length: how many are live, how many may be, and the hits a guesser can expect in 30 days."""

    digits: int
    live: int
    room: int
    expected_hits: float


@dataclass(frozen=True, slots=True)
class CodeReport:
    """``next_digits`` is the length of the next code, None where none may be issued. ``wrong_codes`` are those of the
    last 24 hours, ``locked_out`` the calls, callers and trunks that came to their limit in that time; ``overall`` is 1
    while no code of anybody is looked up."""

    lengths: tuple[Length, ...]
    next_digits: int | None
    wrong_codes: int
    locked_out: dict[By, int]


async def code_report(connection: Connection, budget: Budget, limits: Limits, now: datetime) -> CodeReport:
    """The report as of ``now``; reads only."""
    live = await by_length(connection, now, budget.shortest)
    reached = await wrong_codes.reached(connection, now - WITHIN, limits)
    lengths = tuple(
        Length(digits, live[digits], budget.room(digits), expected_hits(live[digits], digits, budget.guesses_a_day))
        for digits in sorted(live)
    )
    locked_out = {
        By.CALL: reached.call,
        By.CALLER: reached.caller,
        By.TRUNK: reached.trunk,
        By.OVERALL: int(reached.overall >= limits.overall),
    }
    return CodeReport(lengths, budget.digits_for(live), reached.overall, locked_out)
