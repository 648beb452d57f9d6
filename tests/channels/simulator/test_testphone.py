"""Test calls: dialled, waiting, answered in the browser, given up, and none left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from router.calls.handle import Calls
from router.channels.simulator.opening import opening_routes
from router.channels.simulator.phone import BadNumber, TestPhone, caller_from
from router.channels.simulator.queues import LEFT_AFTER, QueueFull, SimulatedQueues
from router.channels.simulator.routes import routes
from router.core.commands import Leg, RecordMessage, Transfer
from router.core.events import InputTimedOut, RecordingEnded, TransferEnded
from router.engine.session import State, commands_to_json
from router.errors import Refused
from router.flow.files import check
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import calls
from router.store.bus import Bus
from router.store.database import Connection, Database

FLOW = check(
    """
version: 1
name: short
languages: [de]
start: connect
steps:
  connect: {type: transfer, queue: sales, timeout: 5, no_answer: message, unavailable: message}
  message: {type: voicemail, text: {de: Bitte sprechen Sie.}}
""",
    "short.yaml",
)


class Desk:
    """Stands for the agents' side; remembers what it was told."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ready: list[str] = []
        self.skills: set[str] = set()
        self.told: list[tuple[str, ...]] = []
        self.rang = asyncio.Event()

    async def called(self, call_key: str, call_id: str | None, person_id: str, queue: str | None) -> None:
        self.told.append(("called", person_id, queue or ""))
        self.rang.set()

    async def picked_up(self, call_id: str, person_id: str) -> bool:
        async with self._database.begin() as connection:
            call = await calls.by_id(connection, call_id, lock=True)
            if call is None or call.state != "queue":
                return False
            await calls.change(connection, call_id, {"state": "talking"})
        self.told.append(("answered", person_id))
        return True

    async def completed(self, call_key: str, person_id: str) -> None:
        self.told.append(("completed", person_id))

    async def over(self, call_key: str, reason: str) -> None:
        self.told.append(("over", reason))

    async def left_queue(self, call_key: str) -> None:
        self.told.append(("left_queue",))

    async def who_is_ready(self, leg: Leg) -> list[str]:
        return [each for each in self.ready if leg.person in (None, each) and set(leg.skills) <= self.skills]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


Process = Callable[[], TestPhone]


