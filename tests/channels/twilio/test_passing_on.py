"""An agent at Twilio passes a caller on: their own phone is let go of, the caller goes on, and the card goes along."""

from __future__ import annotations

from urllib.parse import parse_qs

import httpx
import pytest

from router.agents.handing_over import HandingOver
from router.channels.twilio.handing_over import OnTwilio
from router.channels.twilio.rest import CallsApi
from router.flow.queues import Queue
from router.store import handovers
from router.store.tables import handovers as handovers_table
from tests.channels.twilio.desk import Desk, Waiting, caller
from tests.channels.twilio.house import settings
from tests.channels.twilio.phone import ACCOUNT

pytestmark = pytest.mark.sqlite_only

ANNA, BERT = "+491711234567", "sip:bert@pbx.example.net"
ANSWER = {  # Twilio, "Calls resource: update a Call", shortened
    "sid": "CA" + "9" * 32,
    "account_sid": ACCOUNT,
    "direction": "outbound-dial",
    "status": "completed",
    "parent_call_sid": "CA" + "1" * 32,
}


class Api:
    """Twilio's API: what it was asked, and what it answers."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Basic ")
        self.asked.append((request.method, str(request.url), parse_qs(request.content.decode())))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def ending(desk: Desk, api: Api) -> HandingOver:
    calls_api = CallsApi(settings(twilio_account_sid=ACCOUNT), httpx.MockTransport(api))
    return HandingOver({"twilio": OnTwilio(desk.database, calls_api)})


async def talking(desk: Desk) -> tuple[Waiting, str, str, str]:
    """Anna talks to a caller, and wants Bert to go on."""
    anna = await desk.agent("anna", ANNA)
    bert = await desk.agent("bert", "sip:bert@pbx.example.net", presence="paused")
    phone = caller(desk)
    await phone.wait()
    await phone.phone(ANNA, "ringing")
    await phone.phone(ANNA, "in-progress")
    (row,) = await desk.rows()
    wish = {"id": "a" * 32, "from_person_id": anna, "to_queue": None, "to_person_id": bert, "note": "", "at": desk.now}
    async with desk.database.begin() as connection:
        await handovers.add(connection, {**wish, "call_id": row.id})
    await desk.becomes(bert, "ready")
    return phone, row.id, anna, bert


async def test_the_agents_call_is_ended_and_the_caller_goes_on(desk: Desk) -> None:
    desk.queues["sales"] = Queue(twilio="agents", wrap_up=30)
    phone, call_id, anna, bert = await talking(desk)
    api = Api(httpx.Response(200, json=ANSWER))
    assert await ending(desk, api).let_go("twilio", call_id, anna)
    address = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Calls/CA{'9' * 32}.json"
    assert api.asked == [("POST", address, {"Status": ["completed"]})]

    told = phone.rung[ANNA].attrib["statusCallback"]
    await phone.dial_ends("completed")
    assert await desk.desks() == {"anna": "wrap_up"}
    await phone.ask_again()
    assert [address.partition("?")[0] for address in phone.rung] == [BERT]
    rings = next(iter(phone.rung))
    await phone.phone(rings, "ringing", "8")
    await phone.told(told, "completed", CallDuration="63")  # late: the card is not touched by it
    assert await desk.desks() == {"anna": "wrap_up", "bert": "ringing"}
    await phone.phone(rings, "in-progress", "8")
    assert await desk.desks() == {"anna": "wrap_up", "bert": "talking"}
    await phone.dial_ends("completed", "8")
    await phone.status()
    assert [(row.state, row.agent_id) for row in await desk.rows()] == [("ended", bert)]
    assert [row.state for row in await desk.rows(handovers_table)] == ["done"]


async def test_back_to_a_queue_that_the_same_agent_serves_late_news_end_no_new_talk(desk: Desk) -> None:
    phone, _, anna, bert = await talking(desk)
    await desk.becomes(bert, "off")
    async with desk.database.begin() as connection:
        await connection.execute(handovers_table.update().values(to_person_id=None, to_queue="sales"))
    told = phone.rung[ANNA].attrib["statusCallback"]
    await phone.dial_ends("completed")
    await phone.ask_again()
    await phone.phone(ANNA, "in-progress", "8")
    await phone.told(told, "completed")
    await phone.told(told, "in-progress")
    assert await desk.desks() == {"anna": "talking"}
    assert [row.agent_id for row in await desk.rows()] == [anna]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"code": 21220, "message": "Call is not in-progress"}),
        httpx.Response(404, json={"code": 20404}),
        httpx.Response(503),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
)
async def test_where_twilio_does_not_the_agent_hangs_up_and_the_caller_goes_on_all_the_same(
    desk: Desk, answer: httpx.Response | Exception
) -> None:
    phone, call_id, anna, _ = await talking(desk)
    assert not await ending(desk, Api(answer)).let_go("twilio", call_id, anna)
    assert await desk.desks() == {"anna": "talking"}
    await phone.phone(ANNA, "completed")
    await phone.dial_ends("completed")
    await phone.ask_again()
    assert [address.partition("?")[0] for address in phone.rung] == [BERT]


async def test_a_phone_that_is_not_known_to_be_in_this_talk_is_never_ended(desk: Desk) -> None:
    phone, call_id, anna, bert = await talking(desk)
    api = Api(httpx.Response(200, json=ANSWER))
    assert not await ending(desk, api).let_go("twilio", call_id, bert)
    assert not await ending(desk, api).let_go("twilio", "0" * 32, anna)
    await phone.phone(ANNA, "completed")
    assert not await ending(desk, api).let_go("twilio", call_id, anna)
    assert api.asked == []
