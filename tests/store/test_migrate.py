"""The migrations lead to exactly the tables that the code knows."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from router.store import migrate
from router.store.database import Database
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
