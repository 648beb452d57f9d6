"""What calls leave to be done: one item each, and none where nothing is left to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.agents.ringing import Ringing
from router.calls.handle import Calls
from router.calls.turns import Turn
from router.calls.work import Work
from router.core.events import (
    WITHHELD,
    Caller,
    CallerHungUp,
    CallStarted,
    DigitsEntered,
    RecordingEnded,
    TransferEnded,
    TransferOutcome,
)
from router.flow.files import check
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import callbacks, work_items
from router.store.bus import Bus
from router.store.database import Connection, Database, new_id
from router.store.tables import people

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
KARL = Caller("+493023125011")
FLOW = check(
    """
version: 1
name: waiting
languages: [de]
start: first
steps:
  first: {type: menu, text: {de: Eins oder zwei.}, options: {"1": {next: wait}, "2": {next: back}}}
  wait: {type: transfer, queue: sales, no_answer: sorry, unavailable: sorry}
  sorry: {type: menu, text: {de: Eine Nachricht?}, options: {"1": {next: leave}, "2": {next: back}, "3": {next: bye}}}
  leave: {type: voicemail, text: {de: Nach dem Ton.}, next: bye}
  back: {type: callback, text: {de: Hier?}, number: {de: Wo?}, confirm: {de: Richtig?}, queue: sales, kept: bye}
  bye: {type: hangup}
""",
    "waiting.yaml",
)


class House:
    """Calls on a flow with a queue, and an agent."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START
        self.told: list[str] = []
        self.work = Work(new_id)
        self.work.on_change = self.told.append
        flows = Flows({"waiting": FLOW}, {}, "waiting")
        self.calls = Calls(database, Bus(), flows, CodeKeys("x" * 32), self.clock, work=self.work)
        self.ringing = Ringing(database, Bus(), self.clock, work=self.work)
        self.number = 0

    def clock(self) -> datetime:
        return self.now

    async def waits(self, caller: Caller = KARL) -> Turn:
        """Somebody who calls and waits in the queue."""
        self.number += 1
        turn = await self.calls.begin("test", f"ref {self.number}", CallStarted("test", caller))
        return await self.calls.handle(turn.call_id, DigitsEntered("1"))

    async def hangs_up(self, turn: Turn) -> None:
        await self.calls.handle(turn.call_id, CallerHungUp())

    async def items(self, person_id: str | None = None) -> list[Any]:
        async with self.database.read() as connection:
            return list(await work_items.left(connection, person_id, 10))


async def an_agent(connection: Connection, login: str, *queues: str) -> str:
    values = {
        "id": login,
        "login": login,
        "name": login.title(),
        "role": "agent",
        "language": "de",
        "presence": "ready",
    }
    await connection.execute(people.insert().values(**values, queues=list(queues), skills=[], created_at=START))
    return login


@pytest.fixture
async def house(database: Database) -> House:
    async with database.begin() as connection:
        await an_agent(connection, "anna", "sales")
        await an_agent(connection, "bert", "service")
    return House(database)


async def test_who_leaves_the_queue_is_to_be_called_back_by_people_of_that_queue(house: House) -> None:
    turn = await house.waits()
    await house.hangs_up(turn)
    (item,) = await house.items()
    assert (item.kind, item.queue, item.call_id, item.state) == ("abandoned", "sales", turn.call_id, "open")
    assert house.told == ["sales"]
    assert [each.id for each in await house.items("anna")] == [item.id]
    assert await house.items("bert") == []


async def test_who_was_talked_to_is_not(house: House) -> None:
    turn = await house.waits()
    await house.ringing.answered(turn.call_id, "anna", call_id=turn.call_id, queue="sales")
    await house.hangs_up(turn)
    assert await house.items() == []


async def test_who_was_talked_to_by_somebody_without_a_desk_is_not(house: House) -> None:
    turn = await house.waits()
    await house.ringing.answered_by_nobody(turn.call_id)
    await house.hangs_up(turn)
    assert await house.items() == []


async def test_who_gives_up_after_the_queue_is(house: House) -> None:
    turn = await house.waits()
    await house.calls.handle(turn.call_id, TransferEnded(TransferOutcome.NO_ANSWER))
    await house.hangs_up(turn)
    assert [item.kind for item in await house.items()] == ["abandoned"]


async def test_who_hangs_up_before_waiting_is_not(house: House) -> None:
    turn = await house.calls.begin("test", "short", CallStarted("test", KARL))
    await house.hangs_up(turn)
    assert await house.items() == []


