"""What agents say of matches: stored with the evidence of the call, and read again to measure and to calibrate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from router.core.assurance import Assurance
from router.core.hearing import Heard
from router.core.match import NO_MATCH, Decision, Match
from router.matching.disclosure import Policy
from router.matching.learn_confusions import Known
from router.matching.outcomes import Outcome, Verdict, candidates_from_json, candidates_to_json
from router.matching.quality import Judged, Quality, measured
from router.store import adjustments, calls, hearings
from router.store import outcomes as store
from router.store.database import Connection

log = structlog.get_logger(__name__)

MOST_OUTCOMES: Final = 50_000
"""Outcomes that calibration looks at, the latest; more would hardly move a weight."""
MOST_HEARINGS: Final = 20_000
"""Hearings that calibration learns from, the latest."""
MOST_CALLS: Final = 10_000
"""Calls that figures of quality look at, the latest of the period."""
_PAGE: Final = 500

_MATCH = TypeAdapter(Match)
_HEARD = TypeAdapter(Heard)


async def say(
    connection: Connection,
    call: Any,
    verdict: Verdict,
    message_id: str | None,
    person_id: str,
    now: datetime,
    customer_id: str | None = None,
) -> None:
    """Store what an agent said of the match of ``call`` (a row with ``id``, ``match``, ``started_at``), in place of
    what was said before. ``customer_id``: whose call it is, where it is about none of the messages we know."""
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
    if values["message_id"] is not None:
        await hearings.settle_by_message(connection, call.id, values["message_id"])
    await calls.tie(connection, call.id, values["message_id"], customer_id)


async def take_back(connection: Connection, call: Any) -> None:
    """Forget what was said of ``call``: it is about what the match named again."""
    await store.take_back(connection, call.id)
    found = match_of(call.id, call.match)
    await calls.tie(connection, call.id, found.best.message_id if found and found.best else None, None)


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


async def hearings_since(connection: Connection, since: datetime | None) -> list[Known]:
    """The latest hearings whose number became known."""
    rows = await hearings.settled(connection, since, MOST_HEARINGS)
    return [Known(row.call_id, _HEARD.validate_python(row.heard), row.number) for row in rows]


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
    """How good the matches of a period were, of the calls that an agent talked to. Calls that come in meanwhile do not
    wait: rows are read a page at a time, and worked on beside the event loop."""
    rows: list[store.OutcomeRow] = []
    while len(rows) <= MOST_CALLS:
        after = (rows[-1].started_at, rows[-1].id) if rows else None
        page = await store.talked(connection, since, until, after, _PAGE)
        rows += page
        if len(page) < _PAGE:
            break
    complete = len(rows) <= MOST_CALLS
    return Period(since, until, complete, await asyncio.to_thread(_measured, rows[:MOST_CALLS], policy))


def _measured(rows: Sequence[store.OutcomeRow], policy: Policy) -> Quality:
    return measured(filter(None, map(_judged, rows)), policy)


def _judged(row: store.OutcomeRow) -> Judged | None:
    """A call as it is stored; None where the flow asked for no match, or it cannot be read."""
    try:
        found = json.loads(row.found or "null")
        return None if found is None else Judged(_stored(row, found), row.verdict is not None)
    except (ValueError, KeyError, TypeError):
        log.error("stored match is unreadable", call=row.id)
        return None


def _stored(row: store.OutcomeRow, found: dict[str, Any]) -> Outcome:
    decision, candidates = Decision(found["decision"]), candidates_from_json(found["candidates"], {})
    named = decision in (Decision.SURE, Decision.LIKELY) and candidates
    return Outcome(
        call_id=row.id,
        verdict=Verdict(row.verdict or Verdict.NONE),
        message_id=row.message_id,
        named_id=candidates[0].message_id if named else None,
        decision=decision,
        assurance=Assurance(found["assurance"]),
        none_probability=found["none_probability"],
        candidates=candidates,
    )
