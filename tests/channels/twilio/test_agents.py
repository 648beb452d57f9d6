"""Callers from Twilio who wait for agents whose phones we ring: in order, once each, the card on the right desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import pytest
from sqlalchemy import select, update

from router.agents.people import NewPerson, add
from router.agents.ringing import Ringing
from router.calls.handle import Calls
from router.channels.twilio.agents import AgentPhones
from router.flow.files import check
from router.flow.queues import Announcements, Queue
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import calls as calls_table
from router.store.tables import cards, people
from tests.channels.twilio.house import OPEN, application, client_for, settings
from tests.channels.twilio.phone import PUBLIC_URL, PhoneCall, post

TOLD = f"{PUBLIC_URL}/channels/twilio/agents/ringing"
FLOW = check(
    """
version: 1
name: straight
languages: [de]
start: over
steps:
  over:
    type: transfer
    queue: sales
    timeout: 60
    whisper: {de: Ein Anruf.}
    no_answer: sorry
  sorry: {type: hangup, text: {de: Leider ist niemand frei.}}
""",
    "straight.yaml",
)


class Desk:
    """A house whose queue ``sales`` rings its agents' phones."""

    def __init__(self, database: Database) -> None:
        self.database, self.bus, self.now = database, Bus(), OPEN
        self.queues = {"sales": Queue(twilio="agents", ring=20)}
        self.allowed = True
        flows = Flows({FLOW.name: FLOW}, {}, FLOW.name)
        self.calls = Calls(database, self.bus, flows, CodeKeys("s" * 32), self.clock)
        self.ringing = Ringing(database, self.bus, self.clock)
        phones = AgentPhones(database, self.calls, self.ringing, self.clock, self.described, lambda _: self.allowed)
        self.client = client_for(application(self.calls, settings(), agents=phones, describe=self.described))

    def clock(self) -> Any:
        return self.now

    def described(self, queue: str) -> Queue:
        return self.queues.get(queue, Queue())

    async def agent(self, login: str, phone: str, presence: str = "ready", **values: Any) -> str:
        async with self.database.begin() as connection:
            person = NewPerson(login=login, name=login.title(), queues=("sales",))
            person_id = await add(connection, person, ("sales",), self.now)
            row = {"phone": phone, "presence": presence, "presence_since": self.now, **values}
            await connection.execute(update(people).where(people.c.id == person_id).values(**row))
        return person_id

    async def desks(self) -> dict[str, str]:
        query = select(people.c.login, cards.c.state, cards.c.reason).join(people, people.c.id == cards.c.person_id)
        async with self.database.read() as connection:
            return {row.login: row.reason or row.state for row in await connection.execute(query)}

    async def outcomes(self) -> list[Any]:
        async with self.database.read() as connection:
            return list((await connection.execute(select(calls_table.c.state, calls_table.c.outcome))).all())


class Waiting(PhoneCall):
    """A caller; ``rung`` are the phones that the document carried out now rings, by what is dialled."""

    async def ask_again(self) -> ElementTree.Element:
        redirect = self.document.find("Redirect")
        assert redirect is not None, self.xml
        assert redirect.text is not None
        return await self.request(redirect.text, {})

    async def wait(self) -> None:
        await self.begin()
        await self.ask_again()

    @property
    def rung(self) -> dict[str, ElementTree.Element]:
        dial = self.document.find("Dial")
        return {} if dial is None else {each.text or "": each for each in dial}

    async def phone(self, address: str, status: str, leg: str = "9", **more: str) -> httpx.Response:
        """What Twilio posts of the call to an agent's phone (Twilio, "TwiML Voice: <Number>", "statusCallback")."""
        url = self.rung[address].attrib["statusCallback"]
        return await self.told(url, status, leg, **more)

    async def told(self, url: str, status: str, leg: str = "9", **more: str) -> httpx.Response:
        fields = {
            "AccountSid": self.fields["AccountSid"],
            "ApiVersion": "2010-04-01",
            "CallSid": "CA" + leg * 32,
            "ParentCallSid": self.fields["CallSid"],
            "CallStatus": status,
            "CallbackSource": "call-progress-events",
            "Direction": "outbound-dial",
            "SequenceNumber": "1",
            "Timestamp": "Mon, 23 Nov 2026 09:00:03 +0000",
            **more,
        }
        answer = await post(self._client, url, fields)
        assert answer.status_code == 204, answer.text
        return answer

    async def dial_ends(self, status: str) -> ElementTree.Element:
        told = {"DialCallStatus": status, "DialCallSid": "CA" + "9" * 32, "DialBridged": "false"}
        return await self.request(self.action, told)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    made = Desk(database)
    async with made.client:
        yield made


