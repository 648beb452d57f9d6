"""The database is away in the middle of calls: nobody waits for it, what callers did meanwhile is taken down later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.calls.handle import Calls
from router.core.commands import RecordMessage
from router.core.events import WITHHELD, CallerHungUp, CallStarted, InputTimedOut, RecordingEnded
from router.flow.load import load
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import calls as rows
from router.store import voicemails
from router.store.bus import Bus
from router.store.database import Connection, Database
from router.store.watch import DatabaseAway

FLOWS = Path(__file__).parents[2] / "ivr_flows"
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD, "+493023125000")


class Fragile:
    """A database that can be away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_sqlite, self.url = database.is_sqlite, database.url
        self.away = False

    @asynccontextmanager
    async def begin(self, *, lasting: bool = True) -> AsyncIterator[Connection]:
        self._check()
        async with self._database.begin(lasting=lasting) as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        self._check()
        async with self._database.read() as connection:
            yield connection

    def _check(self) -> None:
        if self.away:
            raise ConnectionRefusedError("nobody there")


@pytest.fixture
def fragile(database: Database) -> Fragile:
    return Fragile(database)


def made(fragile: Fragile, now: datetime = MONDAY) -> Calls:
    flow = load([FLOWS])["hotline"]
    flows = Flows({flow.name: flow}, {}, flow.name)
    return Calls(fragile, Bus(), flows, CodeKeys("x" * 32), lambda: now)  # type: ignore[arg-type]


async def settled(calls: Calls, fragile: Fragile) -> None:
    """The database is back, and what had to be made up for is."""
    done = asyncio.Event()

    async def tell() -> None:
        done.set()

    calls.watch.when_back(tell)
    fragile.away = False
    async with asyncio.timeout(10):
        await done.wait()
    await calls.aclose()


async def test_the_end_of_a_call_is_taken_down_when_the_database_is_back(fragile: Fragile) -> None:
    calls = made(fragile)
    turn = await calls.begin("test", "ref", BEGIN)
    fragile.away = True
    with pytest.raises(ConnectionError):
        await calls.hung_up("test", "ref")
    with pytest.raises(DatabaseAway):
        await calls.begin("test", "another", BEGIN)
    await settled(calls, fragile)
    assert (await calls.turn(turn.call_id)).session.ended


async def test_an_end_told_by_our_id_counts_as_well_and_once(fragile: Fragile) -> None:
    calls = made(fragile)
    turn = await calls.begin("test", "ref", BEGIN)
    fragile.away = True
    for _ in range(3):
        with pytest.raises(ConnectionError):
            await calls.handle(turn.call_id, CallerHungUp())
        with pytest.raises(ConnectionError):
            await calls.hung_up("test", "ref")
    await settled(calls, fragile)
    assert (await calls.turn(turn.call_id)).session.ended


@pytest.mark.parametrize("hangs_up", [True, False])
async def test_what_a_caller_left_is_there_when_the_database_is_back(
    fragile: Fragile, database: Database, hangs_up: bool
) -> None:
    calls = made(fragile, SUNDAY)
    turn = await calls.begin("test", "ref", BEGIN)
    while not isinstance(turn.commands[-1], RecordMessage):
        turn = await calls.handle(turn.call_id, InputTimedOut())
    fragile.away = True
    with pytest.raises(ConnectionError):
        await calls.handle(turn.call_id, RecordingEnded("left.wav", 7.0))
    if hangs_up:
        with pytest.raises(ConnectionError):
            await calls.hung_up("test", "ref")
    await settled(calls, fragile)
    async with database.read() as connection:
        assert await voicemails.left_in(connection, turn.call_id)
        assert await rows.has_voicemail(connection, turn.call_id, "left.wav")
