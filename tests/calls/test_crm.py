"""What a CRM is told of calls: the right fields in the right order, whatever its receiver does; nothing withheld."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select

from router.agents.ringing import Ringing
from router.calls.crm import CrmEvents, cause_of
from router.calls.crm_sending import PAUSES, CrmSender, crm_of, written
from router.calls.handle import Calls
from router.calls.webhooks import Webhook, keys_of
from router.core.events import WITHHELD, Caller, CallerHungUp, CallStarted
from router.flow.files import check
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.settings import SettingsRefused, load
from router.store.database import Database
from router.store.tables import callbacks, crm_events, customers
from router.store.tables import calls as calls_table
from tests.agents.house import House
from tests.stored import a_customer, a_message

RECEIVER = Path(__file__).with_name("crm_receiver.py")
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
KEYS = keys_of(SECRET)
CALLER = "+4930231250011"
SHOWN = Caller(CALLER)
ALL = ("from", "user", "queue", "message", "customer", "reference")
FLOW = check(
    """
version: 1
name: straight
languages: [de]
start: over
steps:
  over: {type: transfer, queue: sales}
""",
    "straight.yaml",
)


class Crm:
    """The receiver's process: its address, and what came there."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.address = f"http://127.0.0.1:{port}/told"

    async def request(self) -> tuple[dict[str, str], str]:
        assert self._process.stdout is not None
        came = json.loads(await asyncio.wait_for(self._process.stdout.readline(), 60))
        return came["headers"], came["body"]

    async def event(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((await self.request())[1])
        return told


@asynccontextmanager
async def receiving(manner: str) -> AsyncIterator[Crm]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(RECEIVER), manner, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), 60))
        yield Crm(process, port)
    finally:
        process.kill()
        await process.wait()


class Telling:
    """A house that tells a CRM; ``calls`` and ``ringing`` are those of any channel."""

    def __init__(self, database: Database, fields: Sequence[str] = ALL) -> None:
        self.house = House(database)
        numbers = count(1)
        told = CrmEvents(lambda: f"event{next(numbers)}", fields)
        flows = Flows({FLOW.name: FLOW}, {}, FLOW.name)
        self.calls = Calls(database, self.house.bus, flows, CodeKeys("x" * 32), self.house.clock, crm=told)
        self.ringing = Ringing(database, self.house.bus, self.house.clock, crm=told)

    def sender(self, address: str, **more: Any) -> CrmSender:
        return CrmSender(self.house.database, self.house.bus, Webhook(address, KEYS), self.house.clock, **more)

    async def call(self, caller: Caller = SHOWN, channel: str = "asterisk", ref: str = "1.0") -> str:
        turn = await self.calls.begin(channel, ref, CallStarted(channel, caller, "+4930231250000"))
        return turn.call_id

    async def whole_call(self, caller: Caller = SHOWN, channel: str = "asterisk") -> str:
        person = await self.house.person("robin")
        call_id = await self.call(caller, channel)
        await self.ringing.called(call_id, call_id, person, "sales")
        await self.ringing.answered(call_id, person)
        await self.calls.handle(call_id, CallerHungUp())
        return call_id

    async def kept(self) -> list[Any]:
        async with self.house.database.read() as connection:
            return list((await connection.execute(select(crm_events).order_by(crm_events.c.id))).all())


@pytest.fixture
def telling(database: Database) -> Telling:
    return Telling(database)


async def sent_to_the_end(sender: CrmSender) -> None:
    while await sender.send_due():
        pass


@pytest.mark.parametrize("channel", ["asterisk", "twilio", "testphone"])
async def test_a_call_is_told_from_its_beginning_to_its_end(telling: Telling, channel: str) -> None:
    async with receiving("ok") as crm:
        call_id = await telling.whole_call(channel=channel)
        await sent_to_the_end(telling.sender(crm.address))
        told = [await crm.event() for _ in range(3)]
    assert [event["event"] for event in told] == ["newCall", "answer", "hangup"]
    shared = {"callId": call_id, "from": CALLER, "to": "+4930231250000", "direction": "in", "queue": "sales"}
    assert all(shared.items() <= event.items() for event in told)
    assert told[1]["user"] == ["Robin"]
    assert told[1]["answeringNumber"] == "robin"
    assert told[2]["cause"] == "normalClearing"
    assert [(row.state, row.body, row.tries) for row in await telling.kept()] == [("sent", None, 1)] * 3


