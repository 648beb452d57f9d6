"""What became of messages: reports come late, twice and out of order, and delivery never goes backwards."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.matching.observed import Delivery
from router.messages.delivery import NamedReport, Progress, Status, StatusReport, errors_of, record, told
from router.messages.registrar import Registrar
from router.messages.registration import read
from router.store.database import Database

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RANK = {None: 0, "sent": 1, "failed": 1, "delivered": 2, "read": 3}
Told = tuple[Status, float | None]
"""A status, and when it was so in hours from `NOW`."""


def after(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def report(status: Status, hours: float | None = None) -> StatusReport:
    return StatusReport(status=status, at=None if hours is None else after(hours).isoformat())  # type: ignore[arg-type]


def following(reports: Sequence[Told], progress: Progress | None = None) -> Progress:
    """The progress after these reports, each heard an hour after the one before."""
    progress = progress or Progress()
    for place, (status, hours) in enumerate(reports):
        progress = told(progress, report(status, hours), after(place))
    return progress


@pytest.mark.parametrize(
    ("reports", "reached", "since"),
    [
        ([("sent", None), ("delivered", None), ("read", None)], "read", 2),
        ([("read", -5), ("sent", -1), ("delivered", -1)], "read", -5),
        ([("delivered", None), ("failed", None)], "delivered", 0),
        ([("delivered", -5), ("failed", -1)], "delivered", -5),
        ([("failed", -1), ("delivered", -5)], "delivered", -5),
        ([("sent", None), ("failed", None)], "failed", 1),
        ([("failed", None), ("sent", None)], "failed", 0),
        ([("failed", -5), ("sent", -1)], "sent", -1),
        ([("failed", -1), ("sent", -5)], "failed", -1),
        ([("sent", -1), ("failed", -5)], "sent", -1),
        ([("sent", -1), ("failed", -1)], "failed", -1),
        ([("failed", -1), ("sent", -1)], "failed", -1),
        ([("sent", -3), ("sent", -1)], "sent", -1),
        ([("sent", -1), ("sent", -3)], "sent", -1),
        ([("sent", -3), ("sent", None)], "sent", -3),
        ([("read", -3), ("read", -5)], "read", -3),
    ],
)
def test_how_far_a_message_got(reports: list[Told], reached: str, since: float) -> None:
    progress = following(reports)
    assert (progress.delivery, progress.delivery_at) == (reached, after(since))
    assert progress.answered_at is None


@pytest.mark.parametrize(
    ("reports", "answered"),
    [
        ([("answered", None)], 0),
        ([("answered", -5)], -5),
        ([("answered", -5), ("answered", -1)], -5),
        ([("answered", None), ("reopened", None)], None),
        ([("answered", -1), ("reopened", -5)], -1),
        ([("answered", -5), ("reopened", -3), ("answered", -1)], -1),
        ([("reopened", None)], None),
    ],
)
def test_whether_a_message_is_answered(reports: list[Told], answered: float | None) -> None:
    progress = following([("read", -9), *reports])
    assert progress.answered_at == (None if answered is None else after(answered) if reports[0][1] else after(1))
    assert (progress.delivery, progress.delivery_at) == ("read", after(-9))


def test_a_reopening_without_a_time_is_of_now_even_where_the_clock_of_the_answer_was_ahead() -> None:
    answered = told(Progress(), report("answered", 0.9), after(0))
    assert told(answered, report("reopened"), after(0)).answered_at is None


statuses = st.sampled_from(["sent", "delivered", "read", "failed", "answered", "reopened"])
reports = st.lists(st.tuples(statuses, st.none() | st.integers(-50, 0)), max_size=8)


@example([("sent", None), ("answered", None)], ("reopened", None))
@given(reports, st.tuples(statuses, st.none() | st.integers(-50, 0)))
def test_nothing_goes_backwards_and_a_repeat_changes_nothing(before: list[Told], last: Told) -> None:
    progress = following(before)
    once = following([last], progress)
    assert RANK[once.delivery] >= RANK[progress.delivery]
    assert (once.delivery_at is None) == (once.delivery is None)
    assert told(once, report(*last), after(1)) == once


def test_in_whatever_order_reports_with_times_come_delivery_is_the_same() -> None:
    happened: list[Told] = [("sent", -9), ("failed", -8), ("sent", -7), ("failed", -6)]
    assert {following(order).delivery for order in permutations(happened)} == {Delivery.FAILED}
    assert {following(order).delivery for order in permutations([*happened, ("delivered", -5)])} == {Delivery.DELIVERED}


def test_what_lies_ahead_cannot_be_told() -> None:
    assert errors_of(report("read", 1), NOW) == []
    assert errors_of(report("read"), NOW) == []
    assert [error["field"] for error in errors_of(report("read", 1.1), NOW)] == ["at"]


async def register(registrar: Registrar, *names: str) -> list[str]:
    data = {"channel": "sms", "to": {"phone": "0171 39200 01"}, "offer": {"title": "Strom"}}
    return [(await registrar.register(read(data | {"external_id": name}, "DE"))).id for name in names]


def named(status: Status, **name: str) -> tuple[tuple[str, str], StatusReport]:
    each = NamedReport(status=status, **name)  # type: ignore[arg-type]
    return each.message, each


async def test_reports_are_kept_by_either_id_and_in_their_order(registrar: Registrar, database: Database) -> None:
    first, second = await register(registrar, "a", "b")
    told = [
        named("sent", external_id="a"),
        named("read", id=first),
        named("delivered", external_id="a"),
        named("answered", id=second),
        named("read", id="a"),
        named("read", external_id="c"),
    ]
    states = await record(database, told, NOW)  # type: ignore[arg-type]
    assert [state and state.id for state in states] == [first, first, first, second, None, None]
    assert [state and state.progress.delivery for state in states] == ["sent", "read", "read", None, None, None]
    stored = await registrar.stored(first)
    assert stored is not None
    assert (stored["delivery"], stored["delivery_at"], stored["answered_at"]) == ("read", "2026-03-02T10:00:00Z", None)
    stored = await registrar.stored(second)
    assert stored is not None
    assert (stored["delivery"], stored["answered_at"]) == (None, "2026-03-02T10:00:00Z")


async def test_more_reports_than_go_into_one_transaction(registrar: Registrar, database: Database) -> None:
    names = [f"m{place}" for place in range(230)]
    await register(registrar, *names)
    states = await record(database, [named("delivered", external_id=name) for name in names], NOW)  # type: ignore[misc]
    assert [state and state.external_id for state in states] == names


async def test_reports_at_one_time_about_the_same_messages_lose_nothing(
    registrar: Registrar, database: Database
) -> None:
    names = [f"m{place}" for place in range(10)]
    await register(registrar, *names)
    other = Database(database.url)
    statuses: list[Status] = ["sent", "read", "delivered", "answered", "failed"]
    lists = [
        [named(status, external_id=name) for name in (names if place % 2 else reversed(names))]
        for place, status in enumerate(statuses * 2)
    ]
    await asyncio.gather(
        *(record(database if place % 3 else other, each, NOW) for place, each in enumerate(lists))  # type: ignore[arg-type]
    )
    for name in names:
        stored = await registrar.stored_as(name)
        assert stored is not None
        assert (stored["delivery"], stored["answered_at"]) == ("read", "2026-03-02T10:00:00Z")
    await other.close()
