"""Attempts to call back: claimed once, dialled once, tried again as the queue says, and then left to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from router.calls.calling_back import ANSWERED, BUSY, NO_ANSWER, Attempt, CallingBack, Concluded
from router.calls.handle import Calls
from router.calls.rounds import NotPlaced, Rounds
from router.core.commands import Leg
from router.core.destinations import Destinations
from router.core.events import Caller, CallerHungUp, CallStarted, DigitsEntered
from router.flow.files import check_files
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import callbacks, work_items
from router.store.bus import Bus
from router.store.database import Database, new_id
from router.store.tables import callbacks as table
from router.store.tables import calls, people

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
KARL, ERIKA = Caller("+493023125011"), Caller("+493023125012")
FLOW = """
version: 1
name: waiting
languages: [de]
start: first
steps:
  first: {type: menu, text: {de: Eins oder zwei.}, options: {"1": {next: wait}, "2": {next: back}}}
  wait: {type: transfer, queue: sales}
  back: {type: callback, text: {de: Hier?}, number: {de: Wo?}, confirm: {de: Richtig?}, queue: sales, kept: bye}
  bye: {type: hangup}
"""
QUEUES = """
version: 1
hours: {office: {timezone: Europe/Berlin, weekly: {mon-fri: ["09:00-17:00"]}}}
queues:
  sales: {hours: office, timeout: 120, callbacks: {attempts: 2, every: 15, ring: 25}}
