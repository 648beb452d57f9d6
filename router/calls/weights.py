"""The weights in force: the table of the code with the thresholds of the settings, and what calibration added to it;
and what is known of all live references, which numbers that are said are held against."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import structlog

from router.matching.live import LiveSet
from router.matching.parameters import DEFAULT, Parameters
from router.store import adjustments as store
from router.store.database import Connection, Database, new_id
from router.store.live import live_set

log = structlog.get_logger(__name__)

REFRESH: Final = 30.0
"""Seconds for which what was read counts without a look at the database."""
FEW: Final = 10_000
"""References that are counted at every look."""
SELDOM: Final = 600.0
"""Seconds for which the count of more of them holds."""


async def adjusted(connection: Connection, table: Parameters = DEFAULT) -> Parameters:
    """The table with the adjustments that count now."""
    row = await store.newest(connection)
    return replace(table, adjustments=row.log_odds if row else {}, confusions=(row.confusions or {}) if row else {})


def _now() -> datetime:
    return datetime.now(UTC)


class Weights:
    """Keeps the weights at hand, so that a call never waits for them, and looks for new ones every `REFRESH` seconds
    while there are calls. What cannot be read leaves the old ones."""

    def __init__(
        self,
        database: Database,
        table: Parameters = DEFAULT,
        seconds: Callable[[], float] = monotonic,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.now = table
        """The weights to use."""
        self.live: LiveSet | None = None
        """What is known of live references; None: nobody has looked yet."""
        self._table = table
        self._database = database
        self._seconds = seconds
        self._clock = clock
        self._read_at: float | None = None
        self._looked_at: float | None = None
        self._reading: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Look for new ones if that was long ago. Only the very first time anybody waits for the database.

        Not to be awaited within a transaction: it takes a connection of its own.
        """
        if self._read_at is not None and self._seconds() - self._read_at < REFRESH:
            return
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        if self._read_at is None:
            await asyncio.shield(self._reading)

    async def aclose(self) -> None:
        """Wait for a look at the database that is under way."""
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async with self._database.read(long=True) as connection:
                self.now = await adjusted(connection, self._table)
                if self._looked_at is None or self._seconds() - self._looked_at >= self._apart():
                    self.live = await live_set(connection, new_id(), self._clock(), self.now)
                    self._looked_at = self._seconds()
        except Exception as error:  # whatever it is, calls go on with what they have
            log.warning("weights not read", reason=type(error).__name__)
        finally:
            self._read_at = self._seconds()

    def _apart(self) -> float:
        """Seconds between two looks at the live references: many take longer to count, and change less."""
        return REFRESH if self.live is None or self.live.count < FEW else SELDOM
