"""SQLite in the event loop's thread: what several writers of one transaction owe each other, and other processes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from router.store.database import Connection, Database, is_away

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with one table of different words."""
    database = Database(f"sqlite:///{tmp_path}/words.db", busy_seconds=2)
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE words (word TEXT PRIMARY KEY)"))
    yield database
    await database.close()


async def say(connection: Connection, word: str) -> None:
    await connection.execute(text("INSERT INTO words VALUES (:word)"), {"word": word})


async def words(database: Database, *, long: bool = False) -> list[str]:
    async with database.read(long=long) as connection:
        return list((await connection.execute(text("SELECT word FROM words ORDER BY word"))).scalars())


async def write(database: Database, word: str, *, lasting: bool = True, long: bool = False) -> None:
    async with database.begin(lasting=lasting, long=long) as connection:
        await say(connection, word)


def commits(database: Database) -> list[int]:
    """How often was committed to the disk, as it goes on."""
    counted: list[int] = []
    embedded = database._embedded
    assert embedded is not None
    submit = embedded._disk.submit

    def counting(*arguments: object) -> object:
        counted.append(1)
        return submit(*arguments)  # type: ignore[arg-type]

    embedded._disk.submit = counting  # type: ignore[method-assign, assignment]
    return counted


@contextmanager
def elsewhere(database: Database) -> Iterator[sqlite3.Connection]:
    """Another process, as far as SQLite can tell."""
    with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        yield connection


async def test_who_writes_at_the_same_time_waits_for_the_disk_together(house: Database) -> None:
    counted = commits(house)
    await asyncio.gather(*(write(house, f"{number:02}") for number in range(40)))
    assert await words(house) == [f"{number:02}" for number in range(40)]
    assert len(counted) < 10, "one writer after the other would be forty"


async def test_who_is_about_to_write_is_waited_for(house: Database) -> None:
    """Two who were woken by the same look at the network, say."""
    counted = commits(house)
    await asyncio.gather(write(house, "first"), write(house, "second"))
    assert len(counted) == 1


async def test_what_was_written_a_moment_before_the_end_is_committed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/words.db")
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE words (word TEXT PRIMARY KEY)"))
    writing = asyncio.create_task(write(database, "last"))
    await asyncio.sleep(0)
    await database.close()
    await writing
    with elsewhere(database) as other:
        assert other.execute("SELECT word FROM words").fetchall() == [("last",)]


async def test_nobody_is_told_before_it_is_committed(house: Database) -> None:
    async def told(word: str) -> list[str]:
        await write(house, word)
        with elsewhere(house) as other:
            return [row[0] for row in other.execute("SELECT word FROM words")]

    seen = await asyncio.gather(*(told(f"{number}") for number in range(8)))
    assert all(str(number) in found for number, found in enumerate(seen))


@pytest.mark.parametrize("fails", range(5))
async def test_one_failure_takes_nothing_from_the_others(house: Database, fails: int) -> None:
    async def one(number: int) -> None:
        async with house.begin() as connection:
            await say(connection, f"{number}")
            if number == fails:
                raise LookupError

    ended = await asyncio.gather(*(one(number) for number in range(5)), return_exceptions=True)
    assert [type(each) for each in ended] == [LookupError if number == fails else type(None) for number in range(5)]
    assert await words(house) == [f"{number}" for number in range(5) if number != fails]


async def test_a_refused_statement_can_be_borne(house: Database) -> None:
    async def twice() -> None:
        async with house.begin() as connection:
            await say(connection, "same")
            with pytest.raises(DBAPIError):
                await say(connection, "same")
            await say(connection, "other")

    await asyncio.gather(write(house, "first"), twice(), write(house, "last"))
    assert await words(house) == ["first", "last", "other", "same"]


