"""The database: SQLite embedded, PostgreSQL for production. Opens connections and transactions, and nothing else."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from socket import gaierror
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from router.traces import span

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}

Connection = AsyncConnection

_AWAY = (OperationalError, InterfaceError, PoolTimeout, ConnectionError, gaierror, TimeoutError)
_AWAY_CLASSES = ("08", "53", "57P")
"""PostgreSQL's connection exceptions, too few resources (too many connections among them), shutting down or starting
up; SQLAlchemy has no class of its own for them. See PostgreSQL, appendix A "Error Codes"."""

_LOOK_AGAIN = 0.02
"""Seconds until a connection to a new SQLite file looks again whether it may set it up."""


def is_away(error: BaseException) -> bool:
    """Whether the database cannot be reached, is full, or does not answer in time: the same may work later."""
    if isinstance(error, _AWAY):
        return True
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or str(getattr(error.orig, "sqlstate", None) or "").startswith(_AWAY_CLASSES)
    )


def new_id() -> str:
    """A random id: 32 hexadecimal digits."""
    return secrets.token_hex(16)


class Database:
    """A pool of connections to ``url``: ``sqlite:///path/to/file.db`` or ``postgresql://user@host/name``.

    PostgreSQL has ``busy_seconds`` for each statement, unless ``patient``: a migration of a large table takes long.
    Raises `ValueError` for a URL that is neither.
    """

    def __init__(self, url: str, *, busy_seconds: float = 5.0, pool_size: int = 10, patient: bool = False) -> None:
        self.url = url
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise ValueError("a database is given as sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME") from None
        backend = parsed.get_backend_name()
        if backend not in DRIVERS:
            raise ValueError(f"'{backend}' is not supported; use sqlite:///FILE or postgresql://…")
        self.is_sqlite = backend == "sqlite"
        self.on_use: Callable[[str, float, bool], None] | None = None
        """Told of each use (`read`, `write`), with its seconds and whether the database was away; for figures."""
        self._writer = asyncio.Lock()
        options: dict[str, Any] = {"hide_parameters": True} | (
            {"connect_args": {"timeout": busy_seconds}}
            if self.is_sqlite
            else {
                "pool_size": pool_size,
                "pool_timeout": busy_seconds,
                "pool_pre_ping": True,
                "connect_args": {"timeout": busy_seconds, "command_timeout": None if patient else busy_seconds},
            }
        )
        self.engine: AsyncEngine = create_async_engine(parsed.set(drivername=DRIVERS[backend]), **options)
        if self.is_sqlite:
            _set_up_sqlite(self.engine, busy_seconds)

    @asynccontextmanager
    async def begin(self, *, lasting: bool = True) -> AsyncIterator[Connection]:
        """A transaction that writes: committed at the end, rolled back when anything is raised.

        One that is not ``lasting`` survives the end of the process, but not that of the machine: for what is over then
        in any case, such as a phone that rings. On SQLite it does not wait for the disk.
        """
        if not self.is_sqlite:
            with self._used("write"):
                async with self.engine.begin() as connection:
                    yield connection
            return
        # SQLite has one writer at a time, and who waits for it in the database looks again only now and then. Waiting
        # here is fair and wakes at once; the database's own waiting is left for other processes.
        with self._used("write"):
            async with self._writer, self.engine.begin() as connection:
                await _wait_for_the_disk(connection, lasting)
                # Take the write lock now: a read lock that grows later would fail under contention instead of waiting.
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection to read with."""
        with self._used("read"):
            async with self.engine.connect() as connection:
                yield connection

    @contextmanager
    def _used(self, use: str) -> Iterator[None]:
        begun, away = time.perf_counter(), False
        try:
            with span(f"database {use}"):
                yield
        except BaseException as error:
            away = is_away(error)
            raise
        finally:
            if self.on_use is not None:
                self.on_use(use, time.perf_counter() - begun, away)

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections of the pool are used, and how many wait to be."""
        pool = self.engine.pool
        return (pool.checkedout(), pool.checkedin()) if isinstance(pool, QueuePool) else (0, 0)

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


async def _wait_for_the_disk(connection: Connection, wait: bool) -> None:
    """Whether a commit returns only when it is on the disk (https://sqlite.org/pragma.html#pragma_synchronous)."""
    known = connection.sync_connection.connection.info if connection.sync_connection else {}
    if known.get("waits", True) != wait:
        await connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if wait else 'NORMAL'}")
        known["waits"] = wait


def _set_up_sqlite(engine: AsyncEngine, busy_seconds: float) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.run_async(lambda driver: _write_ahead(driver, busy_seconds))
        cursor = connection.cursor()
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


async def _write_ahead(driver: aiosqlite.Connection, busy_seconds: float) -> None:
    """Keep a write-ahead log. Several who make a new file at the same moment may each wait for the other to let go, or
    be refused at once (https://sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY In WAL Mode"): so none waits
    in SQLite, and whoever is refused tries again."""
    until = time.monotonic() + busy_seconds
    await _pragma(driver, "busy_timeout=0")
    while True:
        try:
            await _pragma(driver, "journal_mode=WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() >= until:
                raise
            await asyncio.sleep(_LOOK_AGAIN)
    await _pragma(driver, f"busy_timeout={int(busy_seconds * 1000)}")


async def _pragma(driver: aiosqlite.Connection, pragma: str) -> None:
    async with driver.execute(f"PRAGMA {pragma}"):
        pass
