"""What counts as a database that is away for now, as opposed to a fault of ours."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from router.store.database import Database, is_away


async def reached(address: str) -> None:
    database = Database(address, busy_seconds=2)
    try:
        async with database.read() as connection:
            await connection.execute(text("SELECT 1"))
    finally:
        await database.close()


@pytest.mark.postgresql_only
async def test_nobody_there_full_or_shut_is_away(database: Database) -> None:
    url = make_url(database.url)
    async with database.begin() as connection:
        for statement in ("DROP ROLE IF EXISTS few", "CREATE ROLE few LOGIN CONNECTION LIMIT 0"):
            await connection.execute(text(statement))
    full = url.set(username="few").render_as_string()
    for address in (full, "postgresql://me@127.0.0.1:1/none", "postgresql://me@nowhere.invalid/none"):
        with pytest.raises((DBAPIError, OSError)) as raised:
            await reached(address)
        assert is_away(raised.value)


@pytest.mark.postgresql_only
async def test_a_connection_that_the_server_ends_is_away(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised:
        async with database.begin() as connection:
            (mine,) = (await connection.execute(text("SELECT pg_backend_pid()"))).one()
            async with database.begin() as other:
                await other.execute(text("SELECT pg_terminate_backend(:mine)"), {"mine": mine})
            await connection.execute(text("SELECT 1"))
    assert is_away(raised.value)
    await reached(database.url)


@pytest.mark.postgresql_only
async def test_a_connection_that_the_server_ended_while_nobody_used_it_is_replaced(database: Database) -> None:
    drivers: dict[int, Any] = {}
    async with database.read() as one, database.read() as two:
        for each in (one, two):
            assert each.sync_connection is not None
            pid = (await each.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            drivers[pid] = each.sync_connection.connection.driver_connection
    async with database.read() as connection:
        used = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        (unused,) = drivers.keys() - {used}
        await connection.execute(text("SELECT pg_terminate_backend(:unused)"), {"unused": unused})
        async with asyncio.timeout(60):
            while not drivers[unused].is_closed():  # noqa: ASYNC110 - asyncpg tells nobody
                await asyncio.sleep(0.01)
        async with database.begin() as new:
            assert (await new.execute(text("SELECT pg_backend_pid()"))).scalar_one() not in drivers


async def test_a_mistake_of_ours_is_not(database: Database) -> None:
    for statement in ("SELECT * FROM nowhere", "INSERT INTO calls (id) VALUES ('x')"):
        with pytest.raises(DBAPIError) as raised:
            async with database.begin() as connection:
                await connection.execute(text(statement))
        assert is_away(raised.value) == (database.is_sqlite and "nowhere" in statement), "SQLite tells them not apart"


@pytest.mark.sqlite_only
async def test_only_what_has_to_last_waits_for_the_disk(database: Database) -> None:
    async def waits(lasting: bool) -> bool:
        async with database.begin(lasting=lasting) as connection:
            return bool((await connection.execute(text("PRAGMA synchronous"))).scalar_one() == 2)  # FULL

    assert [await waits(lasting) for lasting in (True, False, False, True)] == [True, False, False, True]


@pytest.mark.sqlite_only
async def test_writers_of_one_process_take_turns_in_order(database: Database) -> None:
    """Each waits for its turn at once; SQLite's own waiting polls, and lets some wait for long."""
    order: list[int] = []

    async def write(number: int) -> None:
        async with database.begin():
            order.append(number)

    await asyncio.gather(*(write(number) for number in range(50)))
    assert order == list(range(50))