async def test_a_commit_that_fails_fails_for_all_of_them(house: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(house, "before")
    assert house._embedded is not None
    with elsewhere(house) as other:
        pages = other.execute("PRAGMA page_count").fetchone()[0]
    async with house.begin() as connection:
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")

    async def much(number: int) -> None:
        async with house.begin() as connection:
            await say(connection, f"{number}" * 3000)

    ended = await asyncio.gather(*(much(number) for number in range(8)), return_exceptions=True)
    failed = [each for each in ended if each is not None]
    assert failed
    assert all(isinstance(each, OperationalError) and is_away(each) for each in failed)
    kept = {word[0] for word in await words(house) if word != "before"}
    assert kept == {str(number) for number, each in enumerate(ended) if each is None}, "exactly what was acknowledged"


async def test_what_cannot_be_handed_to_the_disk_is_not_committed(house: Database) -> None:
    await write(house, "before")
    assert house._embedded is not None
    house._embedded._disk.shutdown()
    with pytest.raises(OperationalError):
        await write(house, "lost")
    assert await words(house) == ["before"]


async def test_who_gives_up_waiting_is_passed_over(house: Database) -> None:
    async with house.begin() as connection:
        await say(connection, "first")
        waiting = [asyncio.create_task(write(house, word)) for word in ("second", "third", "fourth")]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[2].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await words(house) == ["first", "third"]
    await write(house, "fifth")


async def test_who_is_cancelled_as_the_turn_comes_passes_it_on(house: Database) -> None:
    async def first() -> None:
        async with house.begin() as connection:
            await say(connection, "first")
            await asyncio.sleep(0)

    one = asyncio.create_task(first())
    await asyncio.sleep(0)
    others = [asyncio.create_task(write(house, word)) for word in ("second", "third")]
    while not one.done():
        await asyncio.sleep(0)
        others[0].cancel()
    await asyncio.gather(one, *others, return_exceptions=True)
    assert {"first", "third"} <= set(await words(house))


async def test_long_writers_take_their_turn_among_short_ones(house: Database) -> None:
    await asyncio.gather(*(write(house, f"{number:02}", long=number % 3 == 0) for number in range(12)))
    assert await words(house, long=True) == [f"{number:02}" for number in range(12)]


async def test_what_need_not_last_joins_what_has_to_but_not_the_other_way(house: Database) -> None:
    async def synchronous(lasting: bool) -> int:
        async with house.begin(lasting=lasting) as connection:
            await say(connection, f"{lasting}{id(asyncio.current_task())}")
            found: int = (await connection.execute(text("PRAGMA synchronous"))).scalar_one()
            return found

    found = await asyncio.gather(*(synchronous(lasting) for lasting in (False, True, True, False, True)))
    assert all(full == 2 for full, lasting in zip(found, (False, True, True, False, True), strict=True) if lasting)


async def test_another_process_that_writes_stops_nobody_else(house: Database) -> None:
    with elsewhere(house) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(write(house, "later"))
        for _ in range(5):  # the loop goes on, and whoever reads does
            await asyncio.sleep(0.005)
            assert await words(house) == []
        assert not waiting.done()
        other.execute("COMMIT")
        await waiting
    assert await words(house) == ["later"]


async def test_another_process_is_not_waited_for_for_ever(tmp_path: Path, house: Database) -> None:
    impatient = Database(house.url, busy_seconds=0.05)
    try:
        with elsewhere(house) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(OperationalError) as raised:
                await write(impatient, "never")
            assert is_away(raised.value)
            other.execute("ROLLBACK")
        await write(impatient, "now")
    finally:
        await impatient.close()
    assert await words(house) == ["now"]


async def test_a_connection_is_of_no_use_after_its_transaction(house: Database) -> None:
    async with house.begin() as connection:
        await say(connection, "in time")
    with pytest.raises(RuntimeError):
        await say(connection, "too late")


async def test_rows_stay_while_others_write(house: Database) -> None:
    await asyncio.gather(*(write(house, f"{number}") for number in range(3)))
    async with house.read() as connection:
        found = await connection.execute(text("SELECT word FROM words ORDER BY word"))
        await write(house, "9")
        assert list(found.scalars()) == ["0", "1", "2"]


async def test_reading_does_not_write(house: Database) -> None:
    async with house.read() as connection:
        with pytest.raises(OperationalError):
            await say(connection, "no")


@pytest.mark.parametrize("long", [False, True])
async def test_nobody_is_kept_out_by_who_was_cancelled(house: Database, long: bool) -> None:
    async def slowly(number: int) -> None:
        async with house.begin(long=long) as connection:
            await say(connection, f"{number:02}")
            await connection.execute(text("SELECT count(*) FROM words, words AS w, words AS v"))

    for number in range(40):
        doing = asyncio.create_task(slowly(number))
        for _ in range(number % 8):
            await asyncio.sleep(0)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
        async with asyncio.timeout(60):
            await write(house, f"w{number:02}", long=number % 2 == 0)
    found = await words(house)
    assert [word for word in found if word.startswith("w")] == [f"w{number:02}" for number in range(40)]


async def test_long_work_does_not_keep_the_loop_waiting(house: Database) -> None:
    async def counted() -> int:
        async with house.read(long=True) as connection:
            endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            found: int = (await connection.execute(text(endless))).scalar_one()
            return found

    counting = asyncio.create_task(counted())
    for number in range(5):
        await write(house, f"{number}")
    assert not counting.done()
    counting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await counting
    assert await words(house, long=True) == ["0", "1", "2", "3", "4"]