@pytest.fixture
def process(database: Database, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Process:
    """Makes the test phone of another process at the same database; none of them rings until its queues run."""
    monkeypatch.setattr("router.channels.simulator.queues.LOOK_AGAIN", 0.02)

    def made() -> TestPhone:
        bus = Bus()
        flows = Flows({"short": FLOW}, {}, "short")
        phone = TestPhone(Calls(database, bus, flows, CodeKeys("x" * 32), clock), "DE")
        phone.queues = SimulatedQueues(database, bus, clock, desk, desk.who_is_ready, phone.transfer_ended)
        return phone

    return made


@asynccontextmanager
async def ringing(phone: TestPhone) -> AsyncIterator[None]:
    """The process that rings for all."""
    assert phone.queues is not None
    task = asyncio.create_task(phone.queues.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def phone(process: Process) -> AsyncIterator[TestPhone]:
    phone = process()
    async with ringing(phone):
        yield phone


async def test_whoever_becomes_ready_is_rung_and_may_answer(phone: TestPhone, desk: Desk) -> None:
    turn = await phone.dial("030 23125 011", withheld=False, service_number="030 23125 000")
    assert isinstance(turn.commands[-1], Transfer)
    assert desk.told == []
    desk.ready.append("kim")
    await asyncio.wait_for(desk.rang.wait(), 60)
    assert await phone.answer(turn.call_id, "kim")
    assert not await phone.answer(turn.call_id, "robin"), "only one can answer"
    assert desk.told == [("called", "kim", "sales"), ("answered", "kim")]
    assert await phone.finish(turn.call_id, "kim")
    assert (await phone.hang_up(turn.call_id)).session.state is State.ENDED


async def test_hanging_up_while_it_rings_takes_the_card_away(phone: TestPhone, desk: Desk) -> None:
    desk.ready.append("kim")
    turn = await phone.dial("", withheld=True, service_number=None)
    await asyncio.wait_for(desk.rang.wait(), 60)
    ended = await phone.hang_up(turn.call_id)
    assert ended.session.ended
    assert desk.told[-1] == ("over", "hung_up")
    assert not await phone.answer(turn.call_id, "kim")


async def test_a_call_is_hung_up_when_its_page_has_been_away_for_a_while(
    process: Process, desk: Desk, clock: Clock
) -> None:
    phone = process()
    queues = phone.queues
    assert queues is not None
    queues.hang_up = phone.hang_up
    await queues.look()
    followed, scripts = [await phone.dial("", withheld=True, service_number=None) for _ in range(2)]
    await phone.answer(followed.call_id, "kim")
    await phone.answer(scripts.call_id, "kim")  # nobody ever asked for news of it
    await phone.seen(followed.call_id)
    for _ in range(2):
        clock.move(LEFT_AFTER.total_seconds() - 1)
        await queues.look()
        assert ("over", "hung_up") not in desk.told
        await phone.seen(followed.call_id)
    clock.move(LEFT_AFTER.total_seconds() + 1)
    await queues.look()
    assert desk.told.count(("over", "hung_up")) == 1
    states = [(await phone._calls.turn(each.call_id)).session.ended for each in (followed, scripts)]
    assert states == [True, False]


async def test_after_an_outage_pages_have_the_time_to_say_that_they_are_there(
    process: Process, desk: Desk, clock: Clock
) -> None:
    phone = process()
    queues = phone.queues
    assert queues is not None
    queues.hang_up = phone.hang_up
    turn = await phone.dial("", withheld=True, service_number=None)
    await phone.answer(turn.call_id, "kim")
    await phone.seen(turn.call_id)
    await queues.look()
    clock.move(LEFT_AFTER.total_seconds() * 3)  # the database was away
    queues._looking_since = None
    await queues.look()
    assert ("over", "hung_up") not in desk.told
    clock.move(LEFT_AFTER.total_seconds() + 1)
    await queues.look()
    assert desk.told[-1] == ("over", "hung_up")


async def test_a_call_waits_on_while_the_database_is_away(
    phone: TestPhone, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter([ConnectionRefusedError(), ConnectionRefusedError()])
    who_is_ready = desk.who_is_ready

    async def away_for_a_while(leg: Leg) -> list[str]:
        if trouble := next(states, None):
            raise trouble
        return await who_is_ready(leg)

    monkeypatch.setattr(phone.queues, "_who_is_ready", away_for_a_while)
    desk.ready.append("kim")
    turn = await phone.dial("", withheld=True, service_number=None)
    await asyncio.wait_for(desk.rang.wait(), 60)
    assert await phone.answer(turn.call_id, "kim")


async def test_when_nobody_answers_the_flow_goes_on(
    phone: TestPhone, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = asyncio.Event()
    ended = phone.transfer_ended

    async def transfer_ended(call_id: str, event: TransferEnded, sequence: int | None = None) -> None:
        await ended(call_id, event, sequence)
        given_up.set()

    assert phone.queues is not None
    monkeypatch.setattr(phone.queues, "done", transfer_ended)
    turn = await phone.dial("", withheld=True, service_number=None)
    clock.move(5)
    await asyncio.wait_for(given_up.wait(), 60)
    assert ("over", "no_answer") in desk.told
    now = await phone._calls.turn(turn.call_id)
    assert isinstance(now.commands[-1], RecordMessage)
    done = await phone.send(turn.call_id, RecordingEnded(None, 0, "Rufen Sie mich an"), now.sequence)
    assert done.session.ended


LEGS = (Leg("sales", 10, (), "robin"), Leg("sales", 10, ("english",)), Leg("service", 60, (), "kim"))


async def with_legs(database: Database, phone: TestPhone) -> str:
    """A call that waits in one place after the other; its id."""
    turn = await phone.dial("", withheld=True, service_number=None)
    reply = commands_to_json((Transfer("sales", 80, legs=LEGS),))
    async with database.begin() as connection:
        await calls.change(connection, turn.call_id, {"reply": reply})
    return turn.call_id


async def test_one_leg_comes_after_the_other(process: Process, database: Database, desk: Desk, clock: Clock) -> None:
    phone = process()
    assert phone.queues is not None
    desk.ready += ["kim", "robin"]
    call = await with_legs(database, phone)
    assert await phone.queues.look() == pytest.approx(0.02)
    assert desk.told == [("called", "robin", "sales")]
    clock.move(10)
    await phone.queues.look()
    assert desk.told[1:] == [("left_queue",)], "nobody speaks English"
    clock.move(9.99)
    assert await phone.queues.look() == pytest.approx(0.01), "it looks when the next leg begins"
    clock.move(0.01)
    await phone.queues.look()
    await phone.queues.look()
    assert desk.told[2:] == [("left_queue",), ("called", "kim", "service")]
    assert await phone.answer(call, "kim")


async def test_any_process_dials_answers_and_hangs_up_while_one_rings(
    process: Process, desk: Desk, clock: Clock
) -> None:
    there, here, rings = process(), process(), process()
    desk.ready.append("kim")
    first = await there.dial("", withheld=True, service_number=None)
    second = await here.dial("", withheld=True, service_number=None)
    async with ringing(rings):
        await asyncio.wait_for(desk.rang.wait(), 60)
        assert await here.answer(first.call_id, "kim")
        assert not await there.answer(first.call_id, "robin"), "only one can answer"
        assert (await there.hang_up(second.call_id)).session.ended
        assert not await here.answer(second.call_id, "kim")
        clock.move(60)
        third = await here.dial("", withheld=True, service_number=None)
        clock.move(5)
        assert rings.queues is not None
        async with asyncio.timeout(60):
            while isinstance((await here._calls.turn(third.call_id)).commands[-1], Transfer):
                await rings.queues.look()
    assert (await here._calls.turn(first.call_id)).talking, "whose time to wait is long up, but who was answered"
    given_back = await here._calls.turn(third.call_id)
    assert isinstance(given_back.commands[-1], RecordMessage)


async def test_who_takes_over_goes_on_where_the_other_one_was(
    process: Process, database: Database, desk: Desk, clock: Clock
) -> None:
    dead, alive = process(), process()
    assert dead.queues is not None and alive.queues is not None
    desk.ready += ["kim", "robin"]
    call = await with_legs(database, dead)
    await dead.queues.look()
    clock.move(25)
    await alive.queues.look()
    assert desk.told == [("called", "robin", "sales"), ("left_queue",), ("called", "kim", "service")]
    assert await alive.answer(call, "kim")


async def test_somebody_who_picks_up_as_the_time_is_up_keeps_the_caller(
    process: Process, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, other = process(), process()
    assert phone.queues is not None
    turn = await phone.dial("", withheld=True, service_number=None)
    clock.move(5)
    look = calls.waits_no_more

    async def later(connection: Connection, call_id: str) -> bool:
        monkeypatch.setattr("router.channels.simulator.queues.calls.waits_no_more", look)
        await calls.change(connection, call_id, {"state": "talking"})
        return await look(connection, call_id)

    monkeypatch.setattr("router.channels.simulator.queues.calls.waits_no_more", later)
    await phone.queues.look()
    assert ("over", "no_answer") not in desk.told
    assert (await other._calls.turn(turn.call_id)).talking


async def test_a_call_that_cannot_go_on_does_not_keep_the_others(
    process: Process, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = process()
    assert phone.queues is not None
    broken = await phone.dial("", withheld=True, service_number=None)
    clock.move(5)
    tries = []

    async def fails(call_id: str, event: TransferEnded, sequence: int | None = None) -> None:
        tries.append(call_id)
        raise LookupError("its flow is gone")

    monkeypatch.setattr(phone.queues, "done", fails)
    waits = await phone.dial("", withheld=True, service_number=None)
    desk.ready.append("kim")
    await phone.queues.look()
    await phone.queues.look()
    assert tries == [broken.call_id]
    assert desk.told.count(("called", "kim", "sales")) == 1
    assert await phone.answer(waits.call_id, "kim")


async def test_too_many_that_wait_keep_others_from_being_dialled(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.channels.simulator.queues.MOST_WAITING", 2)
    phone = process()
    for _ in range(2):
        turn = await phone.dial("", withheld=True, service_number=None)
    with pytest.raises(QueueFull):
        await process().dial("", withheld=True, service_number=None)
    await phone.hang_up(turn.call_id)
    await phone.dial("", withheld=True, service_number=None)


async def test_a_repeated_answer_does_not_begin_the_wait_anew(process: Process, desk: Desk, clock: Clock) -> None:
    phone = process()
    assert phone.queues is not None
    turn = await phone.dial("", withheld=True, service_number=None)
    clock.move(4)
    again = await phone.send(turn.call_id, InputTimedOut(), turn.sequence - 1)
    assert again.repeated
    clock.move(1)
    await phone.queues.look()
    assert ("over", "no_answer") in desk.told


@pytest.mark.parametrize("number", ["12", "hello", "+49 30 x", "0" * 100])
def test_a_number_no_telephone_has_is_refused_by_name(number: str) -> None:
    with pytest.raises(BadNumber, match="is not a telephone number"):
        caller_from(number, False, "DE")


def test_withholding_drops_the_number() -> None:
    assert caller_from("030 23125 011", True, "DE").number is None
    assert caller_from("anonymous", False, "DE").withheld


PATH = "/testphone/calls"
TEXTING = check(
    """
version: 1
name: texting
languages: [de]
start: send
steps:
  send: {type: send_message, text: {de: "https://example.net/s"}, next: ask}
  ask: {type: menu, text: {de: Noch einmal?}, options: {"1": {next: send}}}
""",
    "texting.yaml",
)


async def nobody(_: object) -> None:
    raise AssertionError("no draft is called")


async def test_the_page_is_told_the_text_messages_that_nobody_gets(database: Database) -> None:
    bus, clock = Bus(), lambda: datetime(2026, 11, 23, 10, tzinfo=UTC)
    calls = Calls(database, bus, Flows({"texting": TEXTING}, {}, "texting"), CodeKeys("x" * 32), clock)
    app = FastAPI()
    app.include_router(routes(TestPhone(calls, "DE"), calls, bus, clock, lambda: None, nobody))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        dialled = (await browser.post(PATH, json={"from": "0171 39200 11"})).json()
        assert dialled["texts"] == ["https://example.net/s"]
        pressed = {"sequence": dialled["sequence"], "kind": "digits_entered", "digits": "1"}
        again = (await browser.post(f"{PATH}/{dialled['call']}/events", json=pressed)).json()
        assert again["texts"] == ["https://example.net/s"] * 2
        assert (await browser.get(f"{PATH}/{dialled['call']}")).json()["texts"] == again["texts"]
        withheld = (await browser.post(PATH, json={"withheld": True})).json()
        assert withheld["texts"] == []


HOURS = check(
    """
version: 1
name: office
languages: [de]
hours:
  office: {weekly: {mon-fri: ["08:00-20:00"], sat: ["09:00-16:00"]}}
start: is_somebody_there
steps:
  is_somebody_there: {type: hours, during: office, open: connect, closed: bye}
  connect: {type: transfer, queue: sales}
  bye: {type: hangup}
""",
    "office.yaml",
)


async def test_a_call_on_friday_night_reaches_somebody_by_saturdays_opening_hours(database: Database) -> None:
    bus, clock = Bus(), lambda: datetime(2026, 11, 27, 20, 40, tzinfo=UTC)
    flows = Flows({"office": HOURS}, {}, "office")
    calls = Calls(database, bus, flows, CodeKeys("x" * 32), clock)
    app = FastAPI()
    app.include_router(routes(TestPhone(calls, "DE"), calls, bus, clock, lambda: None, nobody))
    app.include_router(opening_routes(flows, clock, "DE", lambda: None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as browser:
        opening = (await browser.get("/testphone/opening", params={"to": "030 23125 000"})).json()
        assert (opening["open"], opening["zone"]) == (False, "Europe/Berlin")
        assert datetime.fromisoformat(opening["next"]) == datetime(2026, 11, 28, 9, tzinfo=UTC)
        pretended = (await browser.post(PATH, json={"from": "0171 39200 11", "hours_at": opening["next"]})).json()
        assert pretended["state"] == "queue"
        assert pretended["trace"][0]["note"] == "office: open on 2026-11-28 at 10:00"
        assert {entry["at"] for entry in pretended["trace"]} == {"2026-11-27T20:40:00Z"}, "all else happens now"
        real = (await browser.post(PATH, json={"from": "0171 39200 11"})).json()
        assert real["state"] == "ended"
        later = {"from": "0171 39200 11", "at": "2026-11-30T10:00:00Z", "hours_at": "2026-11-29T10:00:00Z"}
        sunday = (await browser.post(PATH, json=later)).json()
        assert sunday["trace"][0]["note"] == "office: closed on 2026-11-29 at 11:00"
        with pytest.raises(Refused, match="hours_at: is more than a year away"):
            await browser.post(PATH, json={"from": "0171 39200 11", "hours_at": "2028-11-30T10:00:00Z"})


async def test_while_it_is_open_nothing_is_pretended(database: Database) -> None:
    flows = Flows({"office": HOURS}, {}, "office")
    app = FastAPI()
    app.include_router(opening_routes(flows, lambda: datetime(2026, 11, 27, 10, tzinfo=UTC), "DE", lambda: None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as browser:
        opening = (await browser.get("/testphone/opening")).json()
    assert (opening["open"], opening["next"]) == (True, None)
