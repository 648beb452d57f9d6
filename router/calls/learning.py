"""What agents say of matches: stored with the evidence of the call, and read again to measure and to calibrate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from router.core.assurance import Assurance
from router.core.match import NO_MATCH, Decision, Match
from router.matching.disclosure import Policy
from router.matching.outcomes import Outcome, Verdict, candidates_from_json, candidates_to_json
from router.matching.quality import Judged, Quality, measured
from router.store import adjustments
from router.store import outcomes as store
from router.store.database import Connection

log = structlog.get_logger(__name__)

MOST_OUTCOMES: Final = 50_000
"""Outcomes that calibration looks at, the latest; more would hardly move a weight."""
MOST_CALLS: Final = 20_000
"""Calls that figures of quality look at, the latest of the period."""
_PAGE: Final = 500

_MATCH = TypeAdapter(Match)


async def say(
    connection: Connection,
    call: Any,
    verdict: Verdict,
    message_id: str | None,
    person_id: str,
    now: datetime,
) -> None:
    """Store what an agent said of the match of ``call`` (a row with ``id``, ``match``, ``started_at``), in place of
    what was said before."""
    found = match_of(call.id, call.match) or NO_MATCH
    named = found.best.message_id if found.best else None
    values = {
        "call_id": call.id,
        "verdict": verdict.value,
        "message_id": named if verdict is Verdict.RIGHT else message_id,
        "named_id": named,
        "decision": found.decision.value,
        "assurance": int(found.assurance),
        "none_probability": found.none_probability,
        "candidates": candidates_to_json(found),
        "called_at": call.started_at,
        "person_id": person_id,
        "at": now,
    }
    await store.put(connection, values)


def match_of(call_id: str, stored: Any) -> Match | None:
    """A call's match as it is stored; None where there is none, or none that can be read."""
    if stored is None:
        return None
    try:
        return _MATCH.validate_python(stored)
    except ValidationError:
        log.error("stored match is unreadable", call=call_id)
        return None


async def outcomes_since(connection: Connection, since: datetime | None) -> list[Outcome]:
    """The latest outcomes, their evidence as the table of the code alone weighs it."""
    in_force = await adjustments.history(connection)
    rows = await store.latest(connection, since, MOST_OUTCOMES)
    return [_outcome(row, _adjusted_at(in_force, row.called_at)) for row in rows]


def _outcome(row: store.OutcomeRow, adjusted: dict[str, float]) -> Outcome:
    return Outcome(
        call_id=row.call_id,
        verdict=Verdict(row.verdict),
        message_id=row.message_id,
        named_id=row.named_id,
        decision=Decision(row.decision),
        assurance=Assurance(row.assurance),
        none_probability=row.none_probability,
        candidates=candidates_from_json(row.candidates, adjusted),
    )


def _adjusted_at(history: Sequence[adjustments.AdjustmentsRow], at: datetime) -> dict[str, float]:
    """The adjustments that were in force at a time."""
    for row in reversed(history):
        if row.created_at <= at and (row.undone_at is None or row.undone_at > at):
            found: dict[str, float] = row.log_odds
            return found
    return {}


@dataclass(frozen=True, slots=True)
class Period:
    """Figures of the calls from ``since`` to before ``until``. Not ``complete``: only the latest `MOST_CALLS` of them
    were looked at."""

    since: datetime
    until: datetime
    complete: bool
    quality: Quality


async def quality_of(connection: Connection, since: datetime, until: datetime, policy: Policy) -> Period:
    """How good the matches of a period were, of the calls that an agent talked to. Others go on in between."""
    judged = [each async for each in _talked(connection, since, until)]
    return Period(since, until, len(judged) <= MOST_CALLS, measured(judged[:MOST_CALLS], policy))


async def _talked(connection: Connection, since: datetime, until: datetime) -> AsyncIterator[Judged]:
    after, seen = None, 0
    while seen <= MOST_CALLS:
        rows = await store.talked(connection, since, until, after, _PAGE)
        for row in rows:
            found = match_of(row.id, row.found)
            if found is not None:
                yield _judged(row, found)
        if len(rows) < _PAGE:
            return
        seen += len(rows)
        after = (rows[-1].started_at, rows[-1].id)
        await asyncio.sleep(0)


def _judged(row: store.OutcomeRow, found: Match) -> Judged:
    outcome = Outcome(
        call_id=row.id,
        verdict=Verdict(row.verdict or Verdict.NONE),
        message_id=row.message_id,
        named_id=found.best.message_id if found.best else None,
        decision=found.decision,
        assurance=found.assurance,
        none_probability=found.none_probability,
        candidates=candidates_from_json(candidates_to_json(found), {}),
    )
    return Judged(outcome, row.verdict is not None)
