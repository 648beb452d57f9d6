"""SQLite's write-ahead log: no commit waits until it is brought to its place, it does not grow without end, and what is
only in it is not lost."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from router.store import write_ahead
from router.store.database import Database
from router.store.write_ahead import WriteAheadLog

pytestmark = pytest.mark.sqlite_only

MEGABYTE = 2**20


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/pages.db")
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE pages (number INTEGER PRIMARY KEY, page BLOB)"))
    yield database
    await database.close()


async def write(database: Database, *, long: bool = False) -> None:
    """A megabyte of rows, each a page of its own."""
    fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 256) "
    async with database.begin(long=long) as connection:
        await connection.execute(text(f"INSERT INTO pages (page) {fill} SELECT randomblob(3500) FROM n"))


def log_of(database: Database) -> Path:
    return Path(f"{database.url.removeprefix('sqlite:///')}-wal")


def beginnings(database: Database) -> int:
    """How often the log was written from its beginning again (https://sqlite.org/fileformat2.html#walformat)."""
    return int.from_bytes(log_of(database).read_bytes()[12:16], "big")


@pytest.mark.parametrize("long", [False, True])
async def test_however_much_is_written_the_log_begins_again(database: Database, long: bool) -> None:
    first = beginnings(database)
    async with asyncio.timeout(60):
        while beginnings(database) < first + 3:
            await write(database, long=long)
    assert log_of(database).stat().st_size < write_ahead.LONG


async def test_no_commit_waits_until_the_log_is_brought_to_its_place(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, bring = threading.Event(), threading.Event(), WriteAheadLog._checkpoint

    def slow(log: WriteAheadLog) -> tuple[int, int]:
        begun.set()
        assert may_end.wait(60)
        return bring(log)

    monkeypatch.setattr(WriteAheadLog, "_checkpoint", slow)
    async with asyncio.timeout(60):
        await write(database)
        assert await asyncio.to_thread(begun.wait, 60)
        for _ in range(3):
            await write(database)
        await write(database, long=True)
        may_end.set()
        await database.close()
    assert not log_of(database).exists()


async def test_who_reads_for_long_is_told_of_and_the_log_is_short_afterwards(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_ahead, "LONG", 18 * MEGABYTE)
    with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM pages").fetchone() == (0,)
        with capture_logs() as lines:
            for _ in range(24):
                await write(database)
            await ended(database)
        assert [line["event"][:36] for line in lines] == ["the write-ahead log is very long: so"]
        assert database.log_bytes is not None
        assert database.log_bytes > write_ahead.LONG
        assert reader.execute("SELECT count(*) FROM pages").fetchone() == (0,)
        reader.execute("COMMIT")
    async with asyncio.timeout(60):
        while database.log_bytes > 16 * MEGABYTE:
            await write(database)


async def ended(database: Database) -> None:
    """What is brought to its place now, is there."""
    assert database._embedded is not None
    while (working := database._embedded._log._working) is not None:
        await asyncio.wait({working})


async def test_a_log_that_cannot_be_brought_to_its_place_keeps_nobody_from_writing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = beginnings(database)

    def full(_: WriteAheadLog) -> tuple[int, int]:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch, capture_logs() as lines:
        patch.setattr(WriteAheadLog, "_checkpoint", full)
        for _ in range(3):
            await write(database)
            await ended(database)
    assert [line["event"] for line in lines] == ["the write-ahead log cannot be brought into the database"], "once"
    assert beginnings(database) == first
    async with asyncio.timeout(60):
        while beginnings(database) == first:
            await write(database)


async def test_the_file_is_whole_without_a_log_after_a_close(database: Database) -> None:
    for _ in range(3):
        await write(database)
    await database.close()
    file = Path(database.url.removeprefix("sqlite:///"))
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    with closing(sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)) as alone:
        assert alone.execute("SELECT count(*) FROM pages").fetchone() == (3 * 256,)


WRITER = """
import asyncio, sys
from router.store.database import Database
from router.store.write_ahead import WriteAheadLog
from tests.store.test_write_ahead import write

async def main():
    database = Database(sys.argv[1])
    while True:
        await write(database)
        print(flush=True)

if sys.argv[2] == "never":
    WriteAheadLog.grows = lambda log, rows: None
asyncio.run(main())
"""


def killed_after(megabytes: int, url: str, brought: str) -> None:
    """A process that writes, until so many megabytes of it are committed."""
    command = [sys.executable, "-c", WRITER, url, brought]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}) as writer:
        assert writer.stdout is not None
        for _ in range(megabytes):
            assert writer.stdout.readline() == b"\n"
        writer.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("brought", ["never", "always"])
async def test_what_was_committed_survives_a_kill_before_it_is_in_its_place(database: Database, brought: str) -> None:
    await database.close()
    seed = random.randrange(1000)
    print(f"seed {seed}")
    acknowledged = random.Random(seed).randrange(5, 20)
    await asyncio.to_thread(killed_after, acknowledged, database.url, brought)
    assert log_of(database).stat().st_size > MEGABYTE
    again = Database(database.url)
    async with again.read() as connection:
        found = (await connection.execute(text("SELECT count(*) FROM pages"))).scalar_one()
        assert (await connection.exec_driver_sql("PRAGMA integrity_check")).scalars().all() == ["ok"]
    await again.close()
    assert found >= acknowledged * 256
    assert found % 256 == 0, "all of a transaction, or nothing"
