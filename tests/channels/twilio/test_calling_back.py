"""Calling back through Twilio: what it is asked, what the customer hears, and what it says of the call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from sqlalchemy import select

from router.calls.calling_back import CallingBack
from router.calls.handle import Calls
from router.calls.rounds import Rounds
from router.channels.twilio.calling_back import TwilioCallbacks
from router.core.destinations import Destinations
from router.core.events import Caller, CallStarted, DigitsEntered
from router.matching.codes import CodeKeys
from router.store import work_items
from router.store.bus import Bus
from router.store.database import Database, new_id
from router.store.tables import callbacks, calls, people
from tests.calls.test_calling_back import START, house_flows
from tests.channels.twilio.house import application, settings
from tests.channels.twilio.phone import ACCOUNT, PUBLIC_URL, SERVICE_NUMBER, TOKEN, call_fields, post, signature

pytestmark = pytest.mark.sqlite_only

NUMBER = "+491713920011"
SID = "CA" + "9" * 32


class House:
    """A caller who wants to be called back, and a Twilio that answers what it is told to."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START
        self.answer = httpx.Response(201, json={"sid": SID, "status": "queued"})
        self.asked: list[dict[str, str]] = []
        flows = house_flows()
        self.calls = Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: self.now)
        self.calling = CallingBack(database, flows, self.calls.work, Destinations(("DE",)), lambda: self.now, new_id)
        self.settings = settings(twilio_account_sid=ACCOUNT, twilio_callbacks=True, twilio_queues={"sales": "queue:s"})
        way = TwilioCallbacks(self.settings, self.calling, httpx.MockTransport(self._called))
        self.rounds = Rounds(self.calling, self.calls, [way], at_once=5)
        app = application(self.calls, self.settings, callbacks=self.calling)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL)

    def _called(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
        self.asked.append({name: value for name, (value,) in parse_qs(request.content.decode()).items()})
        return self.answer

    async def wishes(self) -> None:
        begun = CallStarted("twilio", Caller(NUMBER), SERVICE_NUMBER)
        turn = await self.calls.begin("twilio", "CA" + "1" * 32, begun)
        for key in ("2", "1"):
            turn = await self.calls.handle(turn.call_id, DigitsEntered(key))
        async with self.database.begin() as connection:
            row = {"id": "anna", "login": "anna", "name": "Anna", "role": "agent", "language": "de", "skills": []}
            await connection.execute(
                people.insert().values(**row, presence="ready", queues=["sales"], created_at=START)
            )

    async def one(self, table: Any) -> Any:
        async with self.database.read() as connection:
            return (await connection.execute(select(table).order_by(table.c.id))).all()[-1]

    async def attempt(self) -> Any:
        async with self.database.read() as connection:
            return (await connection.execute(select(calls).where(calls.c.direction == "out"))).one()

    async def status(self, status: str) -> int:
        (asked,) = self.asked[-1:]
        fields = call_fields(NUMBER, SID, CallStatus=status, Direction="outbound-api")
        return (await post(self.client, asked["StatusCallback"], fields)).status_code


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    made = House(database)
    await made.wishes()
    async with made.client:
        yield made


async def test_what_twilio_is_asked_and_what_the_customer_hears(house: House) -> None:
    await house.rounds.round()
    (asked,) = house.asked
    attempt = await house.attempt()
    assert asked == {
        "To": NUMBER,
        "From": SERVICE_NUMBER,
        "Url": f"{PUBLIC_URL}/channels/twilio/callback?call={attempt.id}",
        "Method": "POST",
        "StatusCallback": f"{PUBLIC_URL}/channels/twilio/callback-status?call={attempt.id}",
        "StatusCallbackMethod": "POST",
        "Timeout": "25",
    }
    assert attempt.state == "flow", "nobody waits before the customer is there"
    fields = call_fields(SERVICE_NUMBER, SID, CallStatus="in-progress", Direction="outbound-api", To=NUMBER)
    first = await post(house.client, asked["Url"], fields)
    assert "Rückruf" in first.text and ">s</Enqueue>" in first.text
    assert (await post(house.client, asked["Url"], fields)).text == first.text, "asked again it is the same"
    assert "Enqueue" not in (await post(house.client, asked["Url"], {**fields, "CallSid": "CA" + "8" * 32})).text
    attempt = await house.attempt()
    assert (attempt.state, attempt.channel_ref) == ("queue", SID)
    assert (await house.one(callbacks)).state == "done"
    assert await house.status("completed") == 204
    assert (await house.attempt()).state == "ended"
    house.now += timedelta(days=1)
    await house.rounds.round()
    assert len(house.asked) == 1


@pytest.mark.parametrize(("told", "result"), [("busy", "busy"), ("no-answer", "no_answer"), ("failed", "failed")])
async def test_who_is_not_reached_is_called_again_later(house: House, told: str, result: str) -> None:
    await house.rounds.round()
    assert await house.status("ringing") == 204
    assert (await house.one(callbacks)).state == "dialling"
    for _ in range(2):
        assert await house.status(told) == 204
    row = await house.one(callbacks)
    assert (row.state, row.attempts, row.last_result) == ("open", 1, result)
    assert row.next_try_at == house.now + timedelta(minutes=15)


async def test_a_number_that_twilio_refuses_is_left_to_people_in_the_end(house: House) -> None:
    house.answer = httpx.Response(400, json={"code": 21211, "message": f"{NUMBER} is not valid"})
    for _ in range(2):
        await house.rounds.round()
        house.now += timedelta(minutes=16)
    assert (await house.one(callbacks)).state == "failed"
    async with house.database.read() as connection:
        assert [row.kind for row in await work_items.left(connection, None, 5)] == ["callback"]


async def test_where_twilio_may_have_taken_it_nobody_is_called_again(house: House) -> None:
    house.answer = httpx.Response(503)
    await house.rounds.round()
    for _ in range(4):
        house.now += timedelta(hours=3)
        await house.rounds.round()
    assert len(house.asked) == 1
    row = await house.one(callbacks)
    assert (row.state, row.last_result) == ("failed", "unknown")


async def test_nobody_is_called_while_no_agent_is_free(house: House) -> None:
    waiting = await house.calls.begin("twilio", "CA" + "2" * 32, CallStarted("twilio", Caller("+4930231250111")))
    await house.calls.handle(waiting.call_id, DigitsEntered("1"))
    await house.rounds.round()
    assert house.asked == []


@pytest.mark.parametrize("path", ["/channels/twilio/callback", "/channels/twilio/callback-status"])
async def test_forged_and_odd_requests_change_nothing(house: House, path: str) -> None:
    await house.rounds.round()
    fields = call_fields(NUMBER, SID, CallStatus="completed")
    attempt = await house.attempt()
    for query, token, expected in (
        (f"call={attempt.id}", "x" * 32, 403),
        ("call=x", TOKEN, 400),
        ("call=", TOKEN, 400),
    ):
        url = f"{PUBLIC_URL}{path}?{query}"
        headers = {"X-Twilio-Signature": signature(url, fields, token)}
        assert (await house.client.post(url, data=fields, headers=headers)).status_code == expected
    assert (await house.one(callbacks)).state == "dialling"
