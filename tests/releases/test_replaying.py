"""Calls of the last days, run again on a draft: as they were kept, from the database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from router.calls.handle import Calls
from router.core.events import Caller, CallerHungUp, CallStarted, DigitsEntered, Event
from router.engine.replay import Verdict
from router.flow.files import check_files
from router.flow.model import Flow
from router.matching.codes import CodeKeys
from router.releases import replaying
from router.releases.flows import Flows
from router.releases.replaying import Report, replay
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import call_events, flow_sets

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
SHOP = """
version: 1
name: shop
languages: [de]
start: which
steps:
  which:
    type: menu
    text: {de: Verkauf oder Service?}
    options: {"1": {next: sales}, "2": {next: service}, "3": {next: sales}}
  sales: {type: transfer, queue: sales}
  service: {type: transfer, queue: service}
"""
CHANGED = SHOP.replace('"1": {next: sales}', '"1": {next: service}')
SINCE = MONDAY - timedelta(days=3)


def flow(text: str) -> Flow:
    return check_files({"shop.yaml": text}).flows["shop"]


class House:
    """Takes calls, one a minute."""

    def __init__(self, database: Database, text: str = SHOP) -> None:
        self.now = MONDAY
        self.database = database
        self.calls = Calls(
            database, Bus(), Flows({"shop": flow(text)}, {}, "shop"), CodeKeys("x" * 32), lambda: self.now
        )
        self.taken = 0

    async def call(self, *happens: Event) -> str:
        self.taken += 1
        self.now += timedelta(minutes=1)
        begin = CallStarted("asterisk", Caller("+493023125011"), "+493023125000")
        turn = await self.calls.begin("asterisk", f"ref-{self.taken}", begin)
        for event in happens:
            turn = await self.calls.handle(turn.call_id, event)
        return turn.call_id

    async def replay(self, text: str, since: datetime = SINCE, limit: int = 1000) -> Report:
        return await replay(self.database, flow(text), since=since, limit=limit)


@pytest.fixture
async def house(database: Database) -> House:
    return House(database)


async def test_exactly_the_calls_that_pressed_a_changed_key_are_told(house: House) -> None:
    first = [await house.call(DigitsEntered("1"), CallerHungUp()) for _ in range(3)]
    for key in ("2", "3"):
        await house.call(DigitsEntered(key), CallerHungUp())
    await house.call(DigitsEntered("1"))  # not over yet
    report = await house.replay(CHANGED)
    assert (report.looked_at, report.same, report.other_end, report.cannot_tell) == (5, 2, 3, 0)
    (change,) = report.changes
    assert (change.verdict, change.old_end, change.new_end) == (Verdict.OTHER_END, "queue sales", "queue service")
    assert change.calls == 3
    assert [example.call_id for example in change.examples] == first[::-1], "the newest first"
    assert {example.parted for example in change.examples} == {"which"}
    assert change.examples[0].started_at == MONDAY + timedelta(minutes=3)


async def test_calls_go_the_same_way_on_the_flow_they_ran(house: House) -> None:
    await house.call(DigitsEntered("1"), CallerHungUp())
    await house.call(CallerHungUp())
    report = await house.replay(SHOP)
    assert (report.looked_at, report.same, report.changes) == (2, 2, ())


async def test_many_calls_are_run_in_bites_that_leave_the_loop_free(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "BITE", 2)
    for _ in range(7):
        await house.call(DigitsEntered("1"), CallerHungUp())
    turns, told = 0, list[tuple[int, int]]()

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    report = await replay(
        house.database, flow(CHANGED), since=SINCE, progress=lambda done, total: told.append((done, total))
    )
    beside.cancel()
    assert report.other_end == 7
    assert told == [(2, 7), (4, 7), (6, 7), (7, 7)]
    assert turns > 8
    assert len(report.changes[0].examples) == 5


async def test_only_so_many_calls_and_days_are_looked_at(house: House) -> None:
    for _ in range(4):
        await house.call(DigitsEntered("1"), CallerHungUp())
    assert (await house.replay(CHANGED, limit=3)).looked_at == 3
    assert (await house.replay(CHANGED, since=MONDAY + timedelta(minutes=3))).looked_at == 2
    assert (await house.replay(CHANGED, since=MONDAY + timedelta(hours=1))).looked_at == 0


async def test_calls_that_were_not_kept_or_not_in_full_are_not_guessed(house: House, database: Database) -> None:
    lost = await house.call(DigitsEntered("1"), CallerHungUp())
    halved = await house.call(DigitsEntered("1"), CallerHungUp())
    odd = await house.call(DigitsEntered("1"), CallerHungUp())
    async with database.begin() as connection:
        await connection.execute(delete(call_events).where(call_events.c.call_id == lost))
        await connection.execute(delete(call_events).where(call_events.c.call_id == halved, call_events.c.number > 1))
        broken = update(call_events).where(call_events.c.call_id == odd, call_events.c.number == 2)
        await connection.execute(broken.values(event={"event": {"kind": "unheard_of"}, "answers": []}))
    report = await house.replay(CHANGED)
    assert (report.looked_at, report.cannot_tell) == (2, 2)
    assert {change.why for change in report.changes} == {
        "the call's end was not kept",
        "was kept by another version of the program",
    }


async def test_a_call_whose_flows_are_gone_cannot_be_told(house: House, database: Database) -> None:
    await house.call(DigitsEntered("1"), CallerHungUp())
    async with database.begin() as connection:
        await connection.execute(delete(flow_sets))
    report = await house.replay(CHANGED)
    assert [change.why for change in report.changes] == ["the flows it ran were not kept"]


async def test_a_flow_that_the_draft_does_not_have_cannot_be_told(house: House) -> None:
    await house.call(DigitsEntered("1"), CallerHungUp())
    other = check_files({"x.yaml": SHOP.replace("name: shop", "name: other")}).flows["other"]
    report = await replay(house.database, other, since=SINCE)
    assert [change.why for change in report.changes] == ["there is no such flow"]