"""


def house_flows(queues: str = QUEUES) -> Flows:
    """A flow that asks whether to wait or to be called back."""
    flow = check_files({"waiting.yaml": FLOW, "shared/queues.yaml": queues}).flows["waiting"]
    return Flows({"waiting": flow}, {}, "waiting")


class Line:
    """A channel that can be told to fail."""

    channel = "test"
    waits_at_once = True

    def __init__(self) -> None:
        self.begun: list[Attempt] = []
        self.error: Exception | None = None
        self.places = 5

    async def room(self, queue: str) -> int:
        return self.places

    def ref(self, call_id: str) -> str:
        return f"line-{call_id}"

    async def begin(self, attempt: Attempt) -> None:
        self.begun.append(attempt)
        if self.error is not None:
            raise self.error


class House:
    def __init__(self, database: Database, queues: str = QUEUES) -> None:
        self.database = database
        self.now = START
        flows = house_flows(queues)
        self.calls = Calls(database, Bus(), flows, CodeKeys("x" * 32), self.clock)
        self.allowed = Destinations(("DE",))
        self.calling = CallingBack(database, flows, self.calls.work, self.allowed, self.clock, new_id)
        self.line = Line()
        self.rounds = Rounds(self.calling, self.calls, [self.line], at_once=5)
        self.number = 0

    def clock(self) -> datetime:
        return self.now

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    async def call(self, caller: Caller, *keys: str) -> str:
        self.number += 1
        turn = await self.calls.begin("test", f"ref {self.number}", CallStarted("test", caller))
        for key in keys:
            turn = await self.calls.handle(turn.call_id, DigitsEntered(key))
        return turn.call_id

    async def wishes(self, caller: Caller = KARL) -> str:
        """Somebody who asks to be called back."""
        return await self.call(caller, "2", "1")

    async def begins(self) -> Attempt:
        """The next attempt."""
        before = len(self.line.begun)
        await self.rounds.round()
        (begun,) = self.line.begun[before:]
        return begun

    async def ends(self, attempt: Attempt) -> None:
        """The channel is gone."""
        await self.calls.hung_up("test", f"line-{attempt.call_id}")

    async def callback(self) -> Any:
        async with self.database.read() as connection:
            return (await connection.execute(select(table))).one()

    async def left(self) -> list[tuple[str, str]]:
        async with self.database.read() as connection:
            return [(row.kind, row.note) for row in await work_items.left(connection, None, 10)]


@pytest.fixture
async def house(database: Database) -> House:
    return House(database)


async def test_an_attempt_is_a_call_of_its_own_that_waits_in_the_callers_place(house: House) -> None:
    before = await house.call(ERIKA, "1")
    house.later(minutes=1)
    asked_in = await house.wishes()
    house.later(minutes=1)
    await house.call(ERIKA, "1")
    attempt = await house.begins()
    async with house.database.read() as connection:
        row = (await connection.execute(select(calls).where(calls.c.id == attempt.call_id))).one()
    callback = await house.callback()
    assert (row.direction, row.callback_id, row.state, row.queue) == ("out", callback.id, "queue", "sales")
    assert row.caller is None and "23125011" not in row.session + row.reply
    assert callback.call_id == asked_in and callback.state == "dialling"
    waiting = await house.calling.waiting(attempt.call_id)
    assert waiting is not None
    assert (waiting.place, waiting.seconds, waiting.position) == ("sales", 120, 2)
    assert await house.calling.waiting(attempt.call_id, 1) is None
    await house.calls.handle(before, CallerHungUp())
    again = await house.calling.waiting(attempt.call_id)
    assert again is not None and again.position == 1


async def test_it_waits_for_the_same_skills_as_its_caller_and_in_their_place_among_them(database: Database) -> None:
    skilled = QUEUES.replace("timeout: 120,", "timeout: 120, skill_set: [gas], skills: [gas], skills_for: 60,")
    house = House(database, skilled)
    async with database.begin() as connection:
        values = {
            "id": "a" * 32,
            "login": "anna",
            "name": "Anna",
            "role": "agent",
            "language": "de",
            "created_at": START,
        }
        there = {"presence": "ready", "phone": "PJSIP/101", "queues": ["sales"], "skills": ["gas"]}
        await connection.execute(people.insert().values(**values, **there))
    moved_on = await house.call(ERIKA, "1")
    house.later(seconds=59)
    first = await house.call(ERIKA, "1")
    house.later(seconds=1)
    await house.wishes()
    assert list((await house.callback()).skills) == ["gas"]
    await house.call(ERIKA, "1")
    attempt = await house.begins()
    expected = (Leg("sales", 60, ("gas",)), Leg("sales", 60))
    assert attempt.transfer.legs == expected
    with_gas = await house.calling.waiting(attempt.call_id)
    assert with_gas is not None and (with_gas.place, with_gas.seconds, with_gas.position) == ("sales.gas", 60, 2)
    house.later(seconds=60)
    anybody = await house.calling.waiting(attempt.call_id, 1)
    assert anybody is not None and (anybody.place, anybody.seconds, anybody.position) == ("sales", 60, 3)
    for call_id in (moved_on, first):
        await house.calls.handle(call_id, CallerHungUp())
    anybody = await house.calling.waiting(attempt.call_id, 1)
    assert anybody is not None and anybody.position == 1
    assert await house.calling.waiting(attempt.call_id, 2) is None


async def test_the_number_is_given_out_once_and_only_while_it_is_dialled(house: House) -> None:
    await house.wishes()
    assert await house.calling.dial("0" * 32) is None
    attempt = await house.begins()
    whom = await house.calling.dial(attempt.call_id)
    assert whom is not None and (whom.number, whom.ring) == (KARL.number, 25)
    assert str(KARL.number) not in repr((attempt, whom))
    assert await house.calling.dial(attempt.call_id) is None
    assert await house.calling.waiting(attempt.call_id) is None
    assert await house.calling.ended(attempt.call_id, ANSWERED) == Concluded("answered", "done")
    assert await house.calling.ended(attempt.call_id, BUSY) is None
    await house.ends(attempt)
    house.later(days=1)
    await house.rounds.round()
    assert len(house.line.begun) == 1 and await house.left() == []


async def test_a_customer_who_has_answered_is_called_back_whatever_comes_then(house: House) -> None:
    await house.wishes()
    attempt = await house.begins()
    assert not await house.calling.reached(attempt.call_id), "nobody is dialled yet"
    await house.calling.dial(attempt.call_id)
    assert await house.calling.reached(attempt.call_id)
    callback = await house.callback()
    assert (callback.state, callback.attempts, callback.last_result) == ("done", 1, "answered")
    assert not await house.calling.reached(attempt.call_id)
    assert await house.calling.ended(attempt.call_id, BUSY) is None
    house.later(days=1)
    await house.rounds.round()
    assert len(house.line.begun) == 1 and await house.left() == []


async def test_who_is_not_reached_is_called_again_as_the_queue_says_and_then_left_to_people(house: House) -> None:
    await house.wishes()
    first = await house.begins()
    await house.calling.dial(first.call_id)
    again = await house.calling.ended(first.call_id, NO_ANSWER)
    assert again == Concluded("no_answer", "open", house.now + timedelta(minutes=15))
    await house.ends(first)
    house.later(minutes=14)
    await house.rounds.round()
    assert len(house.line.begun) == 1
    house.later(minutes=1)
    second = await house.begins()
    await house.calling.dial(second.call_id)
    assert await house.calling.ended(second.call_id, BUSY) == Concluded("busy", "failed")
    assert await house.left() == [("callback", "busy")]
    callback = await house.callback()
    assert (callback.state, callback.attempts, callback.last_result) == ("failed", 2, "busy")


async def test_an_attempt_that_no_agent_came_to_is_none(house: House) -> None:
    await house.wishes()
    attempt = await house.begins()
    await house.ends(attempt)
    house.later(seconds=31)
    await house.rounds.round()
    callback = await house.callback()
    assert (callback.state, callback.attempts, callback.last_result) == ("open", 0, "nobody")
    house.later(seconds=61)
    await house.begins()
    assert await house.left() == []


async def test_where_nobody_knows_how_it_went_it_is_not_dialled_again(house: House) -> None:
    await house.wishes()
    attempt = await house.begins()
    await house.calling.dial(attempt.call_id)
    house.later(hours=1)
    await house.rounds.round()
    assert (await house.callback()).state == "dialling", "the call may well go on"
    await house.ends(attempt)
    house.later(seconds=31)
    await house.rounds.round()
    assert (await house.callback()).state == "failed"
    assert await house.left() == [("callback", "unknown")]
    assert len(house.line.begun) == 1


async def test_one_that_was_stored_and_never_placed_is_found_again(house: House) -> None:
    """As when the router is killed in between."""
    await house.wishes()
    house.line.error = RuntimeError("killed")
    lost = await house.begins()
    house.line.error = None
    house.later(seconds=60)
    await house.rounds.round()
    assert len(house.line.begun) == 1, "it may be waiting at Asterisk"
    house.later(minutes=6)
    await house.rounds.round()
    house.later(seconds=31)
    await house.rounds.round()
    house.later(seconds=61)
    second = await house.begins()
    assert second.call_id != lost.call_id
    assert await house.calling.dial(lost.call_id) is None


async def test_one_that_cannot_be_placed_is_tried_again_soon(house: House) -> None:
    await house.wishes()
    house.line.error = NotPlaced("no connection")
    refused = await house.begins()
    assert (await house.callback()).state == "open"
    assert (await house.calls.turn(refused.call_id)).session.ended
    house.line.error = None
    house.later(seconds=61)
    await house.begins()
    assert await house.left() == []


async def test_two_processes_begin_it_once(house: House) -> None:
    await house.wishes()
    (row,) = await house.calling.due(["test"])
    first = await house.calling.begin(row, "test", house.line.ref)
    assert first is not None
    assert await house.calling.begin(row, "test", house.line.ref) is None


async def test_a_number_that_is_not_allowed_any_more_is_never_dialled(house: House) -> None:
    await house.wishes()
    attempt = await house.begins()
    house.calling._destinations = Destinations(("AT",))
    assert await house.calling.dial(attempt.call_id) is None
    assert await house.left() == [("callback", "not_allowed")]
    await house.wishes(ERIKA)
    await house.rounds.round()
    assert len(house.line.begun) == 1
    assert await house.left() == [("callback", "not_allowed")] * 2


async def test_nobody_is_called_outside_the_queues_hours_or_the_time_wished_for(house: House) -> None:
    await house.wishes()
    house.now = START.replace(hour=20)
    assert await house.calling.due(["test"]) == []
    house.now = START + timedelta(hours=1)
    wanted = {"wanted_from": house.now + timedelta(hours=1), "wanted_until": house.now + timedelta(hours=2)}
    async with house.database.begin() as connection:
        await callbacks.change(connection, (await house.callback()).id, wanted)
    assert await house.calling.due(["test"]) == []
    house.later(minutes=61)
    assert len(await house.calling.due(["test"])) == 1
    assert await house.calling.due(["asterisk"]) == [], "it came another way"
    house.later(hours=1)
    await house.rounds.round()
    assert house.line.begun == [] and await house.left() == [("callback", "too_late")]


async def test_no_more_are_begun_than_there_is_room_for(house: House) -> None:
    for number in range(4):
        await house.wishes(Caller(f"+49302312502{number}"))
        house.later(seconds=1)
    house.line.places = 0
    await house.rounds.round()
    assert house.line.begun == []
    house.line.places = 1
    await house.rounds.round()
    house.line.places = 5
    house.rounds._at_once = 3
    await house.rounds.round()
    assert [attempt.number[-1] for attempt in house.line.begun] == ["0", "1", "2"]


async def test_only_agents_who_are_ready_and_reachable_this_way_count(house: House) -> None:
    rows = [
        ("a", "ready", "PJSIP/1", ["sales"]),
        ("b", "paused", "PJSIP/2", ["sales"]),
        ("c", "ready", None, ["sales"]),
        ("e", "ready", "+491711234567", ["sales"]),
    ]
    async with house.database.begin() as connection:
        for name, presence, phone, queues in [*rows, ("d", "ready", "PJSIP/3", ["service"])]:
            fixed = {"id": name, "login": name, "name": name, "role": "agent", "language": "de", "skills": []}
            values = {**fixed, "presence": presence, "phone": phone, "queues": queues, "created_at": START}
            await connection.execute(people.insert().values(**values))
    assert await house.calling.on_duty("sales", with_phone=True) == 1
    assert await house.calling.on_duty("sales", with_phone=False) == 1
