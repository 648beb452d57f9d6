"""A flood of calls on one line leaves the others alone."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from router.calls.admission import Admission, TooManyCalls
from router.core.events import WITHHELD, CallStarted


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def call(trunk: str | None = "PJSIP/flooded", number: str | None = "+493023125000") -> CallStarted:
    return CallStarted("asterisk", WITHHELD, number, trunk=trunk)


def test_a_flooded_line_leaves_the_others_alone() -> None:
    seconds = Seconds()
    admission = Admission(600, seconds)
    for number in range(60):
        admission.check(call(number=f"+4930{number}"))
    with capture_logs() as logs:
        for number in range(100):
            with pytest.raises(TooManyCalls):
                admission.check(call(number=f"+4931{number}"))
            admission.check(call("PJSIP/other", f"+4932{number}")) if number % 2 else None
            seconds.now += 0.0001
    assert admission.refused == 100
    assert len(logs) == 1, "a flood is logged once"
    seconds.now += 61
    admission.check(call())


def test_a_flooded_number_leaves_the_others_alone_whatever_line_they_come_on() -> None:
    admission = Admission(600, Seconds())
    for number in range(60):
        admission.check(call(f"PJSIP/{number}"))
    with pytest.raises(TooManyCalls):
        admission.check(call("PJSIP/new"))
    admission.check(call("PJSIP/new", "+493023125099"))


def test_without_a_limit_all_come_in() -> None:
    admission = Admission(0)
    for _ in range(10_000):
        admission.check(call())
