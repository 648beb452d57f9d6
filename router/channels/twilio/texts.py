"""Text messages through Twilio's Messages API, and what it tells of them afterwards.

Sources: Twilio, "Messages resource: create a Message", "Error and warning dictionary", "Outbound message status in
status callbacks". Its error texts hold numbers; only the code is kept, with our own words where we know it.
"""

from __future__ import annotations

import re
from typing import Final, Protocol
from urllib.parse import parse_qsl

import httpx
from fastapi import APIRouter, Request, Response

from router.channels.twilio.form import Form, Misunderstood
from router.channels.twilio.signature import Signatures
from router.channels.twilio.signed import query_of, signed_form, understood
from router.errors import not_found
from router.messages.texting import Accepted, NotNow, Outcome, Rejected
from router.settings import Settings

PATH: Final = "/channels/twilio/text-status"
SECONDS: Final = 15.0
"""For Twilio to take a text message."""
MOST_BYTES: Final = 65_536

_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_TEXT_ID = re.compile(r"[0-9a-f]{32}")
_AGAIN: Final = frozenset({408, 425, 429})
"""Answers of HTTP that may be another one later; those from 500 on may be, too."""

_WORDS: Final = {
    20003: "account or auth token is wrong",
    21211: "no valid number",
    21265: "no valid number",
    21408: "the account may not send to that country",
    21606: "the sender cannot send text messages there",
    21610: "the receiver wants none",
    21612: "cannot be reached from this sender",
    21614: "no mobile number",
    21617: "too long",
    21659: "the sender is not the account's",
    30003: "telephone is off or out of reach",
    30004: "blocked by the receiver",
    30005: "number is not in use",
    30006: "landline, or the network cannot be reached",
    30007: "held back by the network as unwanted",
    30008: "failed in the network",
    30032: "the sender is not registered for that country",
    30034: "the sender is not registered",
}


class Reported(Protocol):
    """Stores what became of a text message; see `router.messages.texting.reported`."""

    async def __call__(self, text_id: str, ref: str, *, delivered: bool, reason: str | None = None) -> bool: ...


class TwilioTexts:
    """Sends text messages; see `router.messages.texting.Provider`."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Raises `ValueError` where the settings name no account, token and sender. ``transport`` is for tests."""
        account, token, sender = settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_text_sender
        if not (account and token and sender):
            raise ValueError("the settings do not say how text messages are sent")
        self._address = f"{settings.twilio_api_url}/2010-04-01/Accounts/{account}/Messages.json"
        self._sender = {"MessagingServiceSid" if re.fullmatch(r"MG[0-9a-fA-F]{32}", sender) else "From": sender}
        # Twilio refuses an address that it cannot reach (21609); without one nothing is told, and the text goes out.
        self._status = settings.public_url + PATH if settings.public_url.startswith("https://") else None
        self._client = httpx.AsyncClient(
            auth=(account, token.get_secret_value()), timeout=SECONDS, follow_redirects=False, transport=transport
        )

    async def send(self, text_id: str, to: str, body: str) -> Outcome:
        """Hand over one text message."""
        form = {**self._sender, "To": to, "Body": body}
        if self._status:
            form["StatusCallback"] = f"{self._status}?text={text_id}"
        try:
            async with self._client.stream("POST", self._address, data=form) as response:
                return _outcome(response.status_code, await _start_of(response))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return NotNow(f"Twilio cannot be reached: {type(error).__name__}")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return NotNow(f"no answer of Twilio: {type(error).__name__}", unsure=True)

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()


async def _start_of(response: httpx.Response) -> bytes:
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > MOST_BYTES:
            break
    return bytes(read[:MOST_BYTES])


def _outcome(status: int, body: bytes) -> Outcome:
    answer = _object(body)
    if 200 <= status < 300:
        sid = answer.get("sid")
        if isinstance(sid, str) and _SID.fullmatch(sid):
            return Accepted(sid)
        return NotNow("Twilio's answer is not understood", unsure=True)
    code = answer.get("code")
    reason = in_words(code if isinstance(code, int) else None, status)
    if status in _AGAIN:
        return NotNow(reason)
    return NotNow(reason, unsure=True) if status >= 500 else Rejected(reason)


def _object(body: bytes) -> dict[str, object]:
    try:
        answer = httpx.Response(200, content=body).json()
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def in_words(code: int | None, status: int | None = None) -> str:
    """Twilio's code of an error, with our words for it; without a code the status of HTTP."""
    if code is None:
        return f"Twilio answers {status}" if status else "Twilio gives no reason"
    words = _WORDS.get(code)
    return f"Twilio {code}: {words}" if words else f"Twilio {code}"


def text_routes(settings: Settings, reported: Reported) -> APIRouter:
    """`POST /channels/twilio/text-status`, signed. Raises `SettingsRefused` for settings Twilio cannot work with."""
    signatures = Signatures(settings.twilio_auth_token, settings.public_url)
    router = APIRouter(include_in_schema=False)

    @router.post(PATH)
    async def status(request: Request) -> Response:
        form = await signed_form(request, signatures, PATH)
        with understood():
            text_id, sid, delivered, reason = _told(form, query_of(request))
        if delivered is not None and not await reported(text_id, sid, delivered=delivered, reason=reason):
            raise not_found("there is no such text message")
        return Response(status_code=204)

    return router


def _told(form: Form, query: str) -> tuple[str, str, bool | None, str | None]:
    """Which text message it is about, Twilio's name for it, whether it was delivered (None: still on its way) and why
    not."""
    text_id = dict(parse_qsl(query)).get("text", "")
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    if not _TEXT_ID.fullmatch(text_id):
        raise Misunderstood("text in the address is no id of a text message")
    if not _SID.fullmatch(sid):
        raise Misunderstood("MessageSid is missing or no id of a message")
    match form.get("MessageStatus") or form.get("SmsStatus"):
        case "delivered" | "read":
            return text_id, sid, True, None
        case "undelivered" | "failed" | "canceled":
            code = form.get("ErrorCode") or ""
            return text_id, sid, False, in_words(int(code) if re.fullmatch(r"[0-9]{1,6}", code) else None)
        case _:
            return text_id, sid, None, None