def caller(desk: Desk, number: int = 1) -> Waiting:
    return Waiting(desk.client, f"+493023125001{number}", "CA" + str(number) * 32)


async def test_a_whole_call_to_an_agents_mobile(desk: Desk) -> None:
    anna = await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    dial = phone.document.find("Dial")
    assert dial is not None
    assert (dial.attrib["timeout"], dial.attrib["answerOnBridge"]) == ("20", "true")
    number = phone.rung["+491711234567"]
    assert number.tag == "Number"
    assert number.attrib["statusCallbackEvent"] == "initiated ringing answered completed"
    assert number.attrib["statusCallback"].startswith(f"{TOLD}?call=")
    assert urlsplit(number.attrib["url"]).path == "/channels/twilio/whisper"
    assert anna in number.attrib["statusCallback"]

    await phone.phone("+491711234567", "ringing")
    assert await desk.desks() == {"anna": "ringing"}
    await phone.phone("+491711234567", "in-progress")
    assert await desk.desks() == {"anna": "talking"}
    await phone.phone("+491711234567", "completed")
    assert await desk.desks() == {"anna": "completed"}
    await phone.dial_ends("completed")
    await phone.status()
    assert await desk.outcomes() == [("ended", "left_queue")]


async def test_two_ring_one_answers_and_the_other_card_goes(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    await desk.agent("bert", "sip:bert@pbx.example.net")
    phone = caller(desk)
    await phone.wait()
    number, sip = sorted(phone.rung)
    call_id = phone.action.partition("call=")[2][:32]
    assert sip == f"sip:bert@pbx.example.net?X-Threadline-Call={call_id}&User-to-User={call_id}%3Bencoding%3Dhex"
    await phone.phone(number, "ringing", "8")
    await phone.phone(sip, "ringing", "9")
    assert await desk.desks() == {"anna": "ringing", "bert": "ringing"}
    await phone.phone(sip, "in-progress", "9")
    await phone.phone(number, "canceled", "8")
    assert await desk.desks() == {"anna": "elsewhere", "bert": "talking"}


async def test_news_of_a_phone_in_any_order_and_twice_leave_no_card_behind(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    for status in ("initiated", "ringing", "ringing", "no-answer", "ringing", "no-answer", "initiated"):
        await phone.phone("+491711234567", status)
    assert await desk.desks() == {"anna": "no_answer"}


async def test_nobody_free_hears_announcements_and_gets_who_becomes_free(desk: Desk) -> None:
    anna = await desk.agent("anna", "+491711234567", presence="paused")
    words = {"de": "Danke, dass Sie warten."}
    to_say = Announcements.model_validate({"every": 15, "position": True, "texts": [words]})
    desk.queues["sales"] = Queue(twilio="agents", announcements=to_say)
    phone = caller(desk)
    await phone.wait()
    assert phone.rung == {}
    assert phone.said == []
    desk.now += timedelta(seconds=16)
    await phone.ask_again()
    assert phone.said == ["Sie sind als Nächstes an der Reihe.", "Danke, dass Sie warten."]
    await phone.ask_again()
    assert phone.said == []
    async with desk.database.begin() as connection:
        await connection.execute(update(people).where(people.c.id == anna).values(presence="ready"))
    await phone.ask_again()
    assert list(phone.rung) == ["+491711234567"]


async def test_the_time_in_the_queue_ends(desk: Desk) -> None:
    phone = caller(desk)
    await phone.wait()
    for _ in range(3):
        desk.now += timedelta(seconds=18)
        await phone.ask_again()
        assert phone.document.find("Redirect") is not None
    desk.now += timedelta(seconds=18)
    await phone.ask_again()
    assert phone.said == ["Leider ist niemand frei."]


async def test_who_did_not_answer_is_left_in_peace_for_a_while_and_rung_again(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    await phone.phone("+491711234567", "ringing")
    await phone.phone("+491711234567", "no-answer")
    await phone.dial_ends("no-answer")
    assert phone.rung == {}
    desk.now += timedelta(seconds=16)
    await phone.ask_again()
    assert list(phone.rung) == ["+491711234567"]


async def test_two_callers_never_ring_one_agent(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    first, second = caller(desk, 1), caller(desk, 2)
    await first.wait()
    desk.now += timedelta(seconds=1)
    await second.wait()
    assert (len(first.rung), len(second.rung)) == (1, 0)
    await first.status()  # the first caller gives up
    await second.ask_again()
    assert list(second.rung) == ["+491711234567"]


async def test_the_longer_wait_is_served_first_whoever_asks_first(desk: Desk) -> None:
    anna = await desk.agent("anna", "+491711234567", presence="paused")
    first, second = caller(desk, 1), caller(desk, 2)
    await first.wait()
    desk.now += timedelta(seconds=5)
    await second.wait()
    async with desk.database.begin() as connection:
        await connection.execute(update(people).where(people.c.id == anna).values(presence="ready"))
    await second.ask_again()
    assert second.rung == {}
    await first.ask_again()
    assert list(first.rung) == ["+491711234567"]


async def test_a_repeated_request_gets_the_same_phones(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.begin()
    address = phone.document.findtext("Redirect") or ""
    first = await phone.request(address, {})
    second = await phone.request(address, {})
    assert [each.text for each in first.iter("Number")] == [each.text for each in second.iter("Number")]


async def test_a_phone_that_may_not_be_dialled_is_not(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    desk.allowed = False
    phone = caller(desk)
    await phone.wait()
    assert phone.rung == {}


async def test_who_has_a_caller_on_the_desk_is_not_rung(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    first, second = caller(desk, 1), caller(desk, 2)
    await first.wait()
    await first.phone("+491711234567", "in-progress")
    await second.wait()
    assert second.rung == {}


async def test_the_caller_hangs_up_while_it_rings(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    await phone.phone("+491711234567", "ringing")
    await phone.status()
    assert await desk.desks() == {"anna": "ended"}
    await phone.phone("+491711234567", "canceled")
    assert await desk.desks() == {"anna": "ended"}
    assert await desk.outcomes() == [("ended", "left_queue")]


async def test_what_is_told_of_a_phone_has_to_be_signed(desk: Desk) -> None:
    await desk.agent("anna", "+491711234567")
    phone = caller(desk)
    await phone.wait()
    url = phone.rung["+491711234567"].attrib["statusCallback"]
    fields = {"CallSid": "CA" + "9" * 32, "CallStatus": "ringing"}
    assert (await post(desk.client, url, fields, token="0" * 32)).status_code == 403
    parts = urlsplit(url)
    assert (await desk.client.post(f"{parts.path}?{parts.query}", data=fields)).status_code == 403
    assert await desk.desks() == {}


@pytest.mark.parametrize(
    "query", ["", "?call=x&seq=1&person=y", f"?call={'a' * 32}&seq=1", f"?seq=1&person={'b' * 32}"]
)
async def test_addresses_that_are_not_ours_are_refused(desk: Desk, query: str) -> None:
    fields = {"CallSid": "CA" + "9" * 32, "CallStatus": "ringing"}
    assert (await post(desk.client, TOLD + query, fields)).status_code == 400


async def test_a_call_that_is_not_there_is_told_of_in_vain(desk: Desk) -> None:
    fields = {"CallSid": "CA" + "9" * 32, "CallStatus": "ringing"}
    url = f"{TOLD}?call={'a' * 32}&seq=1&person={'b' * 32}"
    assert (await post(desk.client, url, fields)).status_code == 204


async def test_a_failure_keeps_the_caller_waiting_and_the_third_takes_them_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = caller(desk)
    await phone.wait()

    async def fails(*_: Any) -> Any:
        raise ConnectionError

    monkeypatch.setattr(AgentPhones, "next", fails)
    for _ in range(2):
        await phone.ask_again()
        assert phone.document.find("Pause") is not None
    await phone.ask_again()
    assert phone.document.findtext("Enqueue") == "default"
