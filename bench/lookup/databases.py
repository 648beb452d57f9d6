"""Makes the databases: rows first, indexes after, as fast as each goes. What was made is kept and used again."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Column, Dialect, Index, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from bench.lookup.rows import neighbour_pairs, statements
from router.store.tables import metadata

FORMAT = 2
"""Counts up when the rows or the tables change, so that what was kept is made anew."""
TABLES = (
    "customers",
    "customer_phones",
    "messages",
    "reference_neighbours",
    "calls",
    "match_outcomes",
    "number_leases",
)
"""What a decision reads."""
_UNUSED = {"ix_messages_code_digits_code_expires_at", "ix_calls_state_updated_at", "ix_calls_started_at"}
"""Indexes that neither a decision nor this benchmark uses."""


async def sqlite_file(folder: Path, size: int, seed: int) -> Path:
    """The SQLite database with ``size`` messages."""
    file = folder / f"{size}-{_key(seed)}.db"
    if not file.exists():
        begun = time.monotonic()
        await asyncio.to_thread(_make_sqlite, file, size, seed)
        print(
            f"made SQLite with {size:,} messages: {_gigabytes(file.stat().st_size)}, {time.monotonic() - begun:.0f} s"
        )
    return file


async def postgresql_name(socket: Path, size: int, seed: int) -> str:
    """The database with ``size`` messages on the server at ``socket``."""
    name = f"bench_{size}_{_key(seed).replace('-', '_')}"
    server = await asyncpg.connect(host=str(socket), user="postgres", database="postgres")
    if not await server.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name):
        begun = time.monotonic()
        await server.execute(f"DROP DATABASE IF EXISTS {name}_unfinished")
        await server.execute(f"CREATE DATABASE {name}_unfinished")
        await _fill_postgresql(socket, f"{name}_unfinished", size, seed)
        await server.execute(f"ALTER DATABASE {name}_unfinished RENAME TO {name}")
        taken = await server.fetchval("SELECT pg_database_size($1)", name)
        print(
            f"made PostgreSQL with {size:,} messages: {_gigabytes(taken)}, {time.monotonic() - begun:.0f} s", flush=True
        )
    await server.close()
    return name


def _key(seed: int) -> str:
    return f"{seed}-{FORMAT}"


def _make_sqlite(file: Path, size: int, seed: int) -> None:
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    connection = sqlite3.connect(unfinished, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000", "temp_store=FILE", "threads=2"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    before, after = _schema(sqlite.dialect())
    for statement in (*before, *statements("sqlite", size, seed)):
        connection.execute(statement)
    # Nothing can be made afterwards of a table without rowids, so its rows come in order.
    connection.executemany("INSERT INTO reference_neighbours VALUES (?, ?)", _pairs_in_order(size))
    for statement in after:
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.close()
    unfinished.rename(file)


async def _fill_postgresql(socket: Path, name: str, size: int, seed: int) -> None:
    connection = await asyncpg.connect(host=str(socket), user="postgres", database=name)
    before, after = _schema(postgresql.dialect())  # type: ignore[no-untyped-call]
    for statement in (*before, *statements("postgresql", size, seed)):
        await connection.execute(statement, timeout=3600)
    pairs = await asyncio.to_thread(_pairs_in_order, size)
    await connection.copy_records_to_table("reference_neighbours", records=pairs, timeout=3600)
    for statement in after:
        await connection.execute(statement, timeout=3600)
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    await connection.execute("CHECKPOINT", timeout=3600)
    await connection.close()


def _pairs_in_order(size: int) -> list[tuple[int, str]]:
    """The rows of `reference_neighbours`; made once for both databases."""
    with _making_pairs:
        return _pairs(size)


@lru_cache(maxsize=1)
def _pairs(size: int) -> list[tuple[int, str]]:
    return sorted(neighbour_pairs(size))


_making_pairs = threading.Lock()


def _schema(dialect: Dialect) -> tuple[list[str], list[str]]:
    """The statements that make the tables of the store without keys and indexes, and those that make these."""
    before, after = [], []
    for name in TABLES:
        table = metadata.tables[name]
        if dialect.name == "sqlite" and not table.dialect_options["sqlite"]["with_rowid"]:
            before.append(str(CreateTable(table).compile(dialect=dialect)))
            continue
        columns = [Column(column.name, column.type, nullable=column.nullable) for column in table.columns]
        before.append(str(CreateTable(Table(name, MetaData(), *columns)).compile(dialect=dialect)))
        indexes = [index for index in (*_keys(table), *table.indexes) if index.name not in _UNUSED]
        after += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    return before, after


def _keys(table: Table) -> Iterator[Index]:
    copy = table.to_metadata(MetaData())  # an index belongs to its table from then on
    for constraint in list(copy.constraints):
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
            columns = list(constraint.columns)
            yield Index(f"key_{table.name}_{'_'.join(column.name for column in columns)}", *columns, unique=True)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