async def test_it_is_signed_as_standard_webhooks_have_it(telling: Telling) -> None:
    async with receiving("ok") as crm:
        await telling.call()
        await telling.sender(crm.address).send_due()
        headers, body = await crm.request()
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    digest = base64.b64encode(hmac.digest(KEYS[0], content, sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-id"] == "event1"


async def test_the_companys_own_ids_are_told(telling: Telling) -> None:
    call_id = await telling.call()
    async with telling.house.database.begin() as connection:
        await a_customer(connection, "k1")
        await a_message(connection, "m1", customer_id="k1", external_id="crm-4711", reference="ST2041")
        await connection.execute(customers.update().values(external_id="c-12"))
        await connection.execute(calls_table.update().values(message_id="m1"))
    await telling.ringing.answered(call_id, await telling.house.person("robin"), call_id=call_id)
    answer = (await telling.kept())[-1].body
    ids = {"message_external_id": "crm-4711", "customer_external_id": "c-12", "reference": "ST2041"}
    assert ids.items() <= answer.items()


@pytest.mark.parametrize(
    ("withheld", "on_file", "to"),
    [
        (False, (), CALLER),
        (True, (), "anonymous"),  # given for calling back, and for nothing else
        (True, ("+4930231250099",), "anonymous"),
        (True, ("+4930231250099", CALLER), CALLER),  # the CRM has it
    ],
)
async def test_a_callback_is_told_as_a_call_that_goes_out(
    telling: Telling, withheld: bool, on_file: tuple[str, ...], to: str
) -> None:
    robin = await telling.house.person("robin")
    asked_in = await telling.house.call("CA1", caller=None if withheld else CALLER, withheld=withheld)
    async with telling.house.database.begin() as connection:
        await a_customer(connection, "erika", *on_file)
        await a_customer(connection, "karl", CALLER)  # somebody else's number it may be, too
    call_id = await telling.house.call("CA2", direction="out", callback_id="b" * 32, customer_id="erika")
    now = telling.house.clock()
    wanted = {"id": "b" * 32, "call_id": asked_in, "number": CALLER, "queue": "sales", "priority": 0}
    async with telling.house.database.begin() as connection:
        await connection.execute(callbacks.insert().values(**wanted, state="dialling", since=now, created_at=now))
    await telling.ringing.answered(call_id, robin, call_id=call_id)
    bodies = {row.event: row.body for row in await telling.kept()}
    assert set(bodies) == {"new_call", "answer"}
    assert {(body["direction"], body["from"], body["to"]) for body in bodies.values()} == {("out", "+4930555000", to)}
    assert (CALLER in str(bodies)) is (to == CALLER)


async def test_a_withheld_number_is_told_as_anonymous(telling: Telling) -> None:
    await telling.whole_call(WITHHELD)
    assert {row.body["from"] for row in await telling.kept()} == {"anonymous"}


async def test_what_the_settings_leave_out_is_not_told(database: Database) -> None:
    telling = Telling(database, ("queue",))
    await telling.whole_call()
    bodies = [row.body for row in await telling.kept()]
    assert {body["from"] for body in bodies} == {"anonymous"}
    assert not any({"user", "answeringNumber"} & body.keys() for body in bodies)
    assert {body["queue"] for body in bodies} == {"sales"}


async def test_a_receiver_that_fails_gets_it_again_and_in_order(telling: Telling) -> None:
    async with receiving("fails") as crm:
        await telling.whole_call()
        sender = telling.sender(crm.address)
        for pause in (*PAUSES[:2], timedelta(0)):
            await sent_to_the_end(sender)
            telling.house.clock.now += pause
        told = [await crm.request() for _ in range(5)]
    assert [json.loads(body)["event"] for _, body in told] == ["newCall"] * 3 + ["answer", "hangup"]
    assert len({headers["webhook-id"] for headers, _ in told[:3]}) == 1
    assert {row.state for row in await telling.kept()} == {"sent"}


async def test_a_receiver_that_is_never_well_is_given_up(telling: Telling) -> None:
    async with receiving("never") as crm:
        await telling.call()
        sender = telling.sender(crm.address)
        for pause in (*PAUSES, timedelta(hours=1)):
            await sender.send_due()
            telling.house.clock.now += pause
        assert await sender.send_due() == 0
    (row,) = await telling.kept()
    assert (row.state, row.reason, row.body) == ("failed", "answered with status 500", None)


async def test_a_no_is_taken_for_a_no(telling: Telling) -> None:
    async with receiving("refuses") as crm:
        await telling.call()
        await telling.sender(crm.address).send_due()
    (row,) = await telling.kept()
    assert (row.state, row.reason, row.tries) == ("failed", "answered with status 422", 1)


async def test_a_receiver_that_hangs_holds_up_no_call(telling: Telling) -> None:
    async with receiving("hangs") as crm:
        await telling.call()
        sending = asyncio.create_task(telling.sender(crm.address, seconds=1.5).send_due())
        assert (await crm.event())["event"] == "newCall"
        await telling.whole_call(channel="twilio")  # while the first one hangs
        assert not sending.done()
        await sending
    rows = await telling.kept()
    assert (rows[0].state, rows[0].reason) == ("queued", "no answer in time")
    assert [row.state for row in rows[1:]] == ["queued"] * 3


async def test_a_slow_receiver_is_waited_for(telling: Telling) -> None:
    async with receiving("late") as crm:
        await telling.call()
        await telling.sender(crm.address).send_due()
    assert [row.state for row in await telling.kept()] == ["sent"]


async def test_nobody_there_at_all(telling: Telling) -> None:
    await telling.call()
    await telling.sender("http://127.0.0.1:9/").send_due()
    (row,) = await telling.kept()
    assert (row.state, row.reason) == ("queued", "cannot be reached (ConnectError)")


async def test_two_processes_tell_it_once(telling: Telling) -> None:
    async with receiving("late") as crm:
        await telling.whole_call()
        senders = [telling.sender(crm.address) for _ in range(2)]
        await asyncio.gather(*(sent_to_the_end(sender) for sender in senders))
        await sent_to_the_end(senders[0])
        told = [(await crm.event())["event"] for _ in range(3)]
    assert told == ["newCall", "answer", "hangup"]
    assert {row.tries for row in await telling.kept()} == {1}


async def test_it_runs_beside_the_service_and_is_woken(telling: Telling) -> None:
    async with receiving("ok") as crm:
        running = asyncio.create_task(telling.sender(crm.address).run())
        await telling.call()
        assert (await crm.event())["event"] == "newCall"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("outcome", "answered", "queued", "cause"),
    [
        ("left_queue", True, True, "normalClearing"),
        ("left_queue", False, True, "cancel"),
        ("hung_up", False, False, "cancel"),
        ("finished", False, True, "noAnswer"),
        ("finished", False, False, "normalClearing"),
    ],
)
def test_the_cause(outcome: str, answered: bool, queued: bool, cause: str) -> None:
    assert cause_of(outcome, answered, queued) == cause


def test_a_form_has_lists_as_crms_read_them() -> None:
    body, content_type = written({"event": "answer", "user": ["Anna B", "Bo"]}, form=True)
    assert parse_qsl(body.decode()) == [("event", "answer"), ("user[]", "Anna B"), ("user[]", "Bo")]
    assert content_type == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"THREADLINE_CRM_URL": "http://crm.example.net/x"}, "https"),
        ({"THREADLINE_CRM_URL": "https://crm.example.net/x"}, "crm_secret"),
        ({"THREADLINE_CRM_FIELDS": '["shoes"]'}, "crm_fields"),
        ({"THREADLINE_CRM_CARD_URL": "https://crm.example.net/{{caller.number}}"}, "caller.number"),
        ({"THREADLINE_CRM_CARD_URL": "https://{{customer.external_id}}.example.net/"}, "host"),
        ({"THREADLINE_CRM_CARD_URL": "javascript:{{customer.external_id}}"}, "https://"),
        ({"THREADLINE_CRM_CARD_URL": "https://crm.example.net/{customer}"}, "{{customer.external_id}}"),
        ({"THREADLINE_CRM_CARD_URL": "https://crm.example.net/a b"}, "spaces"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsRefused, match=complaint):
        load(given)


def test_a_bad_secret_is_refused_without_being_told() -> None:
    settings = load({"THREADLINE_CRM_URL": "https://crm.example.net/x", "THREADLINE_CRM_SECRET": "hunter2hunter2"})
    with pytest.raises(SettingsRefused, match="crm_secret") as refused:
        crm_of(settings)
    assert "hunter2" not in str(refused.value)
