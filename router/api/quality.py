"""`GET /v1/match/quality`: how often matches were wrong, as far as agents said so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from router.api.bodies import Answer
from router.api.description import says
from router.api.keys import Allowed
from router.api.turns import Turns
from router.calls.learning import MOST_CALLS, Period, quality_of
from router.core.times import rfc3339
from router.errors import unprocessable
from router.matching.disclosure import Policy
from router.matching.quality import Count
from router.messages.registration import as_sent
from router.store.database import Database

USUAL: Final = timedelta(days=30)
"""The period where none is asked for, up to now."""

Rate = Annotated[float, Field(ge=0, le=1)]


class Counted(BaseModel):
    """Calls that an agent talked to. `right` and `wrong` are those where a message was named and the agent said so;
    where none was named, a judged call is neither. `wrong_rate` is `wrong` of both together, null without any, and lies
    from `low` to `high` with 95 % confidence (Wilson)."""

    model_config = ConfigDict(extra="forbid")

    judged: int
    right: int
    wrong: int
    not_judged: int
    wrong_rate: Rate | None
    low: Rate
    high: Rate


class ReliabilityBin(BaseModel):
    """Judged calls whose likeliest message had a chance from `low` to below `high`: the chance on average, and the
    share that was about it; both null without calls."""

    model_config = ConfigDict(extra="forbid")

    low: Rate
    high: Rate
    calls: int
    predicted: Rate | None
    measured: Rate | None


_COUNT: Final = {"judged": 420, "right": 414, "wrong": 5, "not_judged": 80}
_RATES: Final = {"wrong_rate": 0.0119, "low": 0.0051, "high": 0.0276}
_EXAMPLE: Final[dict[str, Any]] = {
    "since": "2026-03-01T00:00:00Z",
    "until": "2026-04-01T00:00:00Z",
    "complete": True,
    "total": _COUNT | _RATES,
    "by_decision": {"likely": _COUNT | _RATES},
    "by_assurance": {"L1": _COUNT | _RATES},
    "by_evidence": {"recipient_number": _COUNT | _RATES},
    "reliability": [{"low": 0.9, "high": 0.95, "calls": 120, "predicted": 0.93, "measured": 0.94}],
    "calibration_error": 0.012,
    "wrong_disclosures": 5,
}


_TIME: Final[dict[str, Any]] = {"format": "date-time"}


class QualityAnswer(BaseModel):
    """Figures of the calls that began from `since` to before `until`. `by_evidence` counts a call under every kind of
    evidence that the message named had. `wrong_disclosures`: another message than the one it was about was opened to
    the agent. Not `complete`: the period has more calls than are looked at, and these are the latest."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    since: str
    until: str
    complete: bool
    total: Counted
    by_decision: dict[str, Counted]
    by_assurance: dict[str, Counted]
    by_evidence: dict[str, Counted]
    reliability: list[ReliabilityBin]
    calibration_error: Rate
    wrong_disclosures: int


def routes(
    database: Database, clock: Callable[[], datetime], turns: Turns, allowed: Allowed, policy: Policy
) -> APIRouter:
    """The figures, for those whom ``allowed`` lets in; ``policy`` says what was opened to agents."""
    router = APIRouter(tags=["match"], dependencies=[Depends(allowed)])

    @router.get(
        "/v1/match/quality",
        operation_id="match_quality",
        responses={200: {"model": QualityAnswer}, **says(401, 403, 422)},
        description="How often matches were wrong, measured by what agents said of them; by decision, by assurance, "
        "and by kind of evidence. Without `since` the 30 days before `until`, without `until` up to now. "
        f"At most the latest {MOST_CALLS:,} calls of the period are looked at.",
    )
    async def quality(
        since: Annotated[
            str | None, Query(max_length=40, description="RFC 3339 with an offset.", json_schema_extra=_TIME)
        ] = None,
        until: Annotated[
            str | None, Query(max_length=40, description="RFC 3339 with an offset.", json_schema_extra=_TIME)
        ] = None,
    ) -> Answer:
        end = _time("until", until) or clock()
        begin = _time("since", since) or end - USUAL
        if begin >= end:
            raise _wrong("since", "is not before until")
        async with turns.one(), database.read(long=True) as connection:
            return Answer(_told(await quality_of(connection, begin, end, policy)))

    return router


def _time(field: str, text: str | None) -> datetime | None:
    """The time of a query. A plus sign in an address means a blank unless it is escaped."""
    if text is None:
        return None
    try:
        return rfc3339(text.replace(" ", "+"))
    except ValueError as error:
        raise _wrong(field, str(error)) from None


def _wrong(field: str, message: str) -> Exception:
    return unprocessable(f"{field}: {message}", [{"field": field, "message": message}])


def _told(period: Period) -> dict[str, Any]:
    found = period.quality
    return {
        "since": as_sent(period.since.astimezone(UTC)),
        "until": as_sent(period.until.astimezone(UTC)),
        "complete": period.complete,
        "total": _count(found.total),
        "by_decision": _counts(found.by_decision),
        "by_assurance": _counts(found.by_assurance),
        "by_evidence": _counts(found.by_evidence),
        "reliability": [
            {
                "low": each.low,
                "high": each.high,
                "calls": each.calls,
                "predicted": each.predicted,
                "measured": each.measured,
            }
            for each in found.curve
        ],
        "calibration_error": found.calibration_error,
        "wrong_disclosures": found.wrong_disclosures,
    }


def _counts(counts: Mapping[str, Count]) -> dict[str, Any]:
    return {group: _count(count) for group, count in counts.items()}


def _count(count: Count) -> dict[str, Any]:
    low, high = count.interval
    return {
        "judged": count.judged,
        "right": count.right,
        "wrong": count.wrong,
        "not_judged": count.not_judged,
        "wrong_rate": count.wrong_rate,
        "low": low,
        "high": high,
    }
