"""(g) How long callers wait while old rows are deleted, in a database of many messages, and how many go a second."""

from __future__ import annotations

import asyncio
import math
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import uvloop
from sqlalchemy import JSON, ColumnElement, Table, func, insert, inspect, literal, select, text
from sqlalchemy import Connection as SyncConnection

from bench.lookup import databases, server
from bench.lookup.rows import NOW, SERVICE_NUMBER, Kind, statements
from bench.match.house import quiet
from bench.speed.processes import PROJECT
from bench.speed.tables import table
from router import app
from router.app import House
from router.core.events import Caller, CallStarted
from router.forgetting import forget
from router.settings import load
from router.store import migrate
from router.store import tables as store
from router.store.database import Connection, Database
from router.store.tables import Moment, metadata
from router.store.watch import DatabaseAway

ROWS = 100_000
"""Rows of each table that are too old, at most; a tenth of the messages where that is less."""
KINDS = ("sqlite", "postgresql")
_FOLDER, _SEED = Path(".cache/bench").absolute(), 1
_OLD = NOW - timedelta(days=9999)
_NUMBERS = 500
_EVERY = 0.02
"""Seconds between two calls."""
_QUIET, _LONGEST = 15.0, 180.0
"""Seconds of calls before anything is deleted, and while rows are deleted, at most."""
_AGES = (store.call_events.c.at, store.audit_log.c.at, store.cards.c.rang_at, store.notes.c.at, store.dispositions.c.at)


@dataclass(frozen=True, slots=True)
class Waits:
    """How long calls took until their first decision was stored, in seconds; and how many the database kept waiting
    for so long that they were given up."""

    seconds: list[float]
    given_up: int

    def cells(self) -> tuple[str, ...]:
        """Calls, p50, p99 and longest, in ms, and those given up."""
        at = statistics.quantiles(self.seconds, n=100)
        times = (f"{each * 1000:,.1f}" for each in (at[49], at[98], max(self.seconds)))
        return f"{len(self.seconds):,}", *times, str(self.given_up)


def run(size: int, kinds: tuple[str, ...]) -> str:
    """The table. Databases that are not there yet are made, and kept; what is deleted is deleted in copies."""
    quiet()
    _FOLDER.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, ...]] = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for kind in kinds:
            rows += runner.run(_on_postgresql(size) if kind == "postgresql" else _on_sqlite(size))
    head = (
        f"a known caller, {size:,} messages",
        "calls",
        "p50 ms",
        "p99 ms",
        "longest ms",
        "given up",
        "rows deleted a second",
    )
    return table(head, rows)


async def _on_sqlite(size: int) -> list[tuple[str, ...]]:
    kept = await databases.sqlite_file(_FOLDER, size, _SEED)
    with TemporaryDirectory(prefix="retention-", dir=_FOLDER) as folder:
        copy = await asyncio.to_thread(shutil.copyfile, kept, Path(folder) / "copy.db")
        return await _measured(f"sqlite:///{copy}", "SQLite", size)


async def _on_postgresql(size: int) -> list[tuple[str, ...]]:
    with server.running(_FOLDER / "postgresql") as socket:
        kept = await databases.postgresql_name(socket, size, _SEED)
        connection = await asyncpg.connect(host=str(socket), user="postgres", database="postgres")
        await connection.execute("DROP DATABASE IF EXISTS retention")
        await connection.execute(f"CREATE DATABASE retention TEMPLATE {kept}", timeout=3600)
        try:
            return await _measured(f"postgresql://postgres@/retention?host={socket}", "PostgreSQL", size)
        finally:
            await connection.execute("DROP DATABASE retention WITH (FORCE)")
            await connection.close()


async def _measured(url: str, name: str, size: int) -> list[tuple[str, ...]]:
    await _fill(url, size)
    async with _house(url) as house:
        numbers = await _numbers(house)
        turns = count()
        await _called(house, numbers, turns, asyncio.sleep(2.0))
        before = await _called(house, numbers, turns, asyncio.sleep(_QUIET))
        there, begun = await _left(house), time.perf_counter()
        during = await _called(house, numbers, turns, _emptied(house))
        deleted = (there - await _left(house)) / (time.perf_counter() - begun)
    return [
        (f"{name}: nothing to delete", *before.cells(), ""),
        (f"{name}: while old rows go", *during.cells(), f"{deleted:,.0f}"),
    ]


@asynccontextmanager
async def _house(url: str) -> AsyncIterator[House]:
    with TemporaryDirectory(prefix="threadline-bench-") as name:
        folder = Path(name)
        settings = load(
            {}, folder, data_dir=folder, database=url, secret="s" * 32, flows=PROJECT / "ivr_flows",
            queues=("default", "sales"), service_number=SERVICE_NUMBER, recogniser="none",
        )  # fmt: skip
        async with app.assembled(settings, lambda: NOW) as house:
            yield house


