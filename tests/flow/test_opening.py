"""Opening hours, with the edges that hurt."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from router.flow.opening import Hours, overlaps

OFFICE = Hours.model_validate(
    {
        "timezone": "Europe/Berlin",
        "holidays": "DE-BY",
        "weekly": {"mon-fri": ["08:00-12:00", "13:00-18:00"], "sat": ["22:00-02:00"]},
        "exceptions": {"2026-12-24": ["08:00-10:00"], "2026-12-31": []},
    }
)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T08:00+01:00", True),
        ("2026-11-23T07:59+01:00", False),
        ("2026-11-23T12:00+01:00", False),
        ("2026-11-23T12:30+01:00", False),
        ("2026-11-23T17:59+01:00", True),
        ("2026-11-23T18:00+01:00", False),
        ("2026-11-23T07:30+00:00", True),  # 08:30 in Berlin
        ("2026-07-06T06:30+00:00", True),  # summer time
        ("2026-11-28T23:00+01:00", True),  # Saturday night …
        ("2026-11-29T01:59+01:00", True),  # … until Sunday morning
        ("2026-11-29T02:00+01:00", False),
        ("2026-11-22T12:00+01:00", False),  # Sunday
        ("2026-12-25T09:00+01:00", False),  # public holiday
        ("2026-01-06T09:00+01:00", False),  # Epiphany: not in all of Germany
        ("2026-12-24T09:00+01:00", True),
        ("2026-12-24T11:00+01:00", False),
        ("2026-12-31T09:00+01:00", False),
    ],
)
def test_open_at(moment: str, is_open: bool) -> None:
    assert OFFICE.open_at(datetime.fromisoformat(moment)) is is_open


@pytest.mark.parametrize("weekly", [{"mon": ["8:00-18:00"]}, {"mon": ["08:00-24:30"]}, {"monday": []}])
def test_bad_hours_are_refused(weekly: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError):
        Hours.model_validate({"weekly": weekly})


@pytest.mark.parametrize(
    ("day", "is_open"), [(22, True), (23, False), (24, True), (26, False), (27, False), (28, False), (29, True)]
)
def test_a_range_of_dates_has_spans_of_its_own_and_a_date_in_it_goes_before_it(day: int, is_open: bool) -> None:
    exceptions = {"2026-12-24": ["08:00-18:00"], "2026-12-23..2026-12-28": []}
    hours = Hours.model_validate({"timezone": "UTC", "weekly": {"mon-sun": ["08:00-18:00"]}, "exceptions": exceptions})
    assert hours.open_at(datetime.fromisoformat(f"2026-12-{day}T12:00+00:00")) is is_open


@pytest.mark.parametrize(
    "dates", ["2026-02-30", "2026-12-31..2026-12-24", "2026-01-01..2027-12-31", "24.12.2026", "20261224", ".."]
)
def test_what_is_no_date_is_refused(dates: str) -> None:
    with pytest.raises(ValidationError):
        Hours.model_validate({"weekly": {}, "exceptions": {dates: []}})


@pytest.mark.parametrize("name", ["__class__", "registry", "country_holidays", "list_supported_countries", "DE-XX", ""])
def test_what_the_library_has_beside_countries_is_no_country(name: str) -> None:
    with pytest.raises(ValidationError, match="not a country or region"):
        Hours.model_validate({"weekly": {}, "holidays": name})


def test_very_many_exceptions_cost_little_and_the_later_range_counts() -> None:
    years: dict[str, list[str]] = {f"{year:04}-01-01..{year:04}-12-31": [] for year in range(1, 9_000)}
    july = {"2026-07-01..2026-07-31": ["10:00-12:00"], "2026-07-02": ["14:00-15:00"]}
    hours = Hours.model_validate({"weekly": {"mon-sun": ["00:00-24:00"]}, "exceptions": {**years, **july}})
    assert [hours.open_at(datetime(2026, 7, day, 9, tzinfo=UTC)) for day in (1, 2)] == [True, False]
    assert not hours.open_at(datetime(2026, 8, 1, 9, tzinfo=UTC))
    tracemalloc.start()
    Hours.model_validate({"weekly": {}, "exceptions": years})
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 20_000_000


def test_spans_that_overlap_are_told() -> None:
    hours = Hours.model_validate(
        {"weekly": {"mon": ["08:00-12:00", "11:00-18:00"], "sun": ["22:00-09:00"], "tue": ["00:00-24:00"]}}
    )
    assert list(overlaps(hours)) == [
        "mon 08:00-12:00 and mon 11:00-18:00 overlap",
        "sun 22:00-09:00 and mon 08:00-12:00 overlap",
    ]
    assert list(overlaps(OFFICE)) == []


def test_a_span_over_all_week_begins_on_any_day() -> None:
    hours = Hours.model_validate({"timezone": "UTC", "weekly": {"sat-mon": ["00:00-24:00"]}})
    assert [hours.open_at(datetime.fromisoformat(f"2026-11-{day}T12:00+00:00")) for day in range(20, 25)] == [
        False, True, True, True, False,
    ]  # fmt: skip
