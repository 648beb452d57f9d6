"""What the agent is told at Twilio: fetched when the agent answers, signed, and never in the caller's way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from router.calls.handle import Calls
from router.flow.files import check
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Database
from tests.channels.twilio.house import application, client_for, settings
from tests.channels.twilio.phone import PUBLIC_URL, PhoneCall, call_fields, post

pytestmark = pytest.mark.sqlite_only
AGENT = call_fields("+4930231250000", "CA" + "9" * 32, ParentCallSid="CA" + "1" * 32)
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
FLOW = check(
    """
version: 1
name: whispering
languages: [de]
start: connect
steps:
  connect:
    type: transfer
    queue: sales
    whisper: {de: "Anruf <wichtig>, {{ match.decision }}"}
    no_answer: bye
  bye: {type: hangup}
""",
    "whispering.yaml",
)


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    calls = Calls(database, Bus(), Flows({FLOW.name: FLOW}, {}, FLOW.name), CodeKeys("x" * 32), lambda: now)
    set_up = settings(twilio_queues={"sales": "+4930555010"})
    async with client_for(application(calls, set_up)) as client:
        yield client


async def handed_over(client: httpx.AsyncClient) -> tuple[PhoneCall, str]:
    """A call that rings an agent, and where Twilio fetches what the agent hears."""
    phone = PhoneCall(client, "+4930231250011")
    await phone.begin()
    assert phone.verb is not None
    assert phone.verb.tag == "Dial"
    address = phone.verb[0].get("url")
    assert address is not None
    return phone, address


async def test_the_agent_hears_it_and_the_caller_does_not(client: httpx.AsyncClient) -> None:
    phone, address = await handed_over(client)
    assert "wichtig" not in phone.xml
    answer = await post(client, address, AGENT)
    assert answer.status_code == 200
    assert ">Anruf &lt;wichtig&gt;, " in answer.text
    assert (await post(client, address, AGENT)).text == answer.text


async def test_who_is_not_twilio_learns_nothing(client: httpx.AsyncClient) -> None:
    _, address = await handed_over(client)
    forged = await post(client, address, AGENT, token="f" * 32)
    assert forged.status_code == 403
    assert "wichtig" not in forged.text
    assert (await client.get(address.removeprefix(PUBLIC_URL))).status_code == 405


async def test_once_the_call_has_gone_on_there_is_nothing_to_tell(client: httpx.AsyncClient) -> None:
    phone, address = await handed_over(client)
    await phone.transfer_ends("no-answer", "")
    late = await post(client, address, AGENT)
    assert (late.status_code, late.text) == (200, EMPTY)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("call=" + "0" * 32 + "&seq=1", 200),
        ("call=x&seq=1", 400),
        ("call=" + "0" * 32 + "&seq=", 400),
        ("call=" + "0" * 32 + "&seq=1&seq=2", 400),
        ("", 400),
    ],
)
async def test_an_address_that_names_no_call(client: httpx.AsyncClient, query: str, status: int) -> None:
    answer = await post(client, f"{PUBLIC_URL}/channels/twilio/whisper?{query}".rstrip("?"), AGENT)
    assert answer.status_code == status
    if status == 200:
        assert answer.text == EMPTY
