"""The database: SQLite embedded, PostgreSQL for production. Opens connections and transactions, and nothing else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from socket import gaierror
from types import TracebackType

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from router.store.connection import Connection as Connection
from router.store.embedded import Embedded
from router.store.postgresql import Postgresql
from router.traces import span

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}

Told = Callable[[str, float, bool], None]
"""Told of a use of the database (``read``, ``write``), with its seconds and whether the database was away."""

_AWAY = (OperationalError, InterfaceError, PoolTimeout, ConnectionError, gaierror, TimeoutError)
_AWAY_CLASSES = ("08", "53", "57P")
"""PostgreSQL's connection exceptions, too few resources (too many connections among them), shutting down or starting
up; SQLAlchemy has no class of its own for them. See PostgreSQL, appendix A "Error Codes"."""


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
        self.on_use: Told | None = None
        """Told of each use (`read`, `write`), with its seconds and whether the database was away; for figures."""
        parsed = parsed.set(drivername=DRIVERS[backend])
        self._embedded = Embedded(parsed, busy_seconds) if backend == "sqlite" else None
        self._server = None if backend == "sqlite" else Postgresql(parsed, busy_seconds, pool_size, patient)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is the embedded one."""
        return self._embedded is not None

    @property
    def engine(self) -> AsyncEngine:
        """PostgreSQL's; raises `RuntimeError` where it is not that."""
        if self._server is None:
            raise RuntimeError("SQLite has no engine of this kind")
        return self._server.engine

    @property
    def engines(self) -> tuple[Engine, ...]:
        """What all statements go through."""
        return (self.engine.sync_engine,) if self._embedded is None else self._embedded.engines

    def begin(self, *, lasting: bool = True, long: bool = False) -> AbstractAsyncContextManager[Connection]:
        """A transaction that writes: committed at the end, rolled back when anything is raised.

        One that is not ``lasting`` survives the end of the process, but not that of the machine: for what is over then
        in any case, such as a phone that rings. On SQLite it does not wait for the disk.

        ``long``: it may take more than a few milliseconds. On SQLite it then goes by way of a thread, so that calls
        and pages go on meanwhile; nobody else writes until it is over.
        """
        if self._embedded is None:
            assert self._server is not None  # noqa: S101 - it is one of the two
            return _Use(self._server.begin(), "write", self.on_use)
        return _Use((self._embedded.begin_aside if long else self._embedded.begin)(lasting), "write", self.on_use)

    def read(self, *, long: bool = False) -> AbstractAsyncContextManager[Connection]:
        """A connection to read with; ``long`` as for `begin`: what is read may be much."""
        if self._embedded is None:
            assert self._server is not None  # noqa: S101 - it is one of the two
            return _Use(self._server.read(), "read", self.on_use)
        return _Use((self._embedded.read_aside if long else self._embedded.read)(), "read", self.on_use)

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections of the pool are used, and how many wait to be."""
        pool = None if self._server is None else self._server.engine.pool
        return (pool.checkedout(), pool.checkedin()) if isinstance(pool, QueuePool) else (0, 0)

    @property
    def log_bytes(self) -> int | None:
        """What SQLite's write-ahead log takes on the disk; None with PostgreSQL."""
        return None if self._embedded is None else self._embedded.log_bytes

    async def close(self) -> None:
        """Close all connections."""
        if self._embedded is not None:
            await self._embedded.close()
        if self._server is not None:
            await self._server.engine.dispose()


class _Use:
    """One use of the database, from its beginning to its end; ``told`` of it afterwards."""

    __slots__ = ("_begun", "_span", "_told", "_use", "_within")

    def __init__(self, within: AbstractAsyncContextManager[Connection], use: str, told: Told | None) -> None:
        self._within = within
        self._use = use
        self._told = told

    async def __aenter__(self) -> Connection:
        self._begun = time.perf_counter()
        self._span = span(f"database {self._use}")
        self._span.__enter__()
        try:
            return await self._within.__aenter__()
        except BaseException as error:
            self._end(error)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        try:
            suppressed = await self._within.__aexit__(kind, error, traceback)
        except BaseException as raised:
            self._end(raised)
            raise
        self._end(error)
        return suppressed

    def _end(self, error: BaseException | None) -> None:
        self._span.__exit__(type(error) if error is not None else None, error, None)
        if self._told is not None:
            self._told(self._use, time.perf_counter() - self._begun, error is not None and is_away(error))
