"""Dates as a German Excel writes them: taken in CSV where the country leaves no doubt about the time zone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from router.messages.reading import Row, reader
from router.messages.registration import as_sent

COLUMNS = "external_id;channel;to_phone;offer_title;offer_valid_from;offer_valid_until;sent_at\r\n"


def row(valid_from: str, valid_until: str, sent_at: str, region: str = "DE") -> Row:
    file = reader("csv", region)
    cells = f"b-1;letter;+493023125001;Strom;{valid_from};{valid_until};{sent_at}\r\n"

    def rows() -> Iterator[Row]:
        yield from file.feed((COLUMNS + cells).encode())
        yield from file.finish()

    (only,) = rows()
    return only


def times(read: Row) -> list[str | None]:
    assert read.registration is not None, read.errors
    offer = read.registration.offer
    return [as_sent(moment) for moment in (offer.valid_from, offer.valid_until, read.registration.sent_at)]


@pytest.mark.parametrize("region", ["DE", "AT", "CH"])
def test_a_time_without_an_offset_is_the_local_one(region: str) -> None:
    read = row("22.11.2026 09:00", "30.06.2027 18:00:30", "1.11.2026 9:05", region)
    assert times(read) == ["2026-11-22T08:00:00Z", "2027-06-30T16:00:30Z", "2026-11-01T08:05:00Z"]


def test_an_offer_holds_to_the_end_of_its_last_day() -> None:
    assert times(row("31.12.2026", "31.12.2026", "31.12.2026")) == [
        "2026-12-30T23:00:00Z",
        "2026-12-31T22:59:59Z",
        "2026-12-30T23:00:00Z",
    ]


def test_times_with_an_offset_are_taken_beside_them() -> None:
    read = row("2026-11-22T09:00:00+01:00", "31.12.2026", "2026-11-22T09:00:00Z")
    assert times(read) == ["2026-11-22T08:00:00Z", "2026-12-31T22:59:59Z", "2026-11-22T09:00:00Z"]


@pytest.mark.parametrize(
    ("written", "region", "reason"),
    [
        ("31.02.2026", "DE", "is not in the calendar"),
        ("31.12.2026 25:00", "DE", "is not in the calendar"),
        ("01.01.0001", "DE", "is not between the years 2000 and 2100"),
        ("31.12.1999", "DE", "is not between the years 2000 and 2100"),
        ("31.12.26", "DE", "is not a time with an offset"),
        ("31.12.2026", "FR", "is not a time with an offset"),
        ("31.12.2026", "US", "is not a time with an offset"),
    ],
)
def test_what_is_no_date_or_leaves_the_zone_open_is_refused_in_its_column(
    written: str, region: str, reason: str
) -> None:
    (error,) = row("", written, "", region).errors
    assert error["field"] == "offer_valid_until"
    assert reason in error["message"]


def test_json_lines_need_the_offset() -> None:
    line = {"external_id": "b-1", "channel": "letter", "to": {"phone": "+493023125001"}, "sent_at": "31.12.2026"}
    file = reader("ndjson", "DE")
    rows = [*file.feed(json.dumps(line | {"offer": {"title": "Strom"}}).encode()), *file.finish()]
    assert "is not a time with an offset" in rows[0].errors[0]["message"]
