"""What outcomes keep of a match is what it was weighed by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.events import Caller
from router.core.match import Match
from router.matching.calibrate import calibrate
from router.matching.observed import MessageRow, Observed
from router.matching.outcomes import Outcome, Verdict, candidates_from_json, candidates_to_json
from router.matching.parameters import DEFAULT
from router.matching.rank import rank

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NUMBER, LEASED = "+491713920011", "+493023125077"


def outcome_of(found: Match, adjusted: dict[str, float]) -> Outcome:
    stored = candidates_to_json(found)
    named = found.best.message_id if found.best else None
    return Outcome(
        "c1",
        Verdict.NONE,
        None,
        named,
        found.decision,
        found.assurance,
        found.none_probability,
        candidates_from_json(stored, adjusted),
    )


def messages(*hours: int) -> list[MessageRow]:
    return [
        MessageRow(f"m{n}", NOW - timedelta(hours=each), "anna", NUMBER, service_number=LEASED)
        for n, each in enumerate(hours)
    ]


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=8), st.integers(0, 1))
def test_evidence_and_probabilities_of_a_match_belong_together(hours: list[int], numbers: int) -> None:
    observed = Observed(Caller(NUMBER if numbers else None), LEASED, carriers=len(hours) + 40, unread=40)
    found = rank(observed, messages(*hours), NOW)
    outcome = outcome_of(found, {})
    scores = [outcome.none, *(each.log_odds for each in outcome.candidates)]
    scores += [outcome.rest] if outcome.rest is not None else []
    total = sum(map(exp, scores))
    assert exp(scores[0]) / total == pytest.approx(found.none_probability, rel=1e-3)
    for score, candidate in zip(scores[1:], found.candidates, strict=False):
        assert exp(score) / total == pytest.approx(candidate.probability, rel=1e-3)


@given(st.dictionaries(st.sampled_from(["timing", "recipient_number", "service_number"]), st.floats(-1, 1)))
def test_adjustments_of_the_time_are_taken_out_again(adjusted: dict[str, float]) -> None:
    observed = Observed(Caller(NUMBER))
    plain = outcome_of(rank(observed, messages(3, 30), NOW), {})
    then = outcome_of(rank(observed, messages(3, 30), NOW, replace(DEFAULT, adjustments=adjusted)), adjusted)
    for one, other in zip(plain.candidates, then.candidates, strict=False):
        assert one.log_odds == pytest.approx(other.log_odds)
    assert calibrate([then], {}).adjustments == {}
    assert then.none == 0.0
