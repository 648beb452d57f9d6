"""The weights that calls use: the newest, without a wait, and never none."""

from __future__ import annotations

from datetime import UTC, datetime

from router.calls.weights import REFRESH, Weights
from router.matching.parameters import DEFAULT
from router.store import adjustments
from router.store.database import Database

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def applied(database: Database, **log_odds: float) -> None:
    async with database.begin() as connection:
        await adjustments.add(connection, log_odds, {"outcomes": 300}, START)


async def test_without_a_calibration_the_table_counts(database: Database) -> None:
    weights = Weights(database, DEFAULT)
    await weights.refresh()
    assert weights.now == DEFAULT


async def test_new_weights_count_within_a_minute(database: Database) -> None:
    seconds = Seconds()
    weights = Weights(database, DEFAULT, seconds)
    await weights.refresh()
    await applied(database, recipient_number=-1.0)
    seconds.now += REFRESH - 1
    await weights.refresh()
    await weights.aclose()
    assert weights.now == DEFAULT
    seconds.now += 1
    await weights.refresh()
    await weights.aclose()
    assert weights.now.adjustments == {"recipient_number": -1.0}
    async with database.begin() as connection:
        await adjustments.take_back(connection, START)
    seconds.now += REFRESH
    await weights.refresh()
    await weights.aclose()
    assert weights.now == DEFAULT


async def test_what_cannot_be_read_leaves_the_old_ones(database: Database) -> None:
    seconds = Seconds()
    await applied(database, timing=0.5)
    weights = Weights(database, DEFAULT, seconds)
    await weights.refresh()
    async with database.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE match_adjustments")
    seconds.now += REFRESH
    await weights.refresh()
    await weights.aclose()
    assert weights.now.adjustments == {"timing": 0.5}


async def test_a_database_that_is_away_at_the_beginning_leaves_the_table(database: Database) -> None:
    async with database.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE match_adjustments")
    weights = Weights(database, DEFAULT)
    await weights.refresh()
    assert weights.now == DEFAULT
