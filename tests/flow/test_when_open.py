"""When somebody is there: over several hours of one flow, its queues and the flows it goes on with."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from router.flow.files import check
from router.flow.opening import Hours
from router.flow.when_open import hours_asked, next_open, open_at

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Hours(weekly={"mon-fri": ("08:00-20:00",), "sat": ("09:00-16:00",)}, holidays="DE")


def test_on_friday_night_the_next_time_is_on_saturday_an_hour_after_opening() -> None:
    night = datetime(2026, 11, 27, 21, 40, tzinfo=BERLIN)
    assert not open_at([OFFICE], night)
    assert next_open([OFFICE], night) == datetime(2026, 11, 28, 10, tzinfo=BERLIN)


def test_holidays_and_the_weekend_after_them_are_passed_over() -> None:
    christmas = datetime(2026, 12, 24, 21, tzinfo=BERLIN)
    assert next_open([OFFICE], christmas) == datetime(2026, 12, 28, 9, tzinfo=BERLIN)


def test_hours_that_are_shorter_than_an_hour_are_met_at_their_beginning() -> None:
    brief = Hours(weekly={"mon": ("08:00-08:30",)}, timezone="UTC")
    assert next_open([brief], datetime(2026, 11, 27, 12, 7, tzinfo=UTC)) == datetime(2026, 11, 30, 8, tzinfo=UTC)


def test_several_hours_are_to_be_open_together() -> None:
    afternoon = Hours(weekly={"tue-sun": ("14:00-18:00",)})
    assert next_open([OFFICE, afternoon], datetime(2026, 11, 28, 17, tzinfo=BERLIN)) == datetime(
        2026, 12, 1, 15, tzinfo=BERLIN
    )


def test_hours_that_are_never_open_together_have_no_next_time() -> None:
    night = Hours(weekly={"mon-sun": ("20:00-08:00",)})
    assert next_open([OFFICE, night], datetime(2026, 11, 27, 21, 40, tzinfo=BERLIN)) is None


def test_a_flow_without_hours_is_always_open() -> None:
    flow = check("version: 1\nname: short\nstart: end\nsteps:\n  end: {type: hangup}\n", "short.yaml")
    assert hours_asked(flow) == []
    assert open_at(hours_asked(flow), datetime(2026, 12, 25, 3, tzinfo=UTC))
