"""PostgreSQL: connections of a pool, each used outside a transaction, or in one that is begun and ended here.

What only reads asks each statement by itself, as each of them sees what is committed in any case (read committed): a
round trip for each statement and none besides. A connection is not asked whether it lives before it is used: one whose
server has closed it is not handed out, one that fails is thrown away, and where nothing answers the watch says so
(`router.store.watch`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import URL, CursorResult, Dialect, event
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from router import traces
from router.store.connection import Parameters

_Result = TypeVar("_Result")

ROLLBACK_SECONDS: Final = 1.0
"""For a transaction to be taken back; a connection that needs longer is thrown away, which does the same."""
_NOT_TALKING: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""A connection that is gone; the second where the server has just said so, and has not closed it yet."""
_FAILURES: Final = (asyncpg.PostgresError, *_NOT_TALKING)
_IN_DOUBT: Final = (InterfaceError, OSError, TimeoutError, asyncio.CancelledError)
"""After these nobody knows what the server makes of the connection."""


class PostgresqlConnection:
    """A connection of the pool for one use, as `router.store.connection` has it; afterwards it refuses to be used."""

    __slots__ = ("_connection", "_driver", "_ended")

    def __init__(self, connection: AsyncConnection) -> None:
        assert connection.sync_connection is not None  # noqa: S101 - it has begun
        self._connection = connection
        self._driver: Any = connection.sync_connection.connection.driver_connection
        self._ended = False

    @property
    def dialect(self) -> Dialect:
        """PostgreSQL's."""
        return self._connection.dialect

    @property
    def sync_connection(self) -> SyncConnection | None:
        """What is behind it."""
        return self._connection.sync_connection

    async def execute(self, statement: Any, parameters: Parameters = None) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement."""
        return await self._connection.execute(statement, parameters)  # type: ignore[no-any-return, unused-ignore]

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement as the driver takes it."""
        return await self._connection.exec_driver_sql(statement, parameters)

    async def run_sync(self, fn: Callable[[SyncConnection], _Result]) -> _Result:
        """Run what knows synchronous connections only."""
        return await self._connection.run_sync(fn)

    async def fetch(self, statement: str, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows of a statement, past SQLAlchemy. The driver keeps what it has prepared."""
        with traces.statement(statement, "postgresql"):
            try:
                rows: Sequence[Sequence[Any]] = await self._open.fetch(statement, *parameters)
            except _FAILURES as error:
                raise _raised(statement, error) from error
        return rows

    async def change(self, statement: str, parameters: Sequence[Any]) -> int:
        """How many rows it has changed."""
        with traces.statement(statement, "postgresql"):
            return _changed(await self.command(statement, *parameters))

    async def command(self, statement: str, *parameters: Any) -> str:
        """What PostgreSQL says of a statement that has no rows, such as ``UPDATE 1``."""
        try:
            status: str = await self._open.execute(statement, *parameters)
        except _FAILURES as error:
            raise _raised(statement, error) from error
        return status

    def end(self) -> None:
        """The use is over."""
        self._ended = True

    @property
    def _open(self) -> Any:
        if self._ended:
            raise RuntimeError("a connection is used after its transaction")
        return self._driver

    async def roll_back(self) -> None:
        """Take back what was begun; where that cannot be said, the connection goes, and with it the transaction."""
        try:
            async with asyncio.timeout(ROLLBACK_SECONDS):
                await self._driver.execute("ROLLBACK")
        except BaseException as error:
            await self.throw_away()
            if isinstance(error, asyncio.CancelledError):
                raise

    async def throw_away(self) -> None:
        """Nobody uses the connection any more, and the pool makes another."""
        self._driver.terminate()
        await self._connection.invalidate()


class Postgresql:
    """The connections of one process to ``url``; see `router.store.database.Database`."""

    def __init__(self, url: URL, busy_seconds: float, pool_size: int, patient: bool) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url,
            hide_parameters=True,
            pool_size=pool_size,
            pool_timeout=busy_seconds,
            isolation_level="AUTOCOMMIT",  # we say BEGIN ourselves
            connect_args={"timeout": busy_seconds, "command_timeout": None if patient else busy_seconds},
        )
        event.listen(self.engine.sync_engine, "checkout", _still_open)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[PostgresqlConnection]:
        """To read with; each statement sees what has been committed until then."""
        async with self.engine.connect() as opened:
            connection = PostgresqlConnection(opened)
            try:
                yield connection
            except _IN_DOUBT:
                await connection.throw_away()
                raise
            finally:
                connection.end()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresqlConnection]:
        """A transaction: when this returns what was written is committed."""
        async with self.engine.connect() as opened:
            connection = PostgresqlConnection(opened)
            try:
                await connection.command("BEGIN")
                yield connection
                await self._commit(connection)
            except BaseException:
                await connection.roll_back()
                raise
            finally:
                connection.end()

    async def _commit(self, connection: PostgresqlConnection) -> None:
        # Where a statement has failed, and whoever asked went on, PostgreSQL takes all of it back without an error.
        if await connection.command("COMMIT") != "COMMIT":
            raise DBAPIError("COMMIT", None, RuntimeError("the transaction was taken back"), hide_parameters=True)


def _still_open(connection: Any, _record: Any, _proxy: Any) -> None:
    """Whether the server has not closed it, as far as is known here: no question is sent."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _changed(status: str) -> int:
    count = status.rpartition(" ")[2]
    return int(count) if count.isdecimal() else 0


def _raised(statement: str, error: Exception) -> DBAPIError:
    """What SQLAlchemy raises of an error of the driver's, as far as anybody tells them apart; parameters are not in
    it."""
    if isinstance(error, _NOT_TALKING):
        kind: type[DBAPIError] = InterfaceError
    elif isinstance(error, asyncpg.IntegrityConstraintViolationError):
        kind = IntegrityError
    else:
        kind = DBAPIError
    return kind(statement, None, error, hide_parameters=True)
