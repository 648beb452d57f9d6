"""Weights from outcomes: they find what is so, and leave alone what they cannot know."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from router.core.assurance import Assurance
from router.core.match import Decision
from router.matching.calibrate import ENOUGH, FARTHEST, FEWEST, Calibration, calibrate
from router.matching.outcomes import Fact, Outcome, Told, Verdict

KINDS = ("recipient_number", "customer_number", "service_number", "called_before")


def imagined(seed: int, count: int, shifts: Mapping[str, float]) -> list[Outcome]:
    """Calls in a world where the table is off by ``shifts``: what the agent says is drawn from the true chances."""
    dice = random.Random(seed)
    outcomes = []
    for number in range(count):
        candidates = tuple(_candidate(dice, f"m{place}") for place in range(dice.randint(1, 3)))
        scores = [each.log_odds + sum(shifts.get(fact.kind, 0.0) for fact in each.facts) for each in candidates]
        truth = dice.choices([None, *(each.message_id for each in candidates)], [1.0, *map(exp, scores)])[0]
        outcomes.append(said(f"call-{number}", candidates, truth))
    return outcomes


def _candidate(dice: random.Random, message_id: str) -> Told:
    facts = [Fact("timing", dice.uniform(-9, -6))]
    facts.append(Fact(dice.choice(KINDS[:2]), dice.uniform(6, 8)))
    facts += [Fact(kind, dice.uniform(-1, 2)) for kind in KINDS[2:] if dice.random() < 0.4]
    return Told(message_id, 0.5, tuple(facts))


def said(call_id: str, candidates: tuple[Told, ...], truth: str | None) -> Outcome:
    """What the agent says of a call about ``truth``; the first candidate was named."""
    none = 1 / (1 + sum(exp(each.log_odds) for each in candidates))
    told = tuple(replace(each, probability=none * exp(each.log_odds)) for each in candidates)
    named = told[0].message_id
    verdict = Verdict.NONE if truth is None else Verdict.RIGHT if truth == named else Verdict.OTHER
    return Outcome(call_id, verdict, truth, named, Decision.LIKELY, Assurance.L1, none, told)


def learnt(seed: int, count: int, shifts: Mapping[str, float]) -> Calibration:
    return calibrate(imagined(seed, count, shifts), {})


def test_without_outcomes_nothing_changes_and_the_reason_is_told() -> None:
    found = calibrate([], {})
    assert (found.adjustments, found.fitted) == ({}, None)
    assert found.refusal == "there are no outcomes to learn from"


@pytest.mark.parametrize("seed", [1, 2, 3, random.SystemRandom().randrange(2**32)], ids=["1", "2", "3", "any"])
def test_known_shifts_are_found_again(seed: int) -> None:
    dice = random.Random(seed)
    wanted = {kind: dice.uniform(-1.2, 1.2) for kind in ("timing", "service_number", "called_before")}
    print(f"seed {seed}, shifts {wanted}")
    found = learnt(seed, 6000, wanted)
    # What base rate and number share between them is told apart only by the pull towards the table.
    number = (
        found.adjustments["timing"] + (found.adjustments["recipient_number"] + found.adjustments["customer_number"]) / 2
    )
    assert number == pytest.approx(wanted["timing"], abs=0.25)
    for kind in ("service_number", "called_before"):
        assert found.adjustments[kind] == pytest.approx(wanted[kind], abs=0.25)


def test_a_table_that_is_off_is_mended_and_that_shows_on_other_calls() -> None:
    found = learnt(7, 2000, {"recipient_number": -1.5, "service_number": 1.0})
    assert found.refusal is None
    assert found.fitted and found.held_out
    assert found.held_out.after.log_loss < found.held_out.before.log_loss
    assert found.held_out.after.calibration_error < found.held_out.before.calibration_error
    assert found.gain > 5 * found.gain_error


def test_a_table_that_is_right_is_left_alone() -> None:
    found = learnt(11, 3000, {})
    assert max(map(abs, found.adjustments.values())) < 0.3
    assert found.refusal and "no better" in found.refusal


def test_too_few_outcomes_are_refused_and_move_little() -> None:
    found = learnt(3, 60, {"service_number": 2.0})
    assert found.refusal == f"60 outcomes are too few: at least {ENOUGH} are needed"
    whole = learnt(3, 6000, {"service_number": 2.0})
    assert abs(found.adjustments["service_number"]) < abs(whole.adjustments["service_number"])


def test_a_kind_that_is_rarely_seen_stays_with_the_table() -> None:
    outcomes = imagined(5, 300, {})
    rare = Fact("callback_code", 12.0)
    for place in range(FEWEST - 1):
        first, *others = outcomes[place].candidates
        changed = (replace(first, facts=(*first.facts, rare)), *others)
        outcomes[place] = replace(outcomes[place], candidates=changed)
    found = calibrate(outcomes, {})
    assert found.seen["callback_code"] == FEWEST - 1
    assert "callback_code" not in found.adjustments


def test_a_kind_that_is_rarely_seen_keeps_what_is_in_force() -> None:
    outcomes = imagined(5, 300, {})
    in_force = {"callback_code": 1.0, "topic": 0.5}
    kept = calibrate(outcomes, in_force)
    assert {kind: kept.adjustments.get(kind) for kind in in_force} == in_force
    fewer = calibrate(outcomes[: FEWEST - 1], in_force)
    assert fewer.adjustments == in_force
    assert fewer.gain == pytest.approx(0.0)
    assert fewer.fitted and fewer.fitted.before == fewer.fitted.after


def test_no_weight_is_moved_beyond_the_bound() -> None:
    found = learnt(13, 4000, {"called_before": 9.0, "service_number": -9.0})
    assert max(map(abs, found.adjustments.values())) <= FARTHEST
    assert found.adjustments["called_before"] > 2.0


@given(st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=10)
def test_the_order_of_outcomes_never_matters(dice: random.Random) -> None:
    outcomes = imagined(17, 250, {"recipient_number": -1.0})
    shuffled = dice.sample(outcomes, len(outcomes))
    assert calibrate(shuffled, {}) == calibrate(outcomes, {})


def test_what_was_not_among_the_candidates_counts_for_none_of_them() -> None:
    outcomes = imagined(19, 400, {})
    elsewhere = [
        replace(each, verdict=Verdict.OTHER, message_id="not-shown") if each.message_id is None else each
        for each in outcomes
    ]
    assert calibrate(elsewhere, {}).adjustments == calibrate(outcomes, {}).adjustments


def test_not_this_one_without_saying_which_lowers_the_one_named() -> None:
    outcomes = [
        said(f"call-{n}", (Told("m", 0.0, (Fact("timing", -7.0), Fact("recipient_number", 8.0))),), "m")
        for n in range(300)
    ]
    told = [replace(each, verdict=Verdict.OTHER, message_id=None) for each in outcomes]
    assert calibrate(told, {}).adjustments["recipient_number"] < -0.5


def test_what_is_in_force_is_what_counts_as_before() -> None:
    outcomes = imagined(23, 3000, {"recipient_number": -1.5})
    first = calibrate(outcomes, {})
    again = calibrate(outcomes, first.adjustments)
    assert again.adjustments == pytest.approx(first.adjustments, abs=1e-6)
    assert again.fitted and first.fitted
    assert again.fitted.before.log_loss == pytest.approx(first.fitted.after.log_loss)
    assert again.refusal and "no better" in again.refusal


def test_the_chance_of_what_was_not_told_stays_apart() -> None:
    outcome = Outcome(
        "c", Verdict.NONE, None, "m", Decision.LIKELY, Assurance.L1, 0.2, (Told("m", 0.7, (Fact("timing", 1.25),)),)
    )
    assert outcome.rest == pytest.approx(log(0.5))