async def test_who_asked_for_a_callback_is_not(house: House) -> None:
    turn = await house.waits()
    await house.calls.handle(turn.call_id, TransferEnded(TransferOutcome.NO_ANSWER))
    for key in ("2", "1"):
        turn = await house.calls.handle(turn.call_id, DigitsEntered(key))
    assert turn.session.ended
    assert await house.items() == []
    async with house.database.read() as connection:
        assert [row.call_id for row in await callbacks.in_order(connection, 5)] == [turn.call_id]


async def test_a_message_left_is_heard_once_and_the_call_not_returned_beside(house: House) -> None:
    turn = await house.waits()
    await house.calls.handle(turn.call_id, TransferEnded(TransferOutcome.NO_ANSWER))
    turn = await house.calls.handle(turn.call_id, DigitsEntered("1"))
    await house.calls.handle(turn.call_id, RecordingEnded("a.wav", 4.0))
    (item,) = await house.items()
    assert (item.kind, item.queue) == ("voicemail", "sales")


async def test_a_message_told_of_after_the_end_takes_the_place_of_the_call_to_be_returned(house: House) -> None:
    turn = await house.waits()
    await house.calls.handle(turn.call_id, TransferEnded(TransferOutcome.NO_ANSWER))
    turn = await house.calls.handle(turn.call_id, DigitsEntered("1"), 3)
    await house.hangs_up(turn)
    assert [item.kind for item in await house.items()] == ["abandoned"]
    for _ in range(2):
        await house.calls.handle(turn.call_id, RecordingEnded("a.wav", 4.0), turn.sequence)
    assert [item.kind for item in await house.items()] == ["voicemail"]


async def test_who_calls_again_and_is_served_need_not_be_called_back(house: House) -> None:
    await house.hangs_up(await house.waits())
    await house.hangs_up(await house.waits(WITHHELD))
    other = await house.waits(Caller("+493023125012"))
    await house.ringing.answered(other.call_id, "anna", call_id=other.call_id)
    assert len(await house.items()) == 2
    again = await house.waits()
    await house.ringing.answered(again.call_id, "anna", call_id=again.call_id)
    assert [item.withheld for item in await house.items()] == [True], "a withheld caller is the same as nobody"
    async with house.database.read() as connection:
        (done,) = await work_items.settled(connection, "anna", 5)
    assert (done.kind, done.state, done.person) == ("abandoned", "done", "Anna")


async def test_a_callback_is_done_when_its_caller_is_talked_to(house: House) -> None:
    turn = await house.calls.begin("test", "asks", CallStarted("test", KARL))
    for key in ("2", "1"):
        await house.calls.handle(turn.call_id, DigitsEntered(key))
    again = await house.waits()
    await house.ringing.answered(again.call_id, "anna", call_id=again.call_id)
    async with house.database.read() as connection:
        assert await callbacks.in_order(connection, 5) == []
        (row,) = await callbacks.settled(connection, 5)
    assert (row.state, row.last_result, row.person) == ("done", "called", "Anna")


async def test_an_item_is_seen_to_by_one(house: House) -> None:
    await house.hangs_up(await house.waits())
    (item,) = await house.items()
    async with house.database.begin() as connection:
        assert await work_items.take(connection, item.id, "anna", START)
        assert not await work_items.take(connection, item.id, "bert", START)
        assert not await work_items.settle(connection, item.id, work_items.DONE, "bert", START)
        assert not await work_items.give_back(connection, item.id, "bert")
        assert await work_items.give_back(connection, item.id, "anna")
        assert await work_items.settle(connection, item.id, work_items.DONE, "bert", START)
        assert not await work_items.take(connection, item.id, "anna", START)
        assert await work_items.reopen(connection, item.id)
        assert not await work_items.reopen(connection, item.id)
    assert [each.state for each in await house.items()] == ["open"]


async def test_a_promise_is_kept_by_whom_it_is_for_and_due_first(house: House) -> None:
    async with house.database.begin() as connection:
        for days, whose in ((3, "bert"), (1, None), (2, "bert")):
            await house.work.follow_up(
                connection,
                queue="sales",
                note=f"in {days} days",
                due_at=START + timedelta(days=days),
                created_by="anna",
                now=START,
                for_person_id=whose,
            )
    assert [item.note for item in await house.items("bert")] == ["in 2 days", "in 3 days"]
    assert [item.note for item in await house.items("anna")] == ["in 1 days"]
    assert [item.note for item in await house.items()] == ["in 1 days", "in 2 days", "in 3 days"]


async def test_old_ones_are_forgotten(house: House) -> None:
    await house.hangs_up(await house.waits())
    (item,) = await house.items()
    async with house.database.begin() as connection:
        await work_items.settle(connection, item.id, work_items.DROPPED, "anna", START)
        assert await work_items.forget(connection, START, 10) == 0
        assert await work_items.forget(connection, START + timedelta(days=1), 10) == 1
