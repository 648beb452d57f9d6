"""Callbacks in whole calls: one a call, to numbers that may be called, in the order of their places."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from router.calls.callbacks import Callbacks
from router.calls.handle import Calls
from router.calls.turns import Turn
from router.core.commands import KeepCallback
from router.core.destinations import Destinations
from router.core.events import WITHHELD, Caller, CallStarted, DigitsEntered
from router.flow.files import check
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import callbacks as store
from router.store.bus import Bus
from router.store.callbacks import CallbackRow
from router.store.database import Database, new_id

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
FLOW = check(
    """
version: 1
name: calling_back
languages: [de]
start: back
steps:
  back:
    type: callback
    text: {de: Diese 1 oder andere 2.}
    number: {de: Die Nummer.}
    confirm: {de: Richtig?}
    queue: sales
    kept: again
    failed: failed
  again: {type: menu, text: {de: Noch einmal?}, options: {"1": {next: back}}}
  failed: {type: transfer, queue: failed}
""",
    "calling_back.yaml",
)


class House:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START
        self.number = 0
        reach = Destinations(("DE",))
        self.callbacks = Callbacks(new_id, destinations=reach, region="DE")
        flows = Flows({"calling_back": FLOW}, {}, "calling_back")
        self.calls = Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: self.now, callbacks=self.callbacks)

    async def call(self, caller: Caller, *keys: str) -> Turn:
        self.number += 1
        turn = await self.calls.begin("test", f"ref {self.number}", CallStarted("test", caller))
        for each in keys:
            turn = await self.calls.handle(turn.call_id, DigitsEntered(each))
        return turn

    async def open(self) -> list[CallbackRow]:
        async with self.database.read() as connection:
            return list(await store.in_order(connection, 10))


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_it_is_stored_with_its_place_and_number(house: House) -> None:
    await house.call(Caller("+493023125011"), "1")
    house.now += timedelta(minutes=1)
    await house.call(WITHHELD, "03023125012", "1")
    assert [(row.number, row.queue, row.since, row.wanted_from) for row in await house.open()] == [
        ("+493023125011", "sales", START, None),
        ("+493023125012", "sales", START + timedelta(minutes=1), None),
    ]


@pytest.mark.parametrize(
    "number",
    ["09001234567", "018051234567", "00436641234567", "110", "11833", "00881631234567", "0700123456789", "12345"],
)
async def test_premium_foreign_and_service_numbers_are_never_called(house: House, number: str) -> None:
    turn = await house.call(WITHHELD, number, "1")
    assert turn.session.step == "back", "another number is asked for"
    assert await house.open() == []


async def test_a_withheld_number_is_never_called(house: House) -> None:
    turn = await house.call(WITHHELD)
    async with house.database.begin() as connection:
        kept = await house.callbacks.keep(connection, turn.session, KeepCallback("sales", START), START)
    assert not kept.kept and await house.open() == []


async def test_said_again_the_last_one_counts(house: House) -> None:
    await house.call(Caller("+493023125011"), "1", "1", "2", "03023125012", "1")
    (row,) = await house.open()
    assert row.number == "+493023125012"


async def test_they_are_called_by_priority_and_place(house: House) -> None:
    for minutes, priority in ((3, 0), (2, 0), (1, 0), (9, 5)):
        turn = await house.call(Caller("+493023125011"))
        asked = KeepCallback("sales", START + timedelta(minutes=minutes), None, priority)
        async with house.database.begin() as connection:
            await house.callbacks.keep(connection, turn.session, asked, START)
    assert [(row.priority, (row.since - START).seconds // 60) for row in await house.open()] == [
        (5, 9),
        (0, 1),
        (0, 2),
        (0, 3),
    ]


async def test_one_that_is_settled_is_settled_once_and_can_be_taken_back(house: House) -> None:
    await house.call(Caller("+493023125011"), "1")
    (row,) = await house.open()
    async with house.database.begin() as connection:
        assert await store.settle(connection, row.id, store.DONE, "robin", START)
        assert not await store.settle(connection, row.id, store.DROPPED, "kim", START)
        assert [(each.state, each.person_id) for each in await store.settled(connection, 5)] == [("done", "robin")]
        assert await store.in_order(connection, 5) == []
        assert await store.reopen(connection, row.id)
        assert not await store.reopen(connection, row.id)
        assert [each.settled_at for each in await store.in_order(connection, 5)] == [None]
        await store.settle(connection, row.id, store.DROPPED, "kim", START)
        assert await store.forget(connection, START, 10) == 0
        assert await store.forget(connection, START + timedelta(seconds=1), 10) == 1
