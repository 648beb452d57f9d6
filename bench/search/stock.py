"""Makes the databases at the schema of this version, indexes and all. What was made is kept and used again."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import asyncpg as postgresql
from sqlalchemy.dialects.sqlite import aiosqlite as sqlite

from bench.search import rows
from router.store import migrate
from router.store.database import Database
from router.store.tables import metadata

_AT_ONCE = 50_000


@lru_cache(maxsize=1)
def _key(seed: int) -> str:
    """Differs when the rows or the schema do, as they were when this began."""
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    sources = [Path(rows.__file__), *sorted(versions.glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:8] + f"_{seed}"


async def sqlite_url(folder: Path, size: int, seed: int) -> str:
    """The address of the SQLite database with ``size`` customers."""
    file = folder / f"search_{size}_{_key(seed)}.db"
    if not file.exists():
        begun, unfinished = time.monotonic(), file.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        await _migrated(f"sqlite:///{unfinished}")
        _fill_sqlite(unfinished, size, seed)
        unfinished.rename(file)
        print(f"made SQLite with {size:,} customers in {time.monotonic() - begun:.0f} s", flush=True)
    return f"sqlite:///{file}"


async def postgresql_url(socket: Path, size: int, seed: int) -> str:
    """The address of the database with ``size`` customers on the server at ``socket``."""
    name = f"search_{size}_{_key(seed)}"
    server = await asyncpg.connect(host=str(socket), user="postgres", database="postgres")
    if not await server.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name):
        begun = time.monotonic()
        await server.execute(f"DROP DATABASE IF EXISTS {name}_unfinished")
        await server.execute(f"CREATE DATABASE {name}_unfinished")
        await _migrated(_address(socket, f"{name}_unfinished"))
        await _fill_postgresql(socket, f"{name}_unfinished", size, seed)
        await server.execute(f"ALTER DATABASE {name}_unfinished RENAME TO {name}")
        print(f"made PostgreSQL with {size:,} customers in {time.monotonic() - begun:.0f} s", flush=True)
    await server.close()
    return _address(socket, name)


def _address(socket: Path, name: str) -> str:
    return f"postgresql://postgres@/{name}?host={socket}"


async def _migrated(url: str) -> None:
    database = Database(url, patient=True)
    await migrate.upgrade(database)
    await database.close()


def _fill_sqlite(file: Path, size: int, seed: int) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    for table, columns, bites in _to_store(sqlite.dialect(), size, seed):
        places = ", ".join("?" * len(columns))
        for bite in bites:
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", bite)  # noqa: S608
    connection.execute("COMMIT")
    connection.close()


async def _fill_postgresql(socket: Path, name: str, size: int, seed: int) -> None:
    connection = await asyncpg.connect(host=str(socket), user="postgres", database=name)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table, columns, bites in _to_store(dialect, size, seed):
        for bite in bites:
            await connection.copy_records_to_table(table, records=bite, columns=columns, timeout=3600)
    await connection.execute("VACUUM ANALYZE", timeout=3600)  # what a server does by itself after a while
    await connection.close()


Bites = Iterable[list[tuple[Any, ...]]]


def _to_store(dialect: Dialect, size: int, seed: int) -> Iterator[tuple[str, list[str], Bites]]:
    """The tables with their columns and the values of each row, as the driver takes them."""
    for table, made in rows.tables(size, seed):
        first = next(made)
        yield table, list(first), _bites(dialect, table, list(first), itertools.chain([first], made))


def _bites(dialect: Dialect, table: str, columns: list[str], made: Iterator[rows.Row]) -> Bites:
    types = [metadata.tables[table].c[name].type.dialect_impl(dialect) for name in columns]
    makers = [each.bind_processor(dialect) for each in types]
    values = (
        tuple(
            value if value is None or make is None else make(value)
            for value, make in zip((row[name] for name in columns), makers, strict=True)
        )
        for row in made
    )
    return iter(lambda: list(itertools.islice(values, _AT_ONCE)), [])