async def _called(house: House, numbers: list[str], turns: count[int], meanwhile: Awaitable[None]) -> Waits:
    """One call every so often, however long the one before takes, until ``meanwhile`` is over."""
    waits: list[float] = []
    given_up: list[int] = []

    async def call(number: int) -> None:
        begun = time.perf_counter()
        caller = Caller(numbers[number % len(numbers)])
        try:
            await house.calls.begin("bench", f"retention-{number}", CallStarted("bench", caller, SERVICE_NUMBER))
            waits.append(time.perf_counter() - begun)
        except DatabaseAway:
            given_up.append(number)

    until = asyncio.ensure_future(meanwhile)
    async with asyncio.TaskGroup() as calls:
        while not until.done():
            calls.create_task(call(next(turns)))
            await asyncio.sleep(_EVERY)
    await until
    return Waits(waits, len(given_up))


async def _emptied(house: House) -> None:
    """Look for what is too old as the service does, but again at once, until there is nothing or the time is up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST):
            while await _left(house):
                await forget(house, NOW)


async def _left(house: House) -> int:
    async with house.database.read(long=True) as connection:
        return sum([await _older(connection, each) for each in _AGES])


async def _older(connection: Connection, age: ColumnElement[Any]) -> int:
    return int((await connection.execute(select(func.count()).where(age <= _OLD))).scalar_one())


async def _numbers(house: House) -> list[str]:
    """Numbers of customers, from all over the table."""
    async with house.database.read(long=True) as connection:
        number = store.customer_phones.c.number
        step = math.ceil(10**9 / _NUMBERS)
        asked = [
            select(number).where(number >= f"+4915{each:09}").order_by(number).limit(1)
            for each in range(0, 10**9, step)
        ]
        found = [(await connection.execute(each)).scalar_one_or_none() for each in asked]
    return [each for each in found if each is not None]


async def _fill(url: str, size: int) -> None:
    """The tables that a decision only reads from or does without, and in them what is too old to be kept."""
    database = Database(url, patient=True)
    kind: Kind = "sqlite" if database.is_sqlite else "postgresql"
    async with database.begin(long=True) as connection:
        await connection.execute(text("DROP TABLE calls"))
        await connection.run_sync(metadata.create_all)
        await connection.run_sync(_index_all)
        await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        await connection.execute(text("INSERT INTO alembic_version VALUES (:newest)"), {"newest": migrate.newest()})
        robin = {"id": "robin", "login": "robin", "name": "Robin", "role": "agent", "language": "de"}
        await connection.execute(insert(store.people).values(**robin, presence="off", queues=[], created_at=NOW))
        (called,) = (each for each in statements(kind, size, _SEED) if each.startswith("INSERT INTO calls"))
        await connection.exec_driver_sql(called)
        for each, columns in _too_old(min(ROWS, size // 10)):
            await connection.execute(insert(each).from_select(list(columns), select(*columns.values())))
        if not database.is_sqlite:
            await connection.execute(text("ANALYZE"))  # or it reads tables as a whole until autovacuum has come by
    if database.is_sqlite:  # or the first calls would pay for what was filled in
        async with database.read(long=True) as connection:
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    await database.close()


def _index_all(connection: SyncConnection) -> None:
    """The indexes that are not needed to look messages up. Without them what the service asks for now and then, such as
    the longest code, reads all messages, and every call waits for that."""
    there = {index["name"] for index in inspect(connection).get_indexes("messages")}
    for index in store.messages.indexes:
        if index.name not in there:
            index.create(connection)


def _too_old(rows: int) -> Iterator[tuple[Table, dict[str, ColumnElement[Any]]]]:
    """Tables, and the columns of what is to go: of each call a turn, a look at it, and a card with what was noted."""
    call: ColumnElement[Any] = select(store.calls.c.id).limit(rows).subquery().c.id
    old, empty, robin = literal(_OLD, Moment), literal({}, JSON), literal("robin")
    talk = {"card_id": call, "call_id": call, "person_id": robin, "at": old}
    yield store.call_events, {"call_id": call, "number": literal(1), "at": old, "event": empty}
    seen = {"action": literal("message.seen"), "subject": literal("call"), "subject_id": call}
    yield store.audit_log, {"at": old, "detail": empty, **seen}
    card = {"id": call, "call_key": call, "call_id": call, "person_id": robin, "state": literal("gone"), "rang_at": old}
    yield store.cards, card
    yield store.notes, {"id": call, "text": literal("Ruft an"), **talk}
    yield store.dispositions, {"code": literal("sold"), "fields": empty, **talk}
