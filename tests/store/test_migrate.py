"""The migrations lead to exactly the tables that the code knows."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from router.store import migrate
from router.store.database import Database
from router.store.holds import hold
from router.store.tables import metadata


async def test_an_empty_database_is_brought_to_the_tables_of_the_code(bare_database_url: str) -> None:
    database = Database(bare_database_url)
    assert await migrate.current(database) is None
    await migrate.upgrade(database)
    assert await migrate.current(database) == migrate.newest()
    async with database.read() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    assert differences == []
    await migrate.upgrade(database)  # again: nothing to do
    await database.close()


async def test_two_machines_that_upgrade_at_the_same_moment_take_turns(bare_database_url: str) -> None:
    databases = [Database(bare_database_url) for _ in range(3)]
    await asyncio.gather(*(migrate.upgrade(database) for database in databases))
    assert [await migrate.current(database) for database in databases] == [migrate.newest()] * 3
    for database in databases:
        await database.close()


async def test_a_migration_may_take_longer_than_a_caller_would_wait(bare_database_url: str) -> None:
    first, second = Database(bare_database_url), Database(bare_database_url, busy_seconds=0.3, patient=True)
    async with first.begin() as connection:
        await hold(connection, "schema")
        waiting = asyncio.create_task(migrate.upgrade(second))
        if not first.is_sqlite:  # which has no statement that waits
            _, late = await asyncio.wait([waiting], timeout=0.6)
            assert late
    await waiting
    assert await migrate.current(first) == migrate.newest()
    await first.close()
    await second.close()


async def test_all_steps_or_none(bare_database_url: str) -> None:
    database = Database(bare_database_url)
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE web_sessions (mine integer)"))  # the last table, so all before fit
    with pytest.raises(DBAPIError, match="web_sessions"):
        await migrate.upgrade(database)
    assert await migrate.current(database) is None
    async with database.read() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["web_sessions"]
    await database.close()
