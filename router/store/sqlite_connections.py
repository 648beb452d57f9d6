"""Connections to SQLite: one that runs its statements at once, where it is, and one that runs them in a thread.

Nothing in the event loop's thread waits within SQLite, where it would stop every call: who is refused because another
process writes looks again later.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.exc import DBAPIError, OperationalError

from router import traces
from router.store.connection import Parameters

_Result = TypeVar("_Result")

LOOK_AGAIN: Final = 0.01
"""Seconds until somebody who was refused because of another process looks again."""
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class _Cursor(sqlite3.Cursor):
    """Reads all rows at once: no statement is left open while others write."""

    _rows: deque[Any]

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        super().execute(sql, parameters)
        self._rows = deque(super().fetchall() if self.description is not None else ())
        return self

    def fetchall(self) -> list[Any]:
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        return [self._rows.popleft() for _ in range(min(size or 1, len(self._rows)))]


class Driver(sqlite3.Connection):
    """A connection whose cursors have all their rows at once."""

    def cursor(self, factory: Any = None) -> Any:
        """A cursor."""
        return super().cursor(factory or _Cursor)


class EmbeddedConnection:
    """One reading or one turn of writing; afterwards it refuses to be used. See `router.store.connection`."""

    __slots__ = ("_connection", "_patience")

    def __init__(self, connection: Connection, patience: float) -> None:
        self._connection: Connection | None = connection
        self._patience = patience

    @property
    def dialect(self) -> Dialect:
        """SQLite's."""
        return self._open.dialect

    @property
    def sync_connection(self) -> Connection | None:
        """What is behind it."""
        return self._connection

    async def execute(self, statement: Any, parameters: Parameters = None) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement."""
        try:
            return self._open.execute(statement, parameters)  # type: ignore[no-any-return, unused-ignore]
        except OperationalError as error:
            if not is_busy(error.orig):
                raise
        return await self._later(lambda: self._open.execute(statement, parameters))

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement as the driver takes it."""
        return self._open.exec_driver_sql(statement, parameters)

    async def run_sync(self, fn: Callable[[Connection], _Result]) -> _Result:
        """Run what knows synchronous connections only."""
        return fn(self._open)

    async def fetch(self, statement: str, parameters: Sequence[Any]) -> list[Any]:
        """The rows of a statement, past SQLAlchemy."""
        return (await self._run(statement, parameters)).fetchall()  # type: ignore[no-any-return]

    async def change(self, statement: str, parameters: Sequence[Any]) -> int:
        """How many rows it has changed."""
        return (await self._run(statement, parameters)).rowcount  # type: ignore[no-any-return]

    async def _run(self, statement: str, parameters: Sequence[Any]) -> Any:
        """The driver's cursor. Raises what SQLAlchemy would."""
        with traces.statement(statement, "sqlite"):
            try:
                return await self._at_once_or_later(statement, parameters)
            except sqlite3.Error as error:
                raise raised(statement, error) from error

    async def _at_once_or_later(self, statement: str, parameters: Sequence[Any]) -> Any:
        driver = self._driver
        try:
            return driver.execute(statement, parameters)
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
        return await self._later(lambda: driver.execute(statement, parameters))

    def end(self) -> None:
        """The turn is over."""
        self._connection = None

    @property
    def _open(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("a connection is used after its transaction")
        return self._connection

    @property
    def _driver(self) -> sqlite3.Connection:
        driver = self._open.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - no other is opened here
        return driver

    async def _later(self, work: Callable[[], _Result]) -> _Result:
        """Another process keeps everybody out for a moment, as when it is the first or the last there."""
        until = time.monotonic() + self._patience
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            try:
                return work()
            except (OperationalError, sqlite3.OperationalError) as error:
                if time.monotonic() >= until or not is_busy(getattr(error, "orig", error)):
                    raise


class AsideConnection(EmbeddedConnection):
    """The same by way of a thread, one statement at a time."""

    __slots__ = ("_threads",)

    def __init__(self, connection: Connection, patience: float, threads: ThreadPoolExecutor) -> None:
        super().__init__(connection, patience)
        self._threads = threads

    async def execute(self, statement: Any, parameters: Parameters = None) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement."""
        return await self._aside(partial(self._open.execute, statement, parameters))

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement as the driver takes it."""
        return await self._aside(partial(self._open.exec_driver_sql, statement, parameters))

    async def run_sync(self, fn: Callable[[Connection], _Result]) -> _Result:
        """Run what knows synchronous connections only."""
        return await self._aside(partial(fn, self._open))

    async def _at_once_or_later(self, statement: str, parameters: Sequence[Any]) -> Any:
        return await self._aside(lambda: self._driver.execute(statement, parameters))

    @property
    def changes(self) -> int:
        """Rows changed through this connection since it was opened."""
        return self._driver.total_changes

    async def commit(self) -> None:
        """Keep what was written. Raises `OperationalError`."""
        try:
            await self._aside(self._driver.commit, interrupted=False)
        except sqlite3.Error as error:
            raise OperationalError("COMMIT", None, error, hide_parameters=True) from error

    async def roll_back(self) -> None:
        """Take it back."""
        with suppress(sqlite3.Error):
            await self._aside(self._driver.rollback, interrupted=False)

    async def _aside(self, work: Callable[[], _Result], *, interrupted: bool = True) -> _Result:
        doing = asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)
        return await (to_its_end(doing, self._driver.interrupt) if interrupted else to_its_end(doing))


async def to_its_end(doing: asyncio.Future[_Result], interrupt: Callable[[], None] = lambda: None) -> _Result:
    """What is done in a thread. Whoever is cancelled meanwhile has it interrupted, and waits for its end all the same:
    a connection at which a thread is still at work must not be anybody else's."""
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        interrupt()
        while not doing.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({doing})
        doing.exception()  # what came of it is nobody's business any more
        raise


def raised(statement: str, error: sqlite3.Error) -> Exception:
    """What SQLAlchemy raises of an error of the driver's; parameters are not in it."""
    return DBAPIError.instance(statement, None, error, sqlite3.Error, hide_parameters=True)


def is_busy(error: BaseException | None) -> bool:
    """Whether another process keeps us out for now (https://sqlite.org/rescode.html#busy)."""
    return isinstance(error, sqlite3.OperationalError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY
