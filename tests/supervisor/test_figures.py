"""Key figures, computed by hand beside."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router.supervisor.figures import Change, Day, Spell, spells, times


def at(clock: str) -> datetime:
    hour, minute = clock.split(":")
    return datetime(2026, 11, 23, int(hour), int(minute), tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "counted", "level"),
    [
        (Day(), 0, None),
        (Day(abandoned=3, soon=3), 0, None),  # gave up before anybody could be late
        (Day(answered=8, in_time=6, abandoned=2, soon=1, elsewhere=1), 10, 60.0),  # 8 + (2 - 1) + 1, and 6 of them
        (Day(answered=3, in_time=3), 3, 100.0),
        (Day(answered=3, in_time=1, elsewhere=0), 3, 100 / 3),
        (Day(elsewhere=4), 4, 0.0),
        (Day(answered=3, in_time=3, late=1), 4, 75.0),
    ],
)
def test_the_service_level(day: Day, counted: int, level: float | None) -> None:
    assert day.counted == counted
    assert day.level == (None if level is None else pytest.approx(level))


DAY = (
    Change(at("08:00"), "ready"),  # before the span begins
    Change(at("10:00"), "paused", "lunch"),
    Change(at("10:30"), "ready"),
    Change(at("11:10"), "wrap_up"),
    Change(at("11:15"), "ready"),
    Change(at("11:40"), "paused"),
    Change(at("11:50"), "off"),
)


def test_a_day_adds_up_and_counts_no_second_twice() -> None:
    talks = [
        (at("08:50"), at("09:10")),  # began before the span: 10 minutes of it
        (at("09:55"), at("10:05")),  # paused in the middle of the talk: 5 minutes of the pause are talk
        (at("11:00"), at("11:10")),
        (at("11:05"), at("11:08")),  # a second call at the same time
    ]
    spent = times(DAY, talks, (at("09:00"), at("12:00")))
    minutes = {"talk": spent.talk / 60, "ready": spent.ready / 60, "wrap_up": spent.wrap_up / 60}
    # ready 09:00-10:00, 10:30-11:10 and 11:15-11:40 are 125 minutes, of which 10 + 5 + 10 were talked.
    assert minutes == {"talk": 30, "ready": 100, "wrap_up": 5}
    assert spent.talks == 4
    assert spent.pauses == {"lunch": 25 * 60, "": 10 * 60}
    assert spent.paused == 35 * 60
    assert sum(minutes.values()) + spent.paused / 60 == 170, "on duty from 9:00 to 11:50"


def test_what_goes_on_counts_until_now() -> None:
    spent = times(DAY[:1], [(at("09:30"), None)], (at("09:00"), at("09:45")))
    assert (spent.talk, spent.ready, spent.talks) == (15 * 60, 30 * 60, 1)


def test_of_somebody_who_was_not_there_nothing_is_told() -> None:
    spent = times([], [], (at("09:00"), at("12:00")))
    assert (spent.talk, spent.ready, spent.wrap_up, spent.paused, spent.talks) == (0, 0, 0, 0, 0)


def test_spells_begin_with_the_day_and_the_last_has_no_end() -> None:
    assert spells(DAY[:3], at("09:00")) == (
        Spell(at("09:00"), at("10:00"), "ready"),
        Spell(at("10:00"), at("10:30"), "paused", "lunch"),
        Spell(at("10:30"), None, "ready"),
    )
    assert spells(DAY[:3], at("10:15"))[0] == Spell(at("10:15"), at("10:30"), "paused", "lunch")
