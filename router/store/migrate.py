"""Bring a database to the schema of this version, and tell whether it is there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as SyncConnection

from router.store.database import Database
from router.store.holds import hold


def _config(connection: SyncConnection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@cache
def newest() -> str:
    """The revision that this version needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101 - there is always a first migration
    return head


@cache
def revisions() -> tuple[str, ...]:
    """All that this version knows, the newest last. A database at another one was brought there by a later version."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in reversed(list(scripts.walk_revisions())))


async def current(database: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    async with database.read(long=True) as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def upgrade(database: Database) -> None:
    """Bring the database to the newest revision, all steps or none. Of several at the same time one does it."""
    async with database.begin(long=True) as connection:
        await hold(connection, "schema")
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), "head"))
