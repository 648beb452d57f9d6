"""Test calls: dialled, waiting, answered in the browser, given up, and none left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from router.calls.handle import Calls
from router.channels.simulator.opening import opening_routes
from router.channels.simulator.phone import BadNumber, TestPhone, caller_from
from router.channels.simulator.queues import SimulatedQueues
from router.channels.simulator.routes import routes
from router.core.commands import Leg, RecordMessage, Transfer
from router.core.events import InputTimedOut, RecordingEnded
from router.engine.session import State
from router.errors import Refused
from router.flow.files import check
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Database

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

    def __init__(self) -> None:
        self.ready: list[str] = []
        self.skills: set[str] = set()
        self.told: list[tuple[str, ...]] = []
        self.rang = asyncio.Event()

    async def called(self, call_key: str, call_id: str | None, person_id: str, queue: str | None) -> None:
        self.told.append(("called", person_id, queue or ""))
        self.rang.set()

    async def answered(self, call_key: str, person_id: str) -> None:
        self.told.append(("answered", person_id))

    async def completed(self, call_key: str, person_id: str) -> None:
        self.told.append(("completed", person_id))

    async def over(self, call_key: str, reason: str) -> None:
        self.told.append(("over", reason))

    async def left_queue(self, call_key: str) -> None:
        self.told.append(("left_queue",))

    async def who_is_ready(self, leg: Leg) -> list[str]:
        return [each for each in self.ready if leg.person in (None, each) and set(leg.skills) <= self.skills]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def phone(database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestPhone]:
    monkeypatch.setattr("router.channels.simulator.queues.LOOK_AGAIN", 0.02)
    bus = Bus()
    flows = Flows({"short": FLOW}, {}, "short")
    calls = Calls(database, bus, flows, CodeKeys("x" * 32), lambda: datetime(2026, 11, 23, 10, tzinfo=UTC))
    phone = TestPhone(calls, "DE")
    phone.queues = SimulatedQueues(desk, desk.who_is_ready, phone.transfer_ended, bus)
    yield phone
    await phone.queues.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("test call")]


async def test_whoever_becomes_ready_is_rung_and_may_answer(phone: TestPhone, desk: Desk) -> None:
    turn = await phone.dial("030 23125 011", withheld=False, service_number="030 23125 000")
    assert isinstance(turn.commands[-1], Transfer)
    assert desk.told == []
    desk.ready.append("kim")
    await asyncio.wait_for(desk.rang.wait(), 5)
    assert await phone.answer(turn.call_id, "kim")
    assert not await phone.answer(turn.call_id, "robin"), "only one can answer"
    assert desk.told == [("called", "kim", "sales"), ("answered", "kim")]
    assert await phone.finish(turn.call_id, "kim")
    assert (await phone.hang_up(turn.call_id)).session.state is State.ENDED


async def test_hanging_up_while_it_rings_takes_the_card_away(phone: TestPhone, desk: Desk) -> None:
    desk.ready.append("kim")
    turn = await phone.dial("", withheld=True, service_number=None)
    await asyncio.wait_for(desk.rang.wait(), 5)
    ended = await phone.hang_up(turn.call_id)
    assert ended.session.ended
    assert desk.told[-1] == ("over", "hung_up")
    assert not await phone.answer(turn.call_id, "kim")


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
    await asyncio.wait_for(desk.rang.wait(), 5)
    assert await phone.answer(turn.call_id, "kim")


async def test_when_nobody_answers_the_flow_goes_on(
    phone: TestPhone, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = asyncio.Event()
    ended = phone.transfer_ended

    async def transfer_ended(call_id: str, event: object) -> None:
        await ended(call_id, event)  # type: ignore[arg-type]
        given_up.set()

    assert phone.queues is not None
    monkeypatch.setattr(phone.queues, "done", transfer_ended)
    turn = await phone.dial("", withheld=True, service_number=None)
    phone.queues._waiting[turn.call_id].cancel()  # the five seconds of the flow are shortened to none
    await asyncio.gather(phone.queues._waiting[turn.call_id], return_exceptions=True)
    phone.queues.enter(turn.call_id, Transfer("sales", 0))
    await asyncio.wait_for(given_up.wait(), 5)
    assert ("over", "no_answer") in desk.told
    now = await phone._calls.turn(turn.call_id)
    assert isinstance(now.commands[-1], RecordMessage)
    done = await phone.send(turn.call_id, RecordingEnded(None, 0, "Rufen Sie mich an"), now.sequence)
    assert done.session.ended


async def test_one_leg_comes_after_the_other(phone: TestPhone, desk: Desk) -> None:
    assert phone.queues is not None
    desk.ready.append("kim")
    turn = await phone.dial("", withheld=True, service_number=None)
    phone.queues._waiting[turn.call_id].cancel()  # its own wait, for one with legs
    await asyncio.gather(phone.queues._waiting[turn.call_id], return_exceptions=True)
    desk.told.clear()
    desk.rang = asyncio.Event()
    legs = (Leg("sales", 0, (), "robin"), Leg("sales", 0, ("english",)), Leg("service", 60, (), "kim"))
    phone.queues.enter(turn.call_id, Transfer("sales", 60, legs=legs))
    await asyncio.wait_for(desk.rang.wait(), 5)
    assert desk.told[-2:] == [("left_queue",), ("called", "kim", "service")]
    assert ("called", "kim", "sales") not in desk.told, "kim is neither robin, nor speaks English"
    assert await phone.answer(turn.call_id, "kim")


async def test_a_repeated_answer_does_not_enter_the_queue_twice(phone: TestPhone, desk: Desk) -> None:
    turn = await phone.dial("", withheld=True, service_number=None)
    again = await phone.send(turn.call_id, InputTimedOut(), turn.sequence - 1)
    assert again.repeated
    assert phone.queues is not None
    assert len(phone.queues._waiting) == 1


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
