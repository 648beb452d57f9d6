"""Calling back through Twilio: what it is asked, what the customer hears, and what it says of the call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import httpx
import pytest
from sqlalchemy import select

from router.agents.ringing import Ringing
from router.calls.calling_back import CallingBack
from router.calls.handle import Calls
from router.calls.rounds import Rounds
from router.channels.twilio.agents import AgentPhones
from router.channels.twilio.calling_back import TwilioCallbacks
from router.core.destinations import Destinations
from router.core.events import Caller, CallStarted, DigitsEntered
from router.flow.queues import Queue
from router.matching.codes import CodeKeys
from router.store import work_items
from router.store.bus import Bus
from router.store.database import Database, new_id
from router.store.tables import callbacks, calls, cards, people
from tests.calls.test_calling_back import START, house_flows
from tests.channels.twilio.house import application, settings
from tests.channels.twilio.phone import ACCOUNT, PUBLIC_URL, SERVICE_NUMBER, TOKEN, call_fields, post, signature

pytestmark = pytest.mark.sqlite_only

NUMBER = "+491713920011"
SID = "CA" + "9" * 32
TAKEN = httpx.Response(201, json={"sid": SID, "status": "queued"})


class House:
    """A caller who wants to be called back, and a Twilio that answers what it is told to."""

    def __init__(self, database: Database, *, rings: bool = False, **over: Any) -> None:
        self.database = database
        self.now = START
        self.answer: httpx.Response | Exception = TAKEN
        self.asked: list[dict[str, str]] = []
        flows = house_flows()
        self.calls = Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: self.now)
        self.calling = CallingBack(database, flows, self.calls.work, Destinations(("DE",)), lambda: self.now, new_id)
        known = {"twilio_account_sid": ACCOUNT, "twilio_callbacks": True, "twilio_queues": {"sales": "queue:s"}, **over}
        self.settings = settings(**known)
        way = TwilioCallbacks(self.settings, self.calling, httpx.MockTransport(self._called), lambda _: rings)
        self.rounds = Rounds(self.calling, self.calls, [way], at_once=5)
        ringing, agents = Ringing(database, Bus(), lambda: self.now), Queue(twilio="agents")
        phones = AgentPhones(database, self.calls, ringing, lambda: self.now, lambda _: agents, lambda _: True)
        more: dict[str, Any] = {"agents": phones, "describe": lambda _: agents} if rings else {}
        app = application(self.calls, self.settings, callbacks=self.calling, **more)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL)

    def _called(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
        self.asked.append({name: value for name, (value,) in parse_qs(request.content.decode()).items()})
        if isinstance(self.answer, Exception):
            raise self.answer
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

    async def status(self, status: str, **more: str) -> int:
        """Twilio, "Calls resource: StatusCallback"; of an outgoing call it is From who calls."""
        (asked,) = self.asked[-1:]
        told = {"To": NUMBER, "Direction": "outbound-api", "CallbackSource": "call-progress-events", **more}
        fields = call_fields(SERVICE_NUMBER, SID, CallStatus=status, SequenceNumber="3", **told)
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


@pytest.mark.parametrize(
    ("told", "result"),
    [
        ({"status": "busy", "SipResponseCode": "486"}, "busy"),
        ({"status": "no-answer", "SipResponseCode": "480"}, "no_answer"),
        ({"status": "failed", "SipResponseCode": "404", "ErrorCode": "13224"}, "failed"),
        ({"status": "canceled"}, "failed"),
        ({"status": "completed", "SipResponseCode": "200", "CallDuration": "1", "Duration": "1"}, "failed"),
        ({"status": "completed", "AnsweredBy": "machine_start", "MachineDetectionDuration": "2780"}, "machine"),
        ({"status": "completed", "AnsweredBy": "fax"}, "machine"),
        ({"status": "completed", "AnsweredBy": "human"}, "failed"),
        ({"status": "no-answer", "AnsweredBy": "unknown"}, "no_answer"),
    ],
)
async def test_who_is_not_reached_is_called_again_later(house: House, told: dict[str, str], result: str) -> None:
    await house.rounds.round()
    for going_on in ("queued", "initiated", "ringing", "in-progress", "something new", ""):
        assert await house.status(going_on) == 204
    assert (await house.one(callbacks)).state == "dialling"
    for _ in range(2):
        assert await house.status(**told) == 204
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


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")])
async def test_where_twilio_may_have_taken_it_nobody_is_called_again(
    house: House, answer: httpx.Response | Exception
) -> None:
    house.answer = answer
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


@pytest.mark.parametrize(
    "kind", ["machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax"]
)
async def test_a_mailbox_is_hung_up_on_and_the_customer_called_again(house: House, kind: str) -> None:
    await house.rounds.round()
    fields = call_fields(SERVICE_NUMBER, SID, CallStatus="in-progress", Direction="outbound-api", To=NUMBER)
    answer = await post(house.client, house.asked[0]["Url"], {**fields, "AnsweredBy": kind})
    assert "<Hangup/>" in answer.text and "Say" not in answer.text
    assert await house.status("completed", AnsweredBy=kind) == 204
    row = await house.one(callbacks)
    assert (row.state, row.attempts, row.last_result) == ("open", 1, "machine")
    house.now = row.next_try_at
    await house.rounds.round()
    assert len(house.asked) == 2
    again = {**fields, "CallSid": "CA" + "7" * 32, "AnsweredBy": "human"}
    assert "Rückruf" in (await post(house.client, house.asked[1]["Url"], again)).text
    assert (await house.one(callbacks)).state == "done"


@pytest.mark.parametrize("kind", ["human", "unknown"])
async def test_whoever_may_be_a_person_is_spoken_to(house: House, kind: str) -> None:
    await house.rounds.round()
    fields = call_fields(SERVICE_NUMBER, SID, CallStatus="in-progress", Direction="outbound-api", To=NUMBER)
    assert "Rückruf" in (await post(house.client, house.asked[0]["Url"], {**fields, "AnsweredBy": kind})).text


async def test_twilio_finds_out_who_answers_where_that_is_wanted(database: Database) -> None:
    house = House(database, twilio_detect_machines=True)
    await house.wishes()
    await house.rounds.round()
    assert (house.asked[0]["MachineDetection"], house.asked[0]["MachineDetectionTimeout"]) == ("Enable", "6")


@pytest.mark.parametrize("answer", [401, 403, 404, 429, httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
async def test_what_says_nothing_of_the_number_counts_as_no_attempt(house: House, answer: int | Exception) -> None:
    house.answer = httpx.Response(answer) if isinstance(answer, int) else answer
    for _ in range(4):
        await house.rounds.round()
        house.now += timedelta(seconds=61)
    row = await house.one(callbacks)
    assert (row.state, row.attempts, row.last_result) == ("open", 0, "nobody")
    house.answer = TAKEN
    await house.rounds.round()
    await house.status("busy")
    row = await house.one(callbacks)
    assert (row.state, row.attempts, row.last_result) == ("open", 1, "busy")


@pytest.mark.parametrize("number", ["+4990012345678", "+436641234567", "+49137123456", "sip:x@example.net", "+1"])
async def test_a_number_that_was_changed_meanwhile_has_to_be_allowed_as_well(house: House, number: str) -> None:
    dial = house.calling.dial

    async def changed(call_id: str) -> Any:
        async with house.database.begin() as connection:
            await connection.execute(callbacks.update().values(number=number))
        return await dial(call_id)

    house.calling.dial = changed  # type: ignore[method-assign]
    await house.rounds.round()
    assert house.asked == []
    row = await house.one(callbacks)
    assert (row.state, row.attempts, row.last_result) == ("failed", 0, "not_allowed")
    assert (await house.attempt()).state == "ended"


async def test_nobody_is_called_for_agents_whose_phones_twilio_cannot_ring(database: Database) -> None:
    house = House(database, rings=True)
    await house.wishes()
    await house.rounds.round()
    assert house.asked == []
    async with database.begin() as connection:
        await connection.execute(people.update().values(phone="+491711234567"))
    await house.rounds.round()
    assert len(house.asked) == 1


async def test_the_agent_has_the_card_of_whoever_asked_to_be_called(database: Database) -> None:
    house = House(database, rings=True)
    await house.wishes()
    async with database.begin() as connection:
        await connection.execute(people.update().values(id="a" * 32, phone="+491711234567"))
    await house.rounds.round()
    fields = call_fields(SERVICE_NUMBER, SID, CallStatus="in-progress", Direction="outbound-api", To=NUMBER)
    greeted = ElementTree.fromstring((await post(house.client, house.asked[0]["Url"], fields)).text)
    waits = greeted.findtext("Redirect")
    assert waits is not None
    (rung,) = ElementTree.fromstring((await post(house.client, waits, fields)).text).iter("Number")
    assert rung.text == "+491711234567"
    leg = {"CallSid": "CA" + "6" * 32, "ParentCallSid": SID, "CallStatus": "in-progress"}
    assert (await post(house.client, rung.attrib["statusCallback"], leg)).status_code == 204
    attempt, card = await house.attempt(), await house.one(cards)
    assert (card.call_id, card.person_id, card.state) == (attempt.id, "a" * 32, "talking")
    assert attempt.callback_id == (await house.one(callbacks)).id


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
