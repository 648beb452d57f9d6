"""Guessers on the real lockouts: what is looked up stays within the budget, and hits are what the maths says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog

from bench.match import guessers
from bench.match.house import quiet
from bench.match.rules import DEFAULT


@pytest.fixture(autouse=True)
def without_logs() -> Iterator[None]:
    """Quiet, and for these tests only."""
    before = structlog.get_config()
    quiet()
    yield
    structlog.configure(**before)


def test_guessers_find_what_the_budget_allows_and_no_more() -> None:
    rules = replace(DEFAULT, guesses_a_day=300.0)
    result = guessers.run(guessers.Guessing(rules, 6, 3_000, 1, 5))
    assert result.made > 250
    assert result.looked_up - result.hits == guessers.LIMITS.overall, "the rest was not looked up"
    assert result.hits > 0, "with so many short codes a hit is all but sure"
    assert result.no_more
    assert 0 < result.honest_right < result.honest == 24, "while guessers use the budget up, others wait, too"
    told = guessers.lines([result])
    assert told[1].startswith("met ")


def test_withheld_or_not_they_get_the_same() -> None:
    for withheld in (0.0, 1.0):
        rules = replace(DEFAULT, guesses_a_day=240.0, guesser_withheld=withheld)
        result = guessers.run(guessers.Guessing(rules, 10, 500, 1, 5))
        assert result.hits == 0
        assert 150 <= result.looked_up <= guessers.LIMITS.overall


def test_too_many_hits_are_told() -> None:
    result = guessers.Guessed(6, 1_000, 5, made=1_000, looked_up=1_000, hits=40)
    assert result.allowed == pytest.approx(200 * 5 * 1_000 / 90_000)
    assert not result.no_more
    assert guessers.lines([result])[1].startswith("NOT MET")
    assert guessers.at_least(0, 3.0) == 1.0
    assert guessers.at_least(1, 3.0) == pytest.approx(0.9502, abs=1e-4)
