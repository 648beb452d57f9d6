"""A house whose queue rings its agents' phones through Twilio, and callers who wait there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import httpx
from sqlalchemy import select, update

from router.agents.people import NewPerson, add
from router.agents.ringing import Ringing
from router.calls.handle import Calls
from router.channels.twilio.agents import AgentPhones
from router.flow.files import check
from router.flow.queues import Queue
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
languages: [de, en]
start: over
steps:
  over:
    type: transfer
    queue: sales
    timeout: 60
    whisper: {de: Ein Anruf., en: A call.}
    no_answer: sorry
  sorry: {type: hangup, text: {de: Leider ist niemand frei., en: Nobody is free.}}
""",
    "straight.yaml",
)


class Desk:
    """A house whose queue ``sales`` rings its agents' phones."""

    def __init__(self, database: Database, asks: Callable[[str], bool] = lambda _: False) -> None:
        self.database, self.bus, self.now = database, Bus(), OPEN
        self.queues = {"sales": Queue(twilio="agents", ring=20)}
        self.allowed = True
        flows = Flows({FLOW.name: FLOW}, {}, FLOW.name)
        self.calls = Calls(database, self.bus, flows, CodeKeys("s" * 32), self.clock)
        self.ringing = Ringing(database, self.bus, self.clock, describe=lambda queue: self.described(queue or ""))
        may = lambda _: self.allowed  # noqa: E731
        phones = AgentPhones(database, self.calls, self.ringing, self.clock, self.described, may, asks)
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

    async def becomes(self, person_id: str, presence: str) -> None:
        async with self.database.begin() as connection:
            await connection.execute(update(people).where(people.c.id == person_id).values(presence=presence))

    async def rows(self, table: Any = calls_table) -> list[Any]:
        async with self.database.read() as connection:
            return list((await connection.execute(select(table))).all())

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

    async def dial_ends(self, status: str, leg: str = "9", **more: str) -> ElementTree.Element:
        """The `<Dial>` is over (Twilio, "TwiML Voice: <Dial>", "action")."""
        told = {"DialCallStatus": status, "DialCallSid": "CA" + leg * 32, "DialCallDuration": "63"}
        bridged = str(status == "completed").lower()
        return await self.request(self.action, {**told, "DialBridged": bridged, **more})


def caller(desk: Desk, number: int = 1) -> Waiting:
    return Waiting(desk.client, f"+493023125001{number}", "CA" + str(number) * 32)
