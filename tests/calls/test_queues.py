"""How long the wait is: what is counted, how it is estimated, and when nothing is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from router.calls.queues import LEAST_TALKS, expected_wait, see_queue
from router.core.events import QueueSeen
from router.store.database import Connection, Database
from router.store.tables import cards, people
from tests.stored import NOW, a_call


async def an_agent(
    connection: Connection, login: str, presence: str = "ready", queues: tuple[str, ...] = ("sales",)
) -> None:
    values = {"id": login, "login": login, "name": login, "role": "agent", "language": "de", "queues": list(queues)}
    await connection.execute(insert(people).values(**values, presence=presence, created_at=NOW))


async def a_talk(
    connection: Connection, key: str, person_id: str, minutes_ago: float, seconds: float | None, queue: str = "sales"
) -> None:
    """A talk that began then; without ``seconds`` it goes on."""
    began = NOW - timedelta(minutes=minutes_ago)
    values: dict[str, Any] = {"id": key, "call_key": key, "person_id": person_id, "queue": queue, "rang_at": began}
    ended = (
        {"state": "talking"} if seconds is None else {"state": "gone", "gone_at": began + timedelta(seconds=seconds)}
    )
    await connection.execute(insert(cards).values(**values, answered_at=began, **ended))


async def waits(connection: Connection, minutes: float, queue: str = "sales", state: str = "queue") -> None:
    joined = NOW - timedelta(minutes=minutes)
    await a_call(connection, "+4930", None, state=state, queue=queue, updated_at=joined)


async def test_callers_agents_and_talks_of_this_queue_count(database: Database) -> None:
    async with database.begin() as connection:
        await an_agent(connection, "anna")
        await an_agent(connection, "bert")
        await an_agent(connection, "carl", presence="paused")
        await an_agent(connection, "dora", queues=("service",))
        for number, seconds in enumerate((60, 120, 180)):
            await a_talk(connection, f"t{number}", "anna", 30, seconds)
        await a_talk(connection, "old", "anna", 90, 3000)
        await a_talk(connection, "other", "dora", 30, 3000, "service")
        await a_talk(connection, "now1", "anna", 1, None)
        await a_talk(connection, "now2", "bert", 1, None)
        for minutes in (1, 2, 3):
            await waits(connection, minutes)
        await waits(connection, 1, "service")
        await waits(connection, 1, state="talking")
        await waits(connection, 200)  # lost on the way
        seen = await see_queue(connection, "sales", NOW)
    assert seen == QueueSeen("sales", 3, 2, 4 * 120 // 2)


async def test_a_free_agent_means_no_wait_and_nobody_on_duty_none_that_can_be_told(database: Database) -> None:
    async with database.begin() as connection:
        assert await see_queue(connection, "sales", NOW) == QueueSeen("sales", 0, 0, None)
        await an_agent(connection, "anna")
        assert await see_queue(connection, "sales", NOW) == QueueSeen("sales", 0, 1, 0)
        await waits(connection, 1)
        assert await see_queue(connection, "sales", NOW) == QueueSeen("sales", 1, 1, None)


async def test_what_is_read_of_many_talks_goes_by_an_index(database: Database) -> None:
    """A year of calls must not make callers wait for an answer."""
    plan = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN (FORMAT JSON)"
    talks = "SELECT answered_at, gone_at FROM cards WHERE queue = 'sales' AND answered_at >= '2026-03-02' "
    waiting = "SELECT count(*) FROM calls WHERE state = 'queue' AND updated_at >= '2026-03-02' AND queue = 'sales'"
    async with database.begin() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))  # a small table is read as a whole
        for number in range(100):
            await waits(connection, 60 * number, state="ended")
        await connection.execute(text("ANALYZE calls"))  # that few of the queue's calls still wait decides
        of_those_who_wait = ("ix_calls_state_updated_at", "ix_calls_channel_updated_at_id")
        for statement, indexes in (
            (talks + "ORDER BY answered_at DESC LIMIT 100", ("ix_cards_queue_answered_at",)),
            (waiting, of_those_who_wait),  # the second has no other calls in it
        ):
            found = json.dumps([list(map(str, row)) for row in await connection.execute(text(f"{plan} {statement}"))])
            assert any(index in found for index in indexes), found


@pytest.mark.parametrize(
    ("waiting", "on_duty", "free", "talks", "expected"),
    [
        (0, 0, 0, [100.0] * 5, None),
        (0, 1, 1, [], 0),
        (1, 2, 2, [], 0),
        (0, 1, 0, [100.0] * (LEAST_TALKS - 1), None),
        (0, 1, 0, [100.0] * LEAST_TALKS, 100),
        (0, 4, 0, [100.0] * LEAST_TALKS, 25),
        (5, 2, 0, [90.0] * LEAST_TALKS, 270),
        (5, 2, 1, [90.0] * LEAST_TALKS, 225),
    ],
)
def test_the_estimate(waiting: int, on_duty: int, free: int, talks: list[float], expected: int | None) -> None:
    assert expected_wait(waiting, on_duty, free, talks) == expected


@given(
    st.integers(0, 500),
    st.integers(1, 200),
    st.lists(st.floats(1, 7200), min_size=LEAST_TALKS, max_size=100),
    st.data(),
)
def test_more_callers_never_mean_less_and_more_agents_never_more(
    waiting: int, on_duty: int, talks: list[float], data: st.DataObject
) -> None:
    free = data.draw(st.integers(0, on_duty))
    wait = expected_wait(waiting, on_duty, free, talks)
    longer = expected_wait(waiting + 1, on_duty, free, talks)
    shorter = expected_wait(waiting, on_duty + 1, free, talks)
    assert wait is not None
    assert longer is not None
    assert shorter is not None
    assert longer >= wait >= shorter >= 0
    assert (wait == 0) == (free > waiting)
