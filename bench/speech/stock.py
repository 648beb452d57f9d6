"""Live references: a real database of messages, shaped like those that the recordings say."""

from __future__ import annotations

import random
import string
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import delete, event

from router.matching.live import NOTHING_LIVE
from router.matching.parameters import DEFAULT
from router.store import messages, migrate
from router.store.database import Database
from router.store.live import live_set
from router.store.tables import messages as messages_table
from router.store.tables import reference_neighbours

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
SHARERS = 4
"""Customers who share the landline of each caller whose number is known."""
_BATCH = 2000


class Stock:
    """A database with ``size`` live references. ``truths`` are among them until `forget` is called; each has a landline
    of its own, which `SHARERS` customers share."""

    def __init__(self, database: Database, references: Sequence[str], truths: Sequence[str]) -> None:
        self.database = database
        self.references = frozenset(references)
        self.live = NOTHING_LIVE
        self._truths = tuple(truths)

    def landline(self, truth: str) -> str:
        """The number of the landline that the message with this reference went to."""
        return _landline(self._truths.index(truth))

    async def look(self) -> None:
        """See what is live now, as a service does from time to time."""
        async with self.database.read() as connection:
            self.live = await live_set(connection, "", NOW, DEFAULT)

    async def forget(self) -> None:
        """From now on nothing that the recordings say is live."""
        async with self.database.begin() as connection:
            await connection.execute(delete(messages_table).where(messages_table.c.reference_key.in_(self._truths)))
            near = reference_neighbours.c.reference_key.in_(self._truths)
            await connection.execute(delete(reference_neighbours).where(near))
        self.references -= set(self._truths)
        await self.look()


@asynccontextmanager
async def stocked(size: int, truths: Sequence[str], seed: int) -> AsyncIterator[Stock]:
    """A database with ``size`` references, random and of the shapes of ``truths``, gone at the end."""
    randomly = random.Random(seed)
    known = list(dict.fromkeys(truths))
    references = dict.fromkeys(known)
    while len(references) < size:
        references.setdefault(_like(randomly.choice(known), randomly))
    with TemporaryDirectory(prefix="bench-speech-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'stock.db'}")

        def hurry(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF")  # nothing here has to outlive the machine

        for engine in database.engines:
            event.listen(engine, "connect", hurry)

        try:
            await migrate.upgrade(database)
            await _fill(database, list(references), len(known), randomly)
            stock = Stock(database, list(references), known)
            await stock.look()
            yield stock
        finally:
            await database.close()


def _like(truth: str, randomly: random.Random) -> str:
    letters, digits = string.ascii_uppercase, string.digits
    return "".join(randomly.choice(digits if each.isdigit() else letters) for each in truth)


async def _fill(database: Database, references: list[str], truths: int, randomly: random.Random) -> None:
    rows = [_row(number, reference, truths, randomly) for number, reference in enumerate(references)]
    for start in range(0, len(rows), _BATCH):
        async with database.begin() as connection:
            await messages.add(connection, rows[start : start + _BATCH])


def _row(number: int, reference: str, truths: int, randomly: random.Random) -> dict[str, Any]:
    """Those said come first, so that the sharers of their landlines can be counted off from those behind."""
    sent = NOW - timedelta(days=randomly.uniform(0.5, 30))
    house = number if number < truths else (number - truths) // (SHARERS - 1)
    return {
        "id": f"{number:032}",
        "external_id": f"m{number}",
        "digest": "",
        "channel": "letter",
        "to_phone": _landline(house) if house < truths else None,
        "offer": {"title": "Offer"},
        "body": "",
        "reference": reference,
        "reference_key": reference,
        "sent_at": sent,
        "created_at": sent,
    }


def _landline(number: int) -> str:
    return f"+4930555{number:05}"
