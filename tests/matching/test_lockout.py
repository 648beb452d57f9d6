"""When a caller who keys in wrong codes is not listened to any more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.matching.lockout import By, Counted, Limits, guess_in, locked_by

LIMITS = Limits(per_call=3, per_caller=10, per_trunk=100, overall=200)
counts = st.integers(0, 300)


@pytest.mark.parametrize(
    ("counted", "by"),
    [
        (Counted(), None),
        (Counted(2, 9, 99, 199), None),
        (Counted(call=3), By.CALL),
        (Counted(caller=10), By.CALLER),
        (Counted(trunk=100), By.TRUNK),
        (Counted(overall=200), By.OVERALL),
        (Counted(3, 10, 100, 200), By.CALL),
        (Counted(2, 10, 100, 200), By.CALLER),
    ],
)
def test_each_limit_locks_and_the_narrowest_is_named(counted: Counted, by: By | None) -> None:
    assert locked_by(counted, LIMITS) is by


@given(counts, counts, counts, counts, st.integers(0, 50))
def test_more_wrong_codes_never_open_what_is_locked(
    call: int, caller: int, trunk: int, overall: int, more: int
) -> None:
    if locked_by(Counted(call, caller, trunk, overall), LIMITS):
        assert locked_by(Counted(call + more, caller + more, trunk + more, overall + more), LIMITS)


@pytest.mark.parametrize("keyed", ["4821390657", "482 139 0657", " 482-139-0657 "])
def test_what_can_be_a_code_is_a_guess(keyed: str) -> None:
    assert guess_in(keyed) == "4821390657"


@pytest.mark.parametrize("keyed", [None, "", "   ", "12", "4821390650", "482139065", "abc", "*" * 5000, "1" * 15])
def test_slips_and_nonsense_are_no_guesses(keyed: str | None) -> None:
    assert guess_in(keyed) is None
