"""Text messages through Twilio: what it is asked, what it answers, and what it reports afterwards."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from router.channels.twilio.texts import TwilioTexts, text_routes
from router.errors import Refused
from router.messages.texting import Accepted, NotNow, Outcome, Rejected
from tests.channels.twilio.house import client_for, settings
from tests.channels.twilio.phone import ACCOUNT, PUBLIC_URL, TOKEN, post

TEXT_ID = "0123456789abcdef" * 2
SID = "SM" + "7" * 32
NUMBER = "+491713920011"
STATUS = f"{PUBLIC_URL}/channels/twilio/text-status?text={TEXT_ID}"
SENDER = {"twilio_account_sid": ACCOUNT, "twilio_text_sender": "+491573599000"}

CREATED = {  # Twilio, "Create a Message", example response
    "account_sid": ACCOUNT,
    "api_version": "2010-04-01",
    "body": "Ihr Code: 123456",
    "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
    "date_sent": None,
    "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "from": "+491573599000",
    "num_media": "0",
    "num_segments": "1",
    "price": None,
    "price_unit": None,
    "messaging_service_sid": None,
    "sid": SID,
    "status": "queued",
    "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}/Media.json"},
    "to": NUMBER,
    "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json",
}


def refused(code: int, status: int) -> httpx.Response:
    """Twilio, "Error responses": its message holds the number."""
    told = {"code": code, "message": f"The 'To' number {NUMBER} is not valid.", "status": status}
    return httpx.Response(status, json={**told, "more_info": f"https://www.twilio.com/docs/errors/{code}"})


async def sent(answer: Callable[[httpx.Request], httpx.Response], **over: Any) -> Outcome:
    texts = TwilioTexts(settings(**{**SENDER, **over}), httpx.MockTransport(answer))
    try:
        return await texts.send(TEXT_ID, NUMBER, "Ihr Code: 123456")
    finally:
        await texts.aclose()


async def asked(**over: Any) -> httpx.Request:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(201, json=CREATED)

    assert await sent(answer, **over) == Accepted(SID)
    return requests[0]


async def test_what_twilio_is_asked() -> None:
    request = await asked()
    assert str(request.url) == f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert {name: values[0] for name, values in parse_qs(request.content.decode()).items()} == {
        "From": "+491573599000",
        "To": NUMBER,
        "Body": "Ihr Code: 123456",
        "StatusCallback": STATUS,
    }


async def test_a_messaging_service_and_another_address() -> None:
    service = "MG" + "3" * 32
    request = await asked(twilio_text_sender=service, twilio_api_url="http://127.0.0.1:9000/")
    assert str(request.url).startswith("http://127.0.0.1:9000/2010-04-01/")
    form = parse_qs(request.content.decode())
    assert form["MessagingServiceSid"] == [service] and "From" not in form


async def test_without_a_public_address_nothing_is_reported() -> None:
    assert b"StatusCallback" not in (await asked(public_url="http://127.0.0.1:8080")).content


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refused(21211, 400), Rejected("Twilio 21211: no valid number")),
        (refused(21610, 400), Rejected("Twilio 21610: the receiver wants none")),
        (refused(99999, 400), Rejected("Twilio 99999")),
        (refused(20003, 401), Rejected("Twilio 20003: account or auth token is wrong")),
        (refused(20429, 429), NotNow("Twilio 20429")),
        (refused(20500, 500), NotNow("Twilio 20500", unsure=True)),
        (httpx.Response(503, text="<html>"), NotNow("Twilio answers 503", unsure=True)),
        (httpx.Response(302, headers={"Location": "https://example.net"}), Rejected("Twilio answers 302")),
        (httpx.Response(201, text="{"), NotNow("Twilio's answer is not understood", unsure=True)),
        (httpx.Response(201, json=[]), NotNow("Twilio's answer is not understood", unsure=True)),
        (httpx.Response(201, json={"sid": "x" * 90}), NotNow("Twilio's answer is not understood", unsure=True)),
        (httpx.Response(400, text="[" * 60_000), Rejected("Twilio answers 400")),
        (httpx.Response(400, json={"code": "21211"}), Rejected("Twilio answers 400")),
    ],
)
async def test_what_it_answers(answer: httpx.Response, expected: Outcome) -> None:
    outcome = await sent(lambda _: answer)
    assert outcome == expected
    assert "3920011" not in str(outcome)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("no"), NotNow("Twilio cannot be reached: ConnectError")),
        (httpx.ConnectTimeout("no"), NotNow("Twilio cannot be reached: ConnectTimeout")),
        (httpx.ReadTimeout("no"), NotNow("no answer of Twilio: ReadTimeout", unsure=True)),
        (httpx.RemoteProtocolError("no"), NotNow("no answer of Twilio: RemoteProtocolError", unsure=True)),
    ],
)
async def test_when_it_does_not_answer(error: httpx.HTTPError, expected: Outcome) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    assert await sent(answer) == expected


def test_without_account_and_sender_there_is_no_sending() -> None:
    with pytest.raises(ValueError, match="do not say"):
        TwilioTexts(settings())


# -- reports


class Reports:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, bool, str | None]] = []
        self.known = True

    async def __call__(self, text_id: str, ref: str, *, delivered: bool, reason: str | None = None) -> bool:
        self.told.append((text_id, ref, delivered, reason))
        return self.known


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def client(reports: Reports) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(text_routes(settings(**SENDER), reports))

    @app.exception_handler(Refused)
    async def _(_request: Request, refused: Refused) -> JSONResponse:
        return JSONResponse({"detail": refused.detail}, refused.status)

    return client_for(app)


def report(status: str, **more: str) -> dict[str, str]:
    """Twilio, "Outbound message status in status callbacks"."""
    return {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "From": "+491573599000",
        "MessageSid": SID,
        "MessageStatus": status,
        "SmsSid": SID,
        "SmsStatus": status,
        "To": NUMBER,
        **more,
    }


async def test_what_twilio_reports(client: httpx.AsyncClient, reports: Reports) -> None:
    for status in ("queued", "sending", "sent", "accepted", "something new"):
        assert (await post(client, STATUS, report(status))).status_code == 204
    assert reports.told == []
    assert (await post(client, STATUS, report("delivered"))).status_code == 204
    assert (await post(client, STATUS, report("undelivered", ErrorCode="30003"))).status_code == 204
    assert (await post(client, STATUS, report("failed", ErrorCode="x" * 99))).status_code == 204
    assert reports.told == [
        (TEXT_ID, SID, True, None),
        (TEXT_ID, SID, False, "Twilio 30003: telephone is off or out of reach"),
        (TEXT_ID, SID, False, "Twilio gives no reason"),
    ]


async def test_what_is_not_from_twilio_or_about_nothing_of_ours_is_refused(
    client: httpx.AsyncClient, reports: Reports
) -> None:
    assert (await post(client, STATUS, report("delivered"), token="0" * 32)).status_code == 403
    assert (await client.post("/channels/twilio/text-status", data=report("delivered"))).status_code == 403
    wrong = STATUS.replace(TEXT_ID, "../etc")
    assert (await post(client, wrong, report("delivered"))).status_code == 400
    assert (await post(client, STATUS, report("delivered", MessageSid="SM1"))).status_code == 400
    assert reports.told == []
    reports.known = False
    assert (await post(client, STATUS, report("delivered"))).status_code == 404
    assert json.dumps(reports.told)
