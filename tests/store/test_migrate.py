"""The migrations lead to exactly the tables that the code knows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from router.store import migrate
from router.store.database import Database
from router.store.holds import hold
from router.store.matching import Asked, find, one_slip_away
from router.store.tables import metadata


async def test_an_empty_database_is_brought_to_the_tables_of_the_code(bare_database_url: str) -> None:
    database = Database(bare_database_url, busy_seconds=60.0)
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


async def test_references_that_are_there_already_are_found_from_then_on(bare_database_url: str) -> None:
    database = Database(bare_database_url, busy_seconds=60.0)
    async with database.begin(long=True) as connection:
        await connection.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0001"))
        columns = "id, digest, channel, offer, body, reference, sent_at, created_at"
        for number in range(2100):  # more than one batch
            reference = ("NULL", f"'KD-{number:05}'", "'?'")[number % 3]
            values = f"'m{number}', '', 'sms', '{{}}', '', {reference}, '2026-03-02 10:00', '2026-03-02 10:00'"
            await connection.execute(text(f"INSERT INTO messages ({columns}) VALUES ({values})"))
    await migrate.upgrade(database)
    async with database.read() as connection:
        keys = (await connection.execute(text("SELECT reference_key FROM messages ORDER BY 1"))).scalars()
        assert [key for key in keys if key] == [f"KD{number:05}" for number in range(1, 2100, 3)]
        found = await find(connection, Asked(reference="KD02098"), datetime(2026, 3, 3, tzinfo=UTC))
        assert list(found.rows) == ["m2098"]
        assert "m1" in await one_slip_away(connection, "KD0001")
    await database.close()


async def test_two_machines_that_upgrade_at_the_same_moment_take_turns(bare_database_url: str) -> None:
    # How long the others wait for the first is not what this is about.
    databases = [Database(bare_database_url, busy_seconds=60.0) for _ in range(3)]
    await asyncio.gather(*(migrate.upgrade(database) for database in databases))
    assert [await migrate.current(database) for database in databases] == [migrate.newest()] * 3
    for database in databases:
        await database.close()


@pytest.mark.sqlite_only
async def test_many_may_open_a_new_file_at_the_same_moment(bare_database_url: str) -> None:
    databases = [Database(bare_database_url, busy_seconds=60.0) for _ in range(12)]

    async def open_it(database: Database) -> None:
        async with database.read() as connection:
            assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"

    await asyncio.gather(*map(open_it, databases))
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
    database = Database(bare_database_url, busy_seconds=60.0)
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE web_sessions (mine integer)"))  # the last table, so all before fit
    with pytest.raises(DBAPIError, match="web_sessions"):
        await migrate.upgrade(database)
    assert await migrate.current(database) is None
    async with database.read() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["web_sessions"]
    await database.close()
