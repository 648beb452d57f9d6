"""Figures of quality: what counts as wrong, and how sure one can be of a rate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.assurance import Assurance
from router.core.match import Decision
from router.matching.outcomes import Fact, Outcome, Told, Verdict
from router.matching.quality import Judged, measured
from router.matching.reliability import calibration_error, reliability, wilson

NAMED = Outcome(
    "c1",
    Verdict.RIGHT,
    "m1",
    "m1",
    Decision.LIKELY,
    Assurance.L1,
    0.1,
    (
        Told("m1", 0.8, (Fact("timing", -6.0), Fact("recipient_number", 8.0))),
        Told("m2", 0.1, (Fact("topic", 1.0),)),
    ),
)
OTHER = replace(NAMED, verdict=Verdict.OTHER, message_id="m2")
NONE = replace(NAMED, verdict=Verdict.NONE, message_id=None)
LEVEL = replace(OTHER, named_id=None, decision=Decision.UNCLEAR, assurance=Assurance.L0)


def said(*outcomes: Outcome) -> list[Judged]:
    return [Judged(each, said=True) for each in outcomes]


def test_without_calls_there_are_no_rates() -> None:
    found = measured([], "normal")
    assert (found.total.judged, found.total.wrong_rate, found.total.interval) == (0, None, (0.0, 1.0))
    assert (found.by_evidence, found.calibration_error, found.wrong_disclosures) == ({}, 0.0, 0)


def test_wrong_is_what_was_named_and_was_not_the_one() -> None:
    found = measured([*said(NAMED, NAMED, OTHER, NONE), Judged(NAMED, said=False)], "normal")
    assert (found.total.judged, found.total.right, found.total.wrong, found.total.not_judged) == (4, 2, 2, 1)
    assert found.total.wrong_rate == 0.5
    assert set(found.by_evidence) == {"timing", "recipient_number"}, "only what the message named had"
    assert found.by_assurance["L1"] == found.by_decision["likely"] == found.total


def test_who_names_nobody_is_never_wrong() -> None:
    found = measured(said(LEVEL), "normal")
    assert (found.total.judged, found.total.right, found.total.wrong, found.total.wrong_rate) == (1, 0, 0, None)
    assert found.wrong_disclosures == 0


def test_a_wrong_disclosure_is_one_that_policy_let_happen() -> None:
    assert measured(said(NAMED, OTHER, NONE), "normal").wrong_disclosures == 2
    assert measured(said(NAMED, OTHER, NONE), "strict").wrong_disclosures == 0
    verified = replace(NONE, assurance=Assurance.L2)
    assert measured(said(verified), "strict").wrong_disclosures == 1


def test_the_curve_holds_what_was_said_against_what_was_so() -> None:
    (filled,) = [each for each in measured(said(NAMED, NAMED, OTHER, NONE), "normal").curve if each.calls]
    assert (filled.low, filled.high, filled.calls) == (0.8, 0.9, 4)
    assert filled.predicted == pytest.approx(0.8)
    assert filled.measured == 0.5


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1.0]))))
def test_every_call_is_in_one_bin_and_the_error_is_a_share(pairs: list[tuple[float, float]]) -> None:
    curve = reliability(pairs)
    assert sum(each.calls for each in curve) == len(pairs)
    assert 0.0 <= calibration_error(curve) <= 1.0


@given(st.integers(0, 2000).flatmap(lambda calls: st.tuples(st.integers(0, calls), st.just(calls))))
def test_the_interval_holds_the_rate_and_stays_within_0_and_1(counted: tuple[int, int]) -> None:
    wrong, calls = counted
    low, high = wilson(wrong, calls)
    assert 0.0 <= low <= high <= 1.0
    if calls:
        assert low <= wrong / calls <= high


def test_the_interval_is_wilsons() -> None:
    # E. B. Wilson, JASA 22 (1927); worked example in Newcombe, Statistics in Medicine 17 (1998): 81 of 263.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
