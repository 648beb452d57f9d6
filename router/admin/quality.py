"""The administration's page about matches: how good they are, as far as agents said, and the weights in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import exp
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from router.calls.learning import MOST_CALLS, quality_of
from router.core.match import EvidenceKind
from router.errors import bad_request
from router.matching.disclosure import Policy
from router.matching.parameters import Parameters
from router.store import adjustments
from router.store.database import Database
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.person import Person

PERIODS: Final[Sequence[int]] = (7, 30, 90)
"""Days that can be looked back."""


def routes(
    *,
    database: Database,
    clock: Callable[[], datetime],
    guard: Guard,
    pages: Pages,
    policy: Policy,
    table: Parameters,
) -> APIRouter:
    """`/admin/match`, for admins. ``policy`` says what was opened to agents, ``table`` has the thresholds."""
    router = APIRouter(prefix="/admin", include_in_schema=False)

    @router.get("/match")
    async def match(request: Request, days: str = "30", person: Person = Depends(guard.admin)) -> Response:
        if days not in map(str, PERIODS):
            raise bad_request(f"days is one of {', '.join(map(str, PERIODS))}.")
        now = clock()
        async with database.read(long=True) as connection:
            period = await quality_of(connection, now - timedelta(days=int(days)), now, policy)
            row = await adjustments.newest(connection)
        return pages.page(
            request,
            "admin/match.html",
            person,
            period=period,
            days=int(days),
            periods=PERIODS,
            most=MOST_CALLS,
            kinds=[kind.value for kind in EvidenceKind],
            table=table,
            calibration=row,
            percent=lambda share: _decimal(share * 100, 1, person.language),
            factor=lambda log_odds: _factor(log_odds, person.language),
        )

    return router


def _decimal(value: float, places: int, language: str) -> str:
    text = f"{value:.{places}f}"
    return text.replace(".", ",") if language == "de" else text


def _factor(log_odds: float, language: str) -> str:
    """What an adjustment does to the odds: ``× 1.40`` or ``÷ 2.10``."""
    return f"{'×' if log_odds >= 0 else '÷'} {_decimal(exp(abs(log_odds)), 2, language)}"
