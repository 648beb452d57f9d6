"""Text messages that customers write to a number of ours at Twilio.

Source: Twilio, "Receive and reply to messages: Twilio's request to your webhook URL" (MessageSid, From, To, Body,
NumMedia), and OptOutType of its advanced opt-out. The answer is an empty document: Twilio itself answers STOP and HELP.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request, Response

from router.channels.twilio.form import Form, Misunderstood
from router.channels.twilio.signature import Signatures
from router.channels.twilio.signed import signed_form, understood
from router.channels.twilio.twiml import EMPTY
from router.core.phone import e164, is_withheld
from router.messages.inbound import Written
from router.settings import Settings

PATH: Final = "/channels/twilio/texts/inbound"
_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_ASKS: Final = {"STOP": "stop", "START": "start"}
_PICTURE: Final = "📎"
"""What stands for what came beside the words; it is not fetched."""


def inbound_routes(settings: Settings, take: Callable[[Written], Awaitable[bool]]) -> APIRouter:
    """`POST /channels/twilio/texts/inbound`, signed. Raises `SettingsRefused` for settings Twilio cannot work with."""
    signatures = Signatures(settings.twilio_auth_token, settings.public_url)
    router = APIRouter(include_in_schema=False)

    @router.post(PATH)
    async def inbound(request: Request) -> Response:
        form = await signed_form(request, signatures, PATH)
        with understood():
            written = written_of(form, settings.region)
        await take(written)
        return Response(EMPTY, media_type="application/xml")

    return router


def written_of(form: Form, region: str) -> Written:
    """The text message of a form. Raises `Misunderstood`. Pure."""
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    if not _SID.fullmatch(sid):
        raise Misunderstood("MessageSid is missing or no id of a message")
    sender = form.get("From") or ""
    known = None if is_withheld(sender) else e164(sender, region)
    body = (form.get("Body") or "").replace("\x00", "")
    media = form.get("NumMedia") or "0"
    if media.isascii() and media.isdigit() and int(media[:2]) > 0:
        body = f"{body} {_PICTURE}".strip()
    return Written(sid, known, e164(form.get("To") or "", region), body, _ASKS.get(form.get("OptOutType") or "", ""))
