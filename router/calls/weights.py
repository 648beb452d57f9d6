"""The weights in force: the table of the code with the thresholds of the settings, and what calibration added to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Final

import structlog

from router.matching.parameters import DEFAULT, Parameters
from router.store import adjustments as store
from router.store.database import Connection, Database

log = structlog.get_logger(__name__)

REFRESH: Final = 30.0
"""Seconds for which what was read counts without a look at the database."""


async def adjusted(connection: Connection, table: Parameters = DEFAULT) -> Parameters:
    """The table with the adjustments that count now."""
    row = await store.newest(connection)
    return replace(table, adjustments=row.log_odds if row else {})


class Weights:
    """Keeps the weights at hand, so that a call never waits for them, and looks for new ones every `REFRESH` seconds
    while there are calls. What cannot be read leaves the old ones."""

    def __init__(
        self, database: Database, table: Parameters = DEFAULT, seconds: Callable[[], float] = monotonic
    ) -> None:
        self.now = table
        """The weights to use."""
        self._table = table
        self._database = database
        self._seconds = seconds
        self._read_at: float | None = None
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
            async with self._database.read() as connection:
                self.now = await adjusted(connection, self._table)
        except Exception as error:  # whatever it is, calls go on with what they have
            log.warning("weights not read", reason=type(error).__name__)
        finally:
            self._read_at = self._seconds()
