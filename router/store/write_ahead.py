"""SQLite's write-ahead log, brought to its place in the database beside the writers instead of within their commits.

By itself SQLite does that within whichever commit makes the log longer than 1,000 pages, and that one waits until all
of it is on the disk. Mostly those are milliseconds; but while somebody reads one state of the database for long, as a
backup does, nothing can be brought to its place that is newer, and all that was written meanwhile falls to one commit
afterwards. See https://sqlite.org/wal.html, "Checkpointing".
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from router.store.sqlite_connections import to_its_end

log = structlog.get_logger(__name__)

PRAGMAS: Final = ("wal_autocheckpoint=0", f"journal_size_limit={16 * 2**20}")
"""Of each connection that writes: no commit does it by itself, and a log that was longer is cut to this many bytes."""
LONG: Final = 256 * 2**20
"""Bytes that the log has only while somebody reads one state of the database for long, or the disk is far behind."""
_OFTEN: Final = 200
"""Rows written after which it is time: some thousand pages at most."""
_FEW: Final = 1_000
"""Pages that are brought to their place while writers wait."""
_ROUNDS: Final = 10


class WriteAheadLog:
    """The log of the SQLite file that ``engine`` opens. ``turn``: in it nobody else of this process writes."""

    def __init__(self, engine: Engine, turn: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._engine = engine
        self._turn = turn
        self._file = str(engine.url.database)
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._connection: Connection | None = None
        self._rows = 0
        self._working: asyncio.Task[None] | None = None
        self._failing = self._long = False

    def grows(self, rows: int) -> None:
        """So many rows have been committed."""
        self._rows += rows
        if self._rows >= _OFTEN and self._working is None:
            self._rows = 0
            self._working = asyncio.get_running_loop().create_task(self._shorten())

    async def close(self) -> None:
        """Bring the rest to its place, so that little is left for whoever closes the file last."""
        while self._working is not None:
            await asyncio.wait({self._working})
        if self._connection is not None:
            with suppress(DBAPIError, sqlite3.Error):
                await self._bring()
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        self._thread.shutdown(wait=False)

    async def _shorten(self) -> None:
        """Bring what is there to its place, and while nobody writes the few pages that came meanwhile: from then on the
        log is written from its beginning again. What somebody still reads has to wait, and so has the log."""
        try:
            before = 0
            for _ in range(_ROUNDS):
                pages, brought = await self._bring()
                self._look_at(size(self._file))
                if brought < pages:
                    return
                if brought - before <= _FEW:
                    break
                before = brought
            async with self._turn():
                await self._bring()
            self._failing = False
        except (DBAPIError, sqlite3.Error) as error:  # the disk is full, or gone; what was committed is in the log
            if not self._failing:
                log.warning("the write-ahead log cannot be brought into the database", error=type(error).__name__)
            self._failing = True
        finally:
            self._working = None

    def _look_at(self, taken: int) -> None:
        """Say once when the log is very long, until it is not any more."""
        if taken > LONG and not self._long:
            log.warning("the write-ahead log is very long: somebody reads for long, or the disk is slow", bytes=taken)
        self._long = taken > LONG

    async def _bring(self) -> tuple[int, int]:
        """Bring all to its place that nobody reads an older state of. How many pages the log has, and how many of them
        are there now; both 0 where another process is at it."""
        return await to_its_end(asyncio.get_running_loop().run_in_executor(self._thread, self._checkpoint))

    def _checkpoint(self) -> tuple[int, int]:
        if self._connection is None:
            self._connection = self._engine.connect()
        driver = self._connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - it has just been opened
        _, pages, brought = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return max(0, pages), max(0, brought)


def size(database: str) -> int:
    """Bytes that the log of this database file takes."""
    try:
        return Path(f"{database}-wal").stat().st_size
    except OSError:
        return 0
