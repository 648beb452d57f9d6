"""How long codes must be: what a guesser can expect to find stays within the bound, at every length."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.matching.budget import DAYS, Budget, codes_of, expected_hits
from router.matching.codes import LONGEST, SHORTEST, make, well_formed

BUDGET = Budget(10, 200, 0.1)

budgets = st.builds(
    Budget,
    st.integers(SHORTEST, LONGEST),
    st.integers(1, 10**6),
    st.floats(1e-6, 1, allow_nan=False),
)
stocks = st.dictionaries(st.integers(SHORTEST, LONGEST), st.integers(0, 10**13))


def test_there_are_as_many_codes_as_the_formula_says() -> None:
    """Six digits, all of them: none begins with 0 and the check digit is given by the others."""
    every = [f"{number:06d}" for number in range(10**6)]
    assert sum(well_formed(code) and code[0] != "0" for code in every) == codes_of(6) == 90_000
    source = random.Random(1)
    assert make(6, lambda count: "".join(source.choices("0123456789", k=count))) in every


@pytest.mark.parametrize(
    ("live", "digits", "hits"),
    [(1_000, 10, 0.00667), (15_000, 10, 0.1), (100_000, 10, 0.667), (100_000, 11, 0.0667), (1_000, 6, 66.7)],
)
def test_expected_hits(live: int, digits: int, hits: float) -> None:
    assert expected_hits(live, digits, 200) == pytest.approx(hits, rel=0.01)


@pytest.mark.parametrize(
    ("live", "digits"),
    [
        ({}, 10),
        ({10: 14_999}, 10),
        ({10: 15_000}, 11),
        ({10: 15_000, 11: 149_999}, 11),
        ({10: 15_000, 11: 150_000, 12: 1_500_000, 13: 15_000_000}, 14),
        ({10: 15_000, 11: 150_000, 12: 1_500_000, 13: 15_000_000, 14: 150_000_000}, None),
        ({11: 150_000}, 10),
        ({6: 90_000}, 10),
    ],
)
def test_the_length_follows_from_the_live_codes(live: dict[int, int], digits: int | None) -> None:
    assert BUDGET.digits_for(live) == digits


@given(budgets, stocks)
def test_one_more_code_never_breaks_the_bound_at_its_length_and_no_shorter_one_would_do(
    budget: Budget, live: dict[int, int]
) -> None:
    digits = budget.digits_for(live)
    allowed = budget.most_hits * (1 + 1e-9)
    if digits is not None:
        assert budget.shortest <= digits <= LONGEST
        assert expected_hits(live.get(digits, 0) + 1, digits, budget.guesses_a_day) <= allowed
    for shorter in range(budget.shortest, digits or LONGEST + 1):
        over = expected_hits(live.get(shorter, 0) + 1, shorter, budget.guesses_a_day)
        assert over > budget.most_hits * (1 - 1e-9) or live.get(shorter, 0) >= codes_of(shorter)


@given(budgets, st.integers(SHORTEST, LONGEST - 1))
def test_a_longer_length_has_more_room(budget: Budget, digits: int) -> None:
    assert budget.room(digits) <= budget.room(digits + 1) <= codes_of(digits + 1)


def test_a_guesser_gets_what_the_formula_says() -> None:
    """Small codes and many live ones, so that there is something to count: 2,000 months of a guesser."""
    source = random.Random(7)
    live, digits, guesses_a_day = 90, 6, 10
    months = 2_000
    hits = sum(source.randrange(codes_of(digits)) < live for _ in range(months * DAYS * guesses_a_day))
    assert hits / months == pytest.approx(expected_hits(live, digits, guesses_a_day), rel=0.1)
