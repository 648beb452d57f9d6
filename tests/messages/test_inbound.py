"""Text messages that customers write: whose they are, what they answer, and who is told of them."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from router.calls.outbox import Outbox, Outgoing, Unsendable
from router.calls.texting import Texting, TextLimits
from router.channels.twilio.inbound_texts import PATH, inbound_routes
from router.core.commands import SendText
from router.core.destinations import Destinations
from router.core.events import Caller, CallStarted, Unsent
from router.engine.session import Session
from router.errors import Refused
from router.matching.codes import CodeKeys
from router.messages.inbound import Inbox, Written, kind_of
from router.store import inbound_messages as store
from router.store import text_messages as texts
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import calls as calls_table
from router.store.tables import cards, desk_events, inbound_messages, people, text_messages
from tests.channels.twilio.house import settings
from tests.channels.twilio.phone import PUBLIC_URL, post
from tests.stored import NOW, a_call, a_customer, a_message

NUMBER = "+491713920011"
KEYS = CodeKeys("s" * 32)


class Letterbox:
    def __init__(self, database: Database) -> None:
        self.database, self.bus, self.now = database, Bus(), NOW
        self.inbox = Inbox(database, self.bus, KEYS, lambda: self.now)
        self._numbers = count(1)

    async def write(self, body: str = "Ja bitte", sender: str | None = NUMBER, ref: str | None = None) -> Any:
        ref = ref or f"SM{next(self._numbers):032}"
        await self.inbox.take(Written(ref, sender, "+491573599000", body))
        async with self.database.read() as connection:
            query = select(inbound_messages).where(inbound_messages.c.provider_ref == ref)
            return (await connection.execute(query)).one()


@pytest.fixture
def letterbox(database: Database) -> Letterbox:
    return Letterbox(database)


async def test_it_is_the_customers_and_answers_the_message(letterbox: Letterbox) -> None:
    async with letterbox.database.begin() as connection:
        await a_customer(connection, "anna", NUMBER)
        await a_message(connection, "m1", customer_id="anna", to_phone=NUMBER)
    row = await letterbox.write()
    assert (row.customer_id, row.message_id, row.body, row.kind) == ("anna", "m1", "Ja bitte", "text")


async def test_a_shared_number_is_of_whom_we_wrote_last(letterbox: Letterbox) -> None:
    async with letterbox.database.begin() as connection:
        for name in ("anna", "bert"):
            await a_customer(connection, name, NUMBER)
        await a_message(connection, "m1", customer_id="anna", to_phone=NUMBER, sent_at=NOW - timedelta(days=2))
        await a_message(connection, "m2", customer_id="bert", to_phone=NUMBER, sent_at=NOW - timedelta(days=1))
    row = await letterbox.write()
    assert (row.customer_id, row.message_id) == ("bert", "m2")


async def test_what_an_agent_texted_since_counts_as_well(letterbox: Letterbox) -> None:
    async with letterbox.database.begin() as connection:
        for name in ("anna", "bert"):
            await a_customer(connection, name, NUMBER)
        await a_message(connection, "m1", customer_id="anna", to_phone=NUMBER, sent_at=NOW - timedelta(days=2))
        await a_message(connection, "m2", customer_id="bert", to_phone=NUMBER, sent_at=NOW - timedelta(days=1))
        sent: dict[str, Any] = {
            "id": "t1",
            "message_id": "m1",
            "customer_id": "anna",
            "number_hash": KEYS.texted_hash(NUMBER),
        }
        sent |= {"purpose": "desk", "state": "sent", "tries": 1, "created_at": NOW - timedelta(hours=1)}
        await texts.add(connection, sent)
    row = await letterbox.write()
    assert (row.customer_id, row.message_id) == ("anna", "m1")


async def test_a_shared_number_that_nobody_wrote_to_is_nobodys(letterbox: Letterbox) -> None:
    async with letterbox.database.begin() as connection:
        for name in ("anna", "bert"):
            await a_customer(connection, name, NUMBER)
    row = await letterbox.write()
    assert (row.customer_id, row.message_id) == (None, None)


async def test_a_message_to_somebody_else_is_not_what_the_owner_answers(letterbox: Letterbox) -> None:
    async with letterbox.database.begin() as connection:
        await a_customer(connection, "anna", NUMBER)
        await a_customer(connection, "gone")
        await a_message(connection, "m1", customer_id="gone", to_phone=NUMBER)
    row = await letterbox.write()
    assert (row.customer_id, row.message_id) == ("anna", None)


async def test_from_nobody_known_it_is_kept(letterbox: Letterbox) -> None:
    row = await letterbox.write(sender=None)
    assert (row.customer_id, row.message_id, row.from_number) == (None, None, None)


async def test_told_twice_it_is_one(letterbox: Letterbox) -> None:
    await letterbox.write(ref="SM" + "1" * 32)
    assert not await letterbox.inbox.take(Written("SM" + "1" * 32, NUMBER, None, "Ja bitte"))


async def test_the_agent_who_talks_to_that_customer_is_told_and_nobody_else(letterbox: Letterbox) -> None:
    async with letterbox.database.begin() as connection:
        for name in ("anna", "bert"):
            await a_customer(connection, name)
        await a_customer(connection, "carl", NUMBER)
        await a_message(connection, "m1", customer_id="carl", to_phone=NUMBER)
        for person, customer in (("robin", "carl"), ("kim", "anna")):
            who = {"id": person, "login": person, "name": person, "role": "agent", "language": "de", "queues": []}
            await connection.execute(people.insert().values(**who, presence="ready", created_at=NOW))
            await a_call(connection, NUMBER, "m1" if customer == "carl" else None)
            call_id = (await connection.execute(select(calls_table.c.id).order_by(calls_table.c.id.desc()))).scalars()
            card = {"id": f"card-{person}", "call_id": next(iter(call_id)), "person_id": person, "state": "talking"}
            await connection.execute(cards.insert().values(**card, call_key=person, rang_at=NOW))
    async with letterbox.bus.listen("desk:robin") as hers, letterbox.bus.listen("desk:kim") as his:
        await letterbox.write()
        assert (hers.is_set(), his.is_set()) == (True, False)
    async with letterbox.database.read() as connection:
        events = (
            await connection.execute(select(desk_events.c.person_id, desk_events.c.name, desk_events.c.data))
        ).all()
    assert [tuple(event) for event in events] == [("robin", "work", {"card": "card-robin"})]


@pytest.mark.parametrize(
    ("body", "asks", "kind"),
    [
        ("STOP", "", "stop"),
        (" Stopp! ", "", "stop"),
        ("weg damit", "stop", "stop"),
        ("Start", "", "start"),
        ("Bitte nicht stop sagen", "", "text"),
        ("", "", "text"),
    ],
)
def test_what_is_asked_for(body: str, asks: str, kind: str) -> None:
    assert kind_of(body, asks) == kind


async def test_who_wants_no_more_gets_no_more_until_they_say_so(letterbox: Letterbox) -> None:
    texting = Texting(KEYS, lambda n: "1" * n, lambda: "t" * 32, destinations=Destinations(("DE",)), provided=True)
    begun = CallStarted("twilio", Caller(NUMBER), None)
    session = Session("c" * 32, "flow", "r", "twilio", begun.caller, None, "de")

    async def unsent() -> Unsent | None:
        async with letterbox.database.begin() as connection:
            reason = (await texting.send_text(connection, session, SendText("Hallo", "caller"), NOW)).unsent
            await connection.execute(text_messages.delete())
            return reason

    assert await unsent() is None
    await letterbox.write("STOP")
    letterbox.now += timedelta(minutes=1)
    await letterbox.write("warum?")
    assert await unsent() is Unsent.NOT_ALLOWED
    letterbox.now += timedelta(minutes=1)
    await letterbox.write("START")
    assert await unsent() is None


async def test_nor_from_an_agent(letterbox: Letterbox) -> None:
    outbox = Outbox(KEYS, destinations=Destinations(("DE",)), limits=TextLimits(), sends=("sms",))
    asked = Outgoing("o" * 32, "sms", NUMBER, "", "Hallo", "c" * 32, None, None, "p" * 32, test=False, kept="Hallo")
    await letterbox.write("STOP")
    async with letterbox.database.begin() as connection:
        assert await outbox.put(connection, asked, NOW) is Unsendable.UNWANTED
    letterbox.now += timedelta(minutes=1)
    await letterbox.write("START")
    async with letterbox.database.begin() as connection:
        assert await outbox.put(connection, asked, NOW) is None


async def test_old_ones_are_forgotten_but_not_that_no_more_are_wanted(letterbox: Letterbox) -> None:
    await letterbox.write("Hallo")
    await letterbox.write("STOP")
    async with letterbox.database.begin() as connection:
        assert await store.forget(connection, NOW + timedelta(days=1), 10) == 1
        assert await store.wants_none(connection, NUMBER)


def fields(**more: str) -> dict[str, str]:
    """What Twilio posts (Twilio, "Twilio's request to your webhook URL")."""
    return {
        "ToCountry": "DE",
        "SmsMessageSid": "SM" + "4" * 32,
        "NumMedia": "0",
        "SmsSid": "SM" + "4" * 32,
        "SmsStatus": "received",
        "Body": "Ja bitte, rufen Sie an",
        "To": "+491573599000",
        "NumSegments": "1",
        "MessageSid": "SM" + "4" * 32,
        "AccountSid": "AC" + "5" * 32,
        "From": NUMBER,
        "ApiVersion": "2010-04-01",
        **more,
    }


@pytest.fixture
def client(letterbox: Letterbox) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(inbound_routes(settings(), letterbox.inbox.take))

    @app.exception_handler(Refused)
    async def _(_request: Any, refused: Refused) -> Any:
        from fastapi.responses import JSONResponse

        return JSONResponse({}, refused.status)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def test_twilio_tells_of_one(letterbox: Letterbox, client: httpx.AsyncClient) -> None:
    async with client:
        answer = await post(client, PUBLIC_URL + PATH, fields(NumMedia="1"))
        again = await post(client, PUBLIC_URL + PATH, fields(NumMedia="1"))
    assert (answer.status_code, again.status_code) == (200, 200)
    assert answer.text.endswith("<Response/>")
    async with letterbox.database.read() as connection:
        (row,) = (await connection.execute(select(inbound_messages))).all()
    assert (row.from_number, row.body) == (NUMBER, "Ja bitte, rufen Sie an 📎")


@pytest.mark.sqlite_only
async def test_what_is_not_twilios_is_refused(letterbox: Letterbox, client: httpx.AsyncClient) -> None:
    async with client:
        assert (await post(client, PUBLIC_URL + PATH, fields(), token="0" * 32)).status_code == 403
        assert (await client.post(PATH, data=fields())).status_code == 403
        assert (await post(client, PUBLIC_URL + PATH, fields(MessageSid="x", SmsSid="y"))).status_code == 400
    async with letterbox.database.read() as connection:
        assert (await connection.execute(select(inbound_messages))).all() == []
