"""Upgrading from every schema that was released, with a row in each of its tables; and the version before, which goes
on with its own statements until its processes are exchanged.

The rows are made from the schema itself, so that nothing here has to be kept up with it. The rule that holds all this:
a migration only adds tables, and columns that may be null or have a default.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from alembic import command
from sqlalchemy import JSON, Boolean, Column, DateTime, Float, Integer, LargeBinary, MetaData, String, Table, select
from sqlalchemy import Connection as SyncConnection

from router.calls.turns import as_kept
from router.core.events import WITHHELD, CallStarted
from router.engine.session import session_to_json
from router.engine.step import start
from router.flow.files import check
from router.store import calls, cards, messages, migrate, people
from router.store.database import Connection, Database

REVISIONS = migrate.revisions()
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
FLOW = check("version: 1\nname: short\nlanguages: [de]\nstart: bye\nsteps:\n  bye: {type: hangup}\n", "short.yaml")
SESSION = session_to_json(start("0" * 32, FLOW, CallStarted("asterisk", WITHHELD)))
LISTS = ("queues", "skills", "scopes")
"""Columns of JSON that hold a list."""
NEVER_CHANGED = ("audit_log",)
TOLD: dict[tuple[str, str], Any] = {
    ("calls", "session"): SESSION,
    ("calls", "reply"): "[]",
    ("calls", "state"): "ended",
    ("cards", "state"): "gone",
    ("messages", "offer"): {"title": "Strom Fix 24"},
}
"""What the code that reads it back takes apart."""


def value_of(column: Column[Any], row: str) -> Any:
    """What stands in the ``row`` of this name: the same in two columns of which one refers to the other."""
    table = column.table
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return None if key.column.table is table else value_of(key.column, row)
    if (told := TOLD.get((table.name, column.name))) is not None:
        return told
    text = hashlib.sha256(f"{table.name} {column.name} {row}".encode()).hexdigest()
    match column.type:
        case Boolean():
            return False
        case DateTime(timezone=zoned):
            return AT if zoned else AT.replace(tzinfo=None)
        case JSON():
            return [] if column.name in LISTS else {}
        case Integer():
            return int(text[:6], 16)
        case Float():
            return 0.5
        case LargeBinary():
            return bytes.fromhex(text)
        case String(length=length):
            return text[: length or 32]
    raise AssertionError(f"{table.name}.{column.name}: a type that no rows are made of: {column.type!r}")


def row_of(table: Table, row: str) -> dict[str, Any]:
    return {column.name: value_of(column, row) for column in table.columns}


async def to(database: Database, revision: str) -> None:
    async with database.begin(long=True) as connection:
        await connection.run_sync(lambda sync: command.upgrade(migrate._config(sync), revision))


async def tables(database: Database) -> list[Table]:
    """As they are in the database now, those that others refer to first."""

    def reflected(sync: SyncConnection) -> list[Table]:
        metadata = MetaData()
        metadata.reflect(sync)
        return [table for table in metadata.sorted_tables if table.name != "alembic_version"]

    async with database.read() as connection:
        return await connection.run_sync(reflected)


async def rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """All rows by the columns that the table had."""
    return [dict(row._mapping) for row in await connection.execute(select(*table.columns).order_by(*table.primary_key))]


@pytest.fixture
async def bare(bare_database_url: str) -> AsyncIterator[Database]:
    database = Database(bare_database_url, busy_seconds=60.0)
    yield database
    await database.close()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_nothing_is_lost_on_the_way_from_a_released_schema(bare: Database, revision: str) -> None:
    await to(bare, revision)
    before = await tables(bare)
    async with bare.begin() as connection:
        for table in before:
            await connection.execute(table.insert(), row_of(table, "old"))
        stored = {table.name: await rows(connection, table) for table in before}
    await migrate.upgrade(bare)
    async with bare.read() as connection:
        assert {table.name: await rows(connection, table) for table in before} == stored
        (call,) = await calls.latest(connection, 10)
        assert as_kept(call).session.flow == "short"
        message_id = stored["messages"][0]["id"]
        found = await messages.by_id(connection, message_id)
        assert found is not None and found.offer == {"title": "Strom Fix 24"}
        card = stored["cards"][0]
        assert [each.id for each in await cards.of_call(connection, card["call_key"])] == [card["id"]]
        assert [each.id for each in await people.everybody(connection)] == [stored["people"][0]["id"]]


@pytest.mark.parametrize(("revision", "later"), list(pairwise(REVISIONS)))
async def test_the_version_before_goes_on_with_its_own_statements(bare: Database, revision: str, later: str) -> None:
    """It knows no later column, and writes and deletes as it always did."""
    await to(bare, revision)
    before = await tables(bare)
    await to(bare, later)
    async with bare.begin() as connection:
        for table in before:
            await connection.execute(table.insert(), row_of(table, "new"))
        for table in before:
            fixed = {column.name for column in table.columns if column.primary_key or column.foreign_keys}
            changed = {name: value for name, value in row_of(table, "changed").items() if name not in fixed}
            if changed and table.name not in NEVER_CHANGED:
                assert (await connection.execute(table.update().values(**changed))).rowcount == 1, table.name
                (kept,) = await rows(connection, table)
                assert {name: kept[name] for name in changed} == changed, table.name
        for table in reversed(before):
            assert (await connection.execute(table.delete())).rowcount <= 1
