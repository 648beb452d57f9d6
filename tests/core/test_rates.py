"""So many at once, then so many a minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.core.rates import Rates


def test_some_at_once_and_then_one_after_the_other() -> None:
    rates = Rates(60, 3)
    assert [rates.wait("a", 100.0) for _ in range(3)] == [0.0] * 3
    assert rates.wait("a", 100.0) == 1.0
    assert rates.wait("a", 100.5) == 0.5
    assert rates.wait("a", 101.0) == 0.0
    assert rates.wait("a", 101.0) == 1.0
    assert rates.wait("a", 1000.0) == 0.0


def test_one_does_not_count_for_another() -> None:
    rates = Rates(60, 1)
    assert rates.wait("a", 0.0) == 0.0
    assert rates.wait("a", 0.0) > 0.0
    assert rates.wait("b", 0.0) == 0.0


def test_no_limit() -> None:
    assert not any(Rates(0, 1).wait("a", 0.0) for _ in range(1000))


def test_however_many_come_no_more_are_kept() -> None:
    rates = Rates(60, 1, most_subjects=10)
    for number in range(1000):
        assert rates.wait(str(number), 0.0) == 0.0
    assert rates.wait("999", 0.0) > 0.0
    assert len(rates._used_until) == 10


@given(st.lists(st.floats(0, 3), max_size=300), st.integers(1, 600), st.integers(1, 20))
def test_never_more_than_is_allowed(pauses: list[float], a_minute: int, at_once: int) -> None:
    """Whenever they come: within any time, those at once and one for each pause."""
    rates, now, let_in = Rates(a_minute, at_once), 0.0, []
    for pause in pauses:
        now += pause
        if not rates.wait("a", now):
            let_in.append(now)
    for first in range(len(let_in)):
        for last in range(first, len(let_in), 7):
            assert last - first + 1 <= at_once + (let_in[last] - let_in[first]) * a_minute / 60 + 1e-6
