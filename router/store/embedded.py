"""SQLite in the event loop's own thread, for statements that are shorter than the way to another thread.

Nothing here waits within SQLite, where it would stop every call: who is refused because another process writes looks
again later, and commits, which wait for the disk, are made in a thread. What they have written is brought to its place
in the file by another one (`router.store.write_ahead`).

Writers take turns. Who comes while others are at it joins their transaction, as a savepoint of it, so that one writer's
failure takes nothing from the others; then all are committed, and told so, together. On a disk that needs 7 ms for a
commit that is the difference between 140 writers a second and thousands.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, NullPool, Pool, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from router.store.sqlite_connections import (
    LOOK_AGAIN,
    AsideConnection,
    Driver,
    EmbeddedConnection,
    is_busy,
    to_its_end,
)
from router.store.write_ahead import PRAGMAS, WriteAheadLog, size

_TOGETHER_SECONDS: Final = 0.005
"""A transaction that has been open for so long is joined by nobody else: those in it wait for their commit."""
_TOGETHER_MOST: Final = 100
"""Writers in one transaction."""
_KEPT_PREPARED: Final = 512
_ASIDE: Final = 4
"""Connections for long work, and threads for them."""


@dataclass(slots=True)
class _Waiting:
    """Somebody who wants a turn; ``alone``: with a transaction of their own, on another connection."""

    turn: asyncio.Future[None]
    lasting: bool
    alone: bool


@dataclass(slots=True)
class _Together:
    """A transaction of several writers: those who have written wait to be ``told`` of its commit."""

    lasting: bool
    begun: float
    changes: int
    writers: int = 0
    told: list[asyncio.Future[None]] = field(default_factory=list)


class Embedded:
    """The connections of one process to the SQLite file of ``url``. ``patience``: seconds that somebody waits for
    another process; its end raises `OperationalError`."""

    def __init__(self, url: URL, patience: float) -> None:
        self._patience = patience
        self._engine = self._engine_for(url, 0, NullPool)
        self._aside_engine = self._engine_for(url, patience, QueuePool)
        self._disk = ThreadPoolExecutor(1, "commits")
        self._threads = ThreadPoolExecutor(_ASIDE, "statements")
        self._asides = asyncio.Semaphore(_ASIDE)
        self._reader: Connection | None = None
        self._writer: Connection | None = None
        self._lasting = True
        self._opening = asyncio.Lock()
        self._queue: deque[_Waiting] = deque()
        self._taken = False
        self._together: _Together | None = None
        self._committing: set[asyncio.Task[None]] = set()
        self._log = WriteAheadLog(self._engine, self._alone)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[EmbeddedConnection]:
        """To read with; each statement sees what has been committed until then."""
        connection = EmbeddedConnection(self._reader or await self._opened_reader(), self._patience)
        try:
            yield connection
        finally:
            connection.end()

    @asynccontextmanager
    async def begin(self, lasting: bool) -> AsyncIterator[EmbeddedConnection]:
        """A turn to write; it returns when what was written is committed."""
        await self._turn(lasting=lasting)
        try:
            writer = self._writer or await self._opened_writer()
            together = self._together or await self._begun(writer, lasting)
        except BaseException:
            self._pass_on()
            raise
        driver: Any = writer.connection.driver_connection
        connection, first = EmbeddedConnection(writer, self._patience), not together.writers
        try:
            if not first:
                driver.execute("SAVEPOINT turn")
            yield connection
            if not driver.in_transaction:  # the disk is full, or gone: SQLite has taken all of it back
                raise OperationalError("COMMIT", None, sqlite3.OperationalError("the transaction was taken back"))
            if not first:
                driver.execute("RELEASE turn")
        except BaseException as error:
            connection.end()
            self._taken_back(driver, together, first, error)
            self._pass_on()
            raise
        connection.end()
        together.writers += 1
        told = asyncio.get_running_loop().create_future()
        together.told.append(told)
        self._pass_on()
        await told

    @asynccontextmanager
    async def read_aside(self) -> AsyncIterator[EmbeddedConnection]:
        """To read with, by way of a thread."""
        async with self._aside() as connection:
            yield connection

    @asynccontextmanager
    async def begin_aside(self, lasting: bool) -> AsyncIterator[EmbeddedConnection]:
        """A turn to write by way of a thread, alone."""
        async with self._alone(), self._aside() as connection:
            await connection.exec_driver_sql(_synchronous(lasting))
            before = connection.changes
            try:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                await connection.commit()
            except BaseException:
                await connection.roll_back()
                raise
            self._log.grows(connection.changes - before)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """A turn in which the writer's connection rests."""
        await self._turn(alone=True)
        try:
            yield
        finally:
            self._pass_on()

    @asynccontextmanager
    async def _aside(self) -> AsyncIterator[AsideConnection]:
        async with self._asides:
            opening = asyncio.get_running_loop().run_in_executor(self._threads, self._aside_engine.connect)
            try:
                opened = await to_its_end(opening)
            except asyncio.CancelledError:
                if opening.exception() is None:
                    opening.result().close()
                raise
            connection = AsideConnection(opened, self._patience, self._threads)
            try:
                yield connection
            finally:
                connection.end()
                opened.close()

    async def close(self) -> None:
        """Close all connections, after what is being committed."""
        await asyncio.sleep(0)  # what was written a moment ago is about to be committed, see `_pass_on`
        if self._committing:
            await asyncio.wait(self._committing)
        await self._log.close()
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.invalidate()
                connection.close()
        self._reader = self._writer = None
        for engine in self.engines:
            engine.dispose()
        for threads in (self._disk, self._threads):
            threads.shutdown(wait=False)

    # -- turns

    async def _turn(self, *, lasting: bool = True, alone: bool = False) -> None:
        """Wait for one's turn, in the order in which one came."""
        if not self._taken:
            self._taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(turn, lasting, alone))
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on(self, *, waited: bool = False) -> None:
        """Give the turn to the next; where they do not join what is open, or nobody comes, commit that before.

        Who is about to come, since what they wait for has happened already, is waited for: a commit costs more than
        what is written.
        """
        while self._queue and self._queue[0].turn.done():
            self._queue.popleft()
        following = self._queue[0] if self._queue else None
        if self._together is not None and following is None and not waited:
            asyncio.get_running_loop().call_soon(partial(self._pass_on, waited=True))
        elif self._together is not None and not _joins(following, self._together):
            self._end(self._together)
        elif following is not None:
            self._queue.popleft().turn.set_result(None)
        else:
            self._taken = False

    # -- transactions

    async def _begun(self, writer: Connection, lasting: bool) -> _Together:
        """Take the write lock now: a read lock that grows later would fail under contention instead of waiting."""
        driver: Any = writer.connection.driver_connection
        if lasting != self._lasting:
            driver.execute(_synchronous(lasting))
            self._lasting = lasting
        until = time.monotonic() + self._patience
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if time.monotonic() >= until or not is_busy(error):
                    raise OperationalError("BEGIN IMMEDIATE", None, error, hide_parameters=True) from error
            await asyncio.sleep(LOOK_AGAIN)
        self._together = _Together(lasting, time.monotonic(), driver.total_changes)
        return self._together

    def _taken_back(self, driver: Any, together: _Together, first: bool, error: BaseException) -> None:
        """Undo what one writer did; where SQLite has undone all of it already, the others learn that, too."""
        with suppress(sqlite3.Error):
            if first:
                driver.rollback()
            elif driver.in_transaction:
                driver.execute("ROLLBACK TO turn")
                driver.execute("RELEASE turn")
        if not driver.in_transaction:
            self._together = None
            _tell(together, OperationalError("COMMIT", None, error))

    def _end(self, together: _Together) -> None:
        """Commit, tell those who have written, and give the turn to the next."""
        self._together = None
        task = asyncio.get_running_loop().create_task(self._commit(together))
        self._committing.add(task)
        task.add_done_callback(self._committing.discard)

    async def _commit(self, together: _Together) -> None:
        assert self._writer is not None  # noqa: S101 - it has written
        driver: Any = self._writer.connection.driver_connection
        failure: DBAPIError | None = None
        try:
            if driver.total_changes == together.changes:
                driver.commit()  # nothing has been written: there is no disk to wait for
            else:
                await to_its_end(asyncio.get_running_loop().run_in_executor(self._disk, driver.commit))
                self._log.grows(driver.total_changes - together.changes)
        except BaseException as error:  # whatever it is: nobody is told of a commit that perhaps was none
            failure = OperationalError("COMMIT", None, error, hide_parameters=True)
            with suppress(sqlite3.Error):
                driver.rollback()
            if not isinstance(error, Exception):
                raise
        finally:
            _tell(together, failure)
            self._pass_on()

    # -- connections

    @property
    def log_bytes(self) -> int:
        """What the write-ahead log takes on the disk."""
        return size(str(self._engine.url.database))

    @property
    def engines(self) -> tuple[Engine, ...]:
        """What all statements go through."""
        return self._engine, self._aside_engine

    def _engine_for(self, url: URL, timeout: float, pool: type[Pool]) -> Engine:
        options: dict[str, Any] = {
            "factory": Driver,
            "check_same_thread": False,  # one thread after the other, never two at the same time
            "cached_statements": _KEPT_PREPARED,
            "timeout": timeout,
        }
        sized = {"pool_size": _ASIDE} if pool is QueuePool else {}
        engine = create_engine(url, hide_parameters=True, poolclass=pool, connect_args=options, **sized)
        event.listen(engine, "connect", self._set_up)
        return engine

    async def _opened_reader(self) -> Connection:
        async with self._opening:
            if self._reader is None:
                self._reader = await asyncio.to_thread(self._engine.connect)
                self._reader.connection.driver_connection.execute("PRAGMA query_only=ON")  # type: ignore[union-attr]
            return self._reader

    async def _opened_writer(self) -> Connection:
        async with self._opening:
            if self._writer is None:
                self._writer = await asyncio.to_thread(self._engine.connect)
            return self._writer

    def _set_up(self, driver: sqlite3.Connection, _record: Any) -> None:
        """Keep a write-ahead log. Several who make a new file at the same moment may each wait for the other to let go,
        or be refused at once (https://sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY In WAL Mode"): so none
        waits in SQLite, and whoever is refused tries again. This runs in a thread."""
        driver.isolation_level = None  # we say BEGIN ourselves
        until = time.monotonic() + self._patience
        while True:
            try:
                driver.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError:
                if time.monotonic() >= until:
                    raise
                time.sleep(LOOK_AGAIN)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", *PRAGMAS):
            driver.execute(f"PRAGMA {pragma}")


def _synchronous(wait: bool) -> str:
    """Whether a commit returns only when it is on the disk (https://sqlite.org/pragma.html#pragma_synchronous)."""
    return f"PRAGMA synchronous={'FULL' if wait else 'NORMAL'}"


def _joins(following: _Waiting | None, together: _Together) -> bool:
    """Whether the next writer becomes part of what is open. Who has to last does not join what need not."""
    return (
        following is not None
        and not following.alone
        and (together.lasting or not following.lasting)
        and together.writers < _TOGETHER_MOST
        and time.monotonic() - together.begun < _TOGETHER_SECONDS
    )


def _tell(together: _Together, failure: DBAPIError | None) -> None:
    for told in together.told:
        if told.done():
            continue
        if failure is None:
            told.set_result(None)
        else:
            told.set_exception(failure)
