"""Statements that are compiled once give what SQLAlchemy gives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Insert,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from router.store.database import Connection, Database, is_away
from router.store.prepared import Json, Prepared
from router.store.tables.base import Moment

things = Table(
    "prepared_things",
    MetaData(),
    Column("id", String(32), primary_key=True),
    Column("at", Moment),
    Column("told", JSON),
    Column("heard", Boolean, nullable=False),
    Column("count", Integer),
    Column("note", Text, nullable=False, default="nothing"),
    Column("number", Integer, default=lambda: 7),
)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADD = Prepared(insert(things))
OF_ID = select(things).where(things.c.id == bindparam("thing"))


@pytest.fixture
async def there(database: Database) -> AsyncIterator[Connection]:
    """A connection that writes, with the table, which goes with the transaction."""
    with pytest.raises(ZeroDivisionError):
        async with database.begin() as connection:
            await connection.run_sync(things.metadata.create_all)
            yield connection
            raise ZeroDivisionError


def thing(id_: str, **over: Any) -> dict[str, Any]:
    return {"id": id_, "at": NOON, "told": {"a": ["ü", None]}, "heard": True, "count": 3, "number": 1} | over


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"at": None, "told": None, "count": None},
        {"at": datetime(2026, 11, 23, 13, 0, 0, 5, tzinfo=timezone(timedelta(hours=1))), "heard": False},
        {"told": "a text", "note": "a 'note'; DROP TABLE"},
        {"told": [1, 2.5, True, "\ud83d\ude00"]},
    ],
)
async def test_rows_are_what_sqlalchemy_makes_of_them(there: Connection, over: dict[str, Any]) -> None:
    assert await ADD.change(there, thing("1", **over)) == 1
    await there.execute(insert(things), thing("2", **over))
    (mine,) = await Prepared(OF_ID).rows(there, {"thing": "1"})
    theirs = [(await there.execute(OF_ID, {"thing": each})).one() for each in "12"]
    assert mine == tuple(theirs[0])
    assert mine[1:] == tuple(theirs[1])[1:]
    assert mine._fields == theirs[0]._fields
    assert type(mine.heard) is bool


async def test_what_is_json_already_is_taken_as_it_is(there: Connection) -> None:
    await ADD.change(there, thing("1", told=Json('{"a": ["ü", null]}')))
    assert (await Prepared(OF_ID).row(there, {"thing": "1"})).told == {"a": ["ü", None]}


async def test_values_of_the_statement_and_of_each_use_stand_side_by_side(there: Connection) -> None:
    for each in "abc":
        await ADD.change(there, thing(each))
    latest = Prepared(
        select(things.c.id, func.upper(things.c.id).label("big"))
        .where(things.c.id > bindparam("after"), things.c.count == 3, things.c.at == NOON)
        .order_by(things.c.id)
        .limit(1)
    )
    assert (await latest.row(there, {"after": "a"})).big == "B"
    assert await latest.value(there, {"after": "b"}) == "c"
    assert await latest.row(there, {"after": "c"}) is None
    assert await latest.value(there, {"after": "c"}) is None
    assert await Prepared(select(func.max(things.c.count))).value(there) == 3


async def test_what_is_changed_is_counted_and_may_differ_from_use_to_use(there: Connection) -> None:
    for each in "abc":
        await ADD.change(there, thing(each))
    change = Prepared(update(things).where(things.c.id >= bindparam("first")))
    assert await change.change(there, {"first": "b", "count": 9}) == 2
    assert await change.change(there, {"first": "c", "told": {"b": 1}, "heard": False}) == 1
    assert await change.change(there, {"first": "x", "count": 1}) == 0
    rows = await Prepared(select(things.c.count, things.c.heard, things.c.told).order_by(things.c.id)).rows(there)
    assert rows == [(3, True, {"a": ["ü", None]}), (9, True, {"a": ["ü", None]}), (9, False, {"b": 1})]


@pytest.mark.parametrize(
    "statement",
    [
        select(things).where(things.c.id.in_(["a", "b"])),
        insert(things).returning(things.c.id),
        update(things).returning(things.c.id),
    ],
)
async def test_what_cannot_be_prepared_is_refused(there: Connection, statement: Select[Any] | Insert | Update) -> None:
    with pytest.raises(TypeError):
        await Prepared(statement).change(there, thing("1"))


async def test_a_default_that_is_to_be_made_is_refused(there: Connection) -> None:
    values = thing("1")
    del values["number"]
    with pytest.raises(TypeError, match="number"):
        await ADD.change(there, values)


async def test_a_mistake_tells_no_values(database: Database) -> None:
    with pytest.raises(IntegrityError) as raised:
        async with database.begin() as connection:
            await connection.run_sync(things.metadata.create_all)
            await ADD.change(connection, thing("1", note="secret words"))
            await ADD.change(connection, thing("1", note="secret words"))
    assert "secret words" not in str(raised.value)
    assert not is_away(raised.value)


async def test_a_connection_is_not_used_after_its_transaction(database: Database) -> None:
    async with database.begin() as connection:
        await connection.run_sync(things.metadata.create_all)
    async with database.read() as connection:
        assert await Prepared(OF_ID).rows(connection, {"thing": "1"}) == []
    with pytest.raises(RuntimeError):
        await Prepared(OF_ID).rows(connection, {"thing": "1"})
    async with database.begin() as connection:
        await connection.run_sync(things.metadata.drop_all)
