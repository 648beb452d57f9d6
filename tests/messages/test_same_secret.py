"""The secret that a database was used with is known again, and a change on purpose is one."""

from __future__ import annotations

from datetime import UTC, datetime

from router.matching.codes import CodeKeys
from router.messages.same_secret import Fit, accept, begun_with, fit
from router.store import secret_check
from router.store.database import Database

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FIRST, SECOND = "a" * 40, "b" * 40


async def looked_at(database: Database, keys: CodeKeys) -> Fit:
    async with database.read() as connection:
        return await fit(connection, keys)


async def test_the_secret_of_the_first_start_is_the_right_one(database: Database) -> None:
    assert await looked_at(database, CodeKeys(FIRST)) is Fit.NEW
    assert await begun_with(database, CodeKeys(FIRST), NOW) is Fit.NEW
    assert await begun_with(database, CodeKeys(FIRST), NOW) is Fit.SAME
    assert await begun_with(database, CodeKeys(SECOND), NOW) is Fit.OTHER
    assert await looked_at(database, CodeKeys(FIRST)) is Fit.SAME
    async with database.read() as connection:
        kept = await secret_check.kept(connection)
    assert kept is not None
    assert FIRST.encode() not in kept


async def test_a_change_on_purpose_goes_from_process_to_process(database: Database) -> None:
    await begun_with(database, CodeKeys(FIRST), NOW)
    assert await begun_with(database, CodeKeys(FIRST, [SECOND]), NOW) is Fit.SAME  # all learn of the new one first
    assert await begun_with(database, CodeKeys(SECOND, [FIRST]), NOW) is Fit.CHANGED
    assert await begun_with(database, CodeKeys(FIRST, [SECOND]), NOW) is Fit.CHANGED  # one that was not told yet
    assert await begun_with(database, CodeKeys(SECOND, [FIRST]), NOW) is Fit.CHANGED
    assert await begun_with(database, CodeKeys(SECOND), NOW) is Fit.SAME
    assert await begun_with(database, CodeKeys(FIRST), NOW) is Fit.OTHER


async def test_another_one_is_taken_where_somebody_says_so(database: Database) -> None:
    await begun_with(database, CodeKeys(FIRST), NOW)
    await accept(database, CodeKeys(SECOND), NOW)
    assert await looked_at(database, CodeKeys(SECOND)) is Fit.SAME
    assert await looked_at(database, CodeKeys(FIRST)) is Fit.OTHER
