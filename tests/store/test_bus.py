"""Announcements within a process, on either engine, and between processes over a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from router.store.announcing import MOST_BYTES, MOST_TOPICS, Announcing, bus_on, payloads, topics_of
from router.store.bus import EVERYTHING, Bus
from router.store.database import Database
from tests.postgres import Cluster
from tests.store.line import SOON, ended, line_to, until


async def woken(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), SOON)
    event.clear()


@pytest.fixture
async def bus(database: Database) -> AsyncIterator[Bus]:
    async with bus_on(database) as bus:
        yield bus


@pytest.fixture
async def two(database: Database) -> AsyncIterator[tuple[Announcing, Announcing]]:
    """The buses of two processes that are connected."""
    async with AsyncExitStack() as stack:
        buses = [await stack.enter_async_context(bus_on(database)) for _ in range(2)]
        first, second = (bus for bus in buses if isinstance(bus, Announcing))
        await until(lambda: first.connected and second.connected)
        yield first, second


async def test_who_listens_is_woken_and_nobody_else(bus: Bus) -> None:
    async with bus.listen("desk:anna") as anna, bus.listen("desk:anna") as again, bus.listen("desk:ben") as ben:
        # What is announced while a connection comes about wakes everybody.
        await until(lambda: bus.connected is not False)
        for each in (anna, again, ben):
            each.clear()
        bus.announce("desk:anna")
        assert (anna.is_set(), again.is_set(), ben.is_set()) == (True, True, False)
        anna.clear()
        bus.announce("desk:anna")
        bus.announce("desk:anna")
        assert anna.is_set()
        bus.announce(EVERYTHING)
        assert ben.is_set()
    bus.announce("desk:anna")  # nobody listens any more
    assert not bus._listeners


@pytest.mark.postgresql_only
async def test_other_processes_hear_and_the_own_echo_is_not_heard(two: tuple[Announcing, Announcing]) -> None:
    first, second = two
    async with first.listen("desk:anna") as here, second.listen("desk:anna") as there, second.listen("work") as other:
        first.announce("desk:anna")
        await woken(there)
        assert here.is_set()
        here.clear()
        # Once an answer is there, an echo of what was said before would be, too.
        second.announce("desk:anna")
        await woken(here)
        first.announce("work")
        await woken(other)
        assert not here.is_set()


@pytest.mark.postgresql_only
async def test_many_announcements_arrive_all(two: tuple[Announcing, Announcing]) -> None:
    first, second = two
    async with AsyncExitStack() as stack:
        topics = [f"desk:{number:032}" for number in range(1000)]  # more than one notification holds
        events = [await stack.enter_async_context(second.listen(topic)) for topic in topics]
        for topic in topics:
            first.announce(topic)
        for event in events:
            await woken(event)


@pytest.mark.postgresql_only
async def test_a_lost_connection_comes_back_and_everybody_looks_anew(
    two: tuple[Announcing, Announcing], database: Database
) -> None:
    first, second = two
    async with first.listen("desk:anna") as here, second.listen("desk:ben") as there:
        assert await ended(database, "threadline bus") == 2
        await woken(here)
        await woken(there)
        await until(lambda: first.connected and second.connected)
        there.clear()
        first.announce("desk:ben")
        await woken(there)


@pytest.mark.postgresql_only
async def test_what_is_announced_while_the_line_is_cut_is_heard_later(database: Database, postgresql: Cluster) -> None:
    async with (
        line_to(postgresql.over_the_network(database.url)) as (line, address),
        bus_on(database) as there,
        bus_on(Database(address)) as here,
        there.listen("desk:anna") as anna,
        there.listen("desk:ben") as ben,
    ):
        assert isinstance(here, Announcing)
        await until(lambda: bool(here.connected and there.connected))
        line.cut()
        await until(lambda: not here.connected)
        here.announce("desk:anna")
        here.announce("desk:anna")
        assert list(here._waiting) == ["desk:anna"]
        anna.clear()
        ben.clear()
        line.refuses = False
        await woken(anna)
        assert not ben.is_set()

        line.cut()
        await until(lambda: not here.connected)
        for number in range(MOST_TOPICS + 1):
            here.announce(f"desk:{number}")
        assert list(here._waiting) == [EVERYTHING]  # bounded, and nothing is lost
        line.refuses = False
        await woken(anna)
        await woken(ben)


@pytest.mark.postgresql_only
async def test_a_line_that_is_dead_is_noticed(database: Database, postgresql: Cluster) -> None:
    async with (
        line_to(postgresql.over_the_network(database.url)) as (line, address),
        bus_on(Database(address)) as bus,
        bus.listen("desk:anna") as anna,
    ):
        await until(lambda: bool(bus.connected))
        anna.clear()
        line.die()
        await until(lambda: not bus.connected)
        line.revive()
        await woken(anna)
        assert bus.connected


@pytest.mark.postgresql_only
async def test_what_others_write_on_the_channel_wakes_nobody_and_harms_nobody(
    two: tuple[Announcing, Announcing], database: Database
) -> None:
    first, second = two
    odd = [
        "",
        "desk:anna",
        "threadline1 x\ndesk:anna",
        "threadline1 " + "0" * 16 + "\nDESK:anna\n;DROP\n\n",
        "\n" * 6000,
    ]
    async with first.listen("desk:anna") as anna, first.listen("desk:ben") as ben:
        async with database.begin() as connection:
            for payload in odd:
                await connection.execute(text("SELECT pg_notify('threadline', :it)"), {"it": payload})
        second.announce("desk:ben")
        await woken(ben)
        assert not anna.is_set()


@pytest.mark.postgresql_only
async def test_who_only_announces_has_no_connection_until_then(
    two: tuple[Announcing, Announcing], database: Database
) -> None:
    first, _ = two
    query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'threadline bus'")
    async with first.listen("flows") as flows:
        async with bus_on(database, hears=False) as command:
            async with database.read() as connection:
                assert (await connection.execute(query)).scalar_one() == 2
            command.announce("flows")
        assert await asyncio.wait_for(flows.wait(), SOON)


@given(st.lists(st.from_regex(r"[a-z]{1,10}:[!-~]{1,150}", fullmatch=True), min_size=1, max_size=300))
def test_notifications_carry_every_topic_and_fit(topics: list[str]) -> None:
    made = payloads("0" * 16, topics)
    assert all(len(each.encode()) <= MOST_BYTES for each in made)
    assert [topic for each in made for topic in topics_of(each, "1" * 16)] == topics
    assert not any(topics_of(each, "0" * 16) for each in made)


@given(st.text())
def test_no_payload_is_too_odd_to_be_read(payload: str) -> None:
    assert all(topic == EVERYTHING or topic[0].islower() for topic in topics_of(payload, "0" * 16))
