"""A caller does not wait for a database that is away, and is served again as soon as it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from router.store.watch import DatabaseAway, DatabaseWatch


class Fake:
    """A database that is asked one thing: to answer."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = 0
        self.refuses = False

    async def ask(self, what: str = "yes") -> str:
        self.asked += 1
        if self.refuses:
            raise ConnectionRefusedError("nobody there")
        await self.answers.wait()
        return what

    def hangs(self) -> None:
        self.answers.clear()


@pytest.fixture
def database() -> Fake:
    return Fake()


@pytest.fixture
async def watch(database: Fake) -> AsyncIterator[DatabaseWatch]:
    made = DatabaseWatch(database.ask, patience=0.05, look_seconds=0.02, look_every=0.01)
    yield made
    await made.aclose()


async def gone(watch: DatabaseWatch) -> None:
    async with asyncio.timeout(60):
        await watch.gone.wait()


async def back(watch: DatabaseWatch) -> None:
    returned = asyncio.Event()

    async def tell() -> None:
        returned.set()

    watch.when_back(tell)
    async with asyncio.timeout(60):
        await returned.wait()


async def test_a_database_that_answers_is_nobodys_business(watch: DatabaseWatch, database: Fake) -> None:
    assert await watch.within(database.ask, "what") == "what"
    assert not watch.away
    assert watch.given_up == 0


async def test_a_caller_waits_once_for_a_database_that_hangs_and_the_next_not_at_all(
    watch: DatabaseWatch, database: Fake
) -> None:
    database.hangs()
    with pytest.raises(DatabaseAway, match="no answer within"):
        await watch.within(database.ask)
    await gone(watch)
    asked = database.asked
    for _ in range(100):
        with pytest.raises(DatabaseAway, match="is away"):
            await watch.within(database.ask)
    assert database.asked == asked, "nothing was begun that would have to wait"
    assert watch.given_up == 101


async def test_one_who_finds_nobody_there_tells_all_others(watch: DatabaseWatch, database: Fake) -> None:
    database.refuses = True
    with pytest.raises(ConnectionRefusedError):
        await watch.within(database.ask)
    with pytest.raises(DatabaseAway):
        await watch.within(database.ask)


async def test_calls_are_served_again_when_the_database_is_back(watch: DatabaseWatch, database: Fake) -> None:
    database.hangs()
    with pytest.raises(DatabaseAway):
        await watch.within(database.ask)
    await gone(watch)
    database.answers.set()
    await back(watch)
    assert await watch.within(database.ask, "again") == "again"


async def test_who_waits_when_the_database_is_found_to_hang_waits_no_longer(database: Fake) -> None:
    database.hangs()
    impatient = DatabaseWatch(database.ask, patience=0.05, look_seconds=0.05)
    first = asyncio.ensure_future(impatient.within(database.ask))
    with pytest.raises(DatabaseAway, match="no answer within"):
        await first
    impatient._patience = 60
    with pytest.raises(DatabaseAway, match="no answer$"):
        await impatient.within(database.ask)
    assert impatient.away
    await impatient.aclose()


async def test_one_turn_that_takes_too_long_is_given_up_alone(watch: DatabaseWatch, database: Fake) -> None:
    """Somebody holds its row; or there is more to do than can be done, and all others would be given up with it."""
    looked = asyncio.Event()

    async def look() -> None:
        await database.ask()
        looked.set()

    alone = DatabaseWatch(look, patience=0.05, look_seconds=60)
    with pytest.raises(DatabaseAway, match="no answer within"):
        await alone.within(asyncio.Event().wait)
    async with asyncio.timeout(60):
        await looked.wait()
    assert not alone.away
    assert await alone.within(database.ask, "another") == "another"
    assert alone.given_up == 1
    await alone.aclose()


async def test_what_failed_for_another_reason_says_nothing_of_the_database(
    watch: DatabaseWatch, database: Fake
) -> None:
    async def wrong() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await watch.within(wrong)
    assert not watch.away


async def test_an_end_that_takes_long_is_not_waited_for(watch: DatabaseWatch) -> None:
    """A driver that rolls back over a connection which says nothing."""
    released = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await released.wait()

    async with asyncio.timeout(60):
        with pytest.raises(DatabaseAway):
            await watch.within(stubborn)
    released.set()


async def test_what_nobody_waits_for_may_take_long(watch: DatabaseWatch, database: Fake) -> None:
    database.hangs()
    waiting = asyncio.ensure_future(watch.unhurried(database.ask))
    await asyncio.sleep(0.1)  # twice a caller's patience
    assert not watch.away
    database.answers.set()
    assert await waiting == "yes"


async def test_a_caller_who_leaves_takes_what_was_begun_along(watch: DatabaseWatch, database: Fake) -> None:
    database.hangs()
    waiting = asyncio.ensure_future(watch.within(database.ask))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not watch.away


async def test_one_that_fails_in_making_up_does_not_keep_the_others(watch: DatabaseWatch, database: Fake) -> None:
    async def fails() -> None:
        raise ValueError

    watch.when_back(fails)
    watch.noticed(ConnectionError())
    await back(watch)
    assert not watch.away


async def test_a_database_that_answers_and_lets_nothing_be_done_is_not_asked_without_end(
    watch: DatabaseWatch, database: Fake
) -> None:
    """A full disk: reading works."""
    for _ in range(5):
        watch.noticed(OSError("no space left"))
        await back(watch)
    assert database.asked == 5
