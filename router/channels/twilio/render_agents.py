"""A caller who waits for agents whom we ring, as TwiML. Pure.

Up to ten `<Number>` and `<Sip>` in one `<Dial>` ring at once, the first to answer is connected, and each tells how it
goes (Twilio, "TwiML Voice: <Number>" and "<Sip>": url, statusCallback, statusCallbackEvent). Who waits hears what there
is to hear, and asks again.
"""

from __future__ import annotations

from typing import Final

from router.channels.twilio.agents import Phone, Ring
from router.channels.twilio.render import Line, caller_id, said, with_headers
from router.channels.twilio.twiml import Attributes, redirect, response, tag, text
from router.core.commands import Prompt

LOOK_AGAIN: Final = 4
"""Seconds until a caller who waits asks again."""
AFTER_FAILURE: Final = 2


def ringing(ring: Ring, line: Line, told_url: str, part: int, since: int, heard: int, *, whisper: bool) -> str:
    """Ring the phones; then we are asked what comes next."""
    nouns = "".join(_noun(phone, line, told_url, whisper=whisper) for phone in ring.phones)
    attributes: Attributes = {
        "action": line.address("rung", part, since=since, said=heard),
        "method": "POST",
        "answerOnBridge": True,
        "timeout": ring.seconds,
        "callerId": caller_id(line.caller, line.service_number),
    }
    return response(tag("Dial", attributes, nouns))


def _noun(phone: Phone, line: Line, told_url: str, *, whisper: bool) -> str:
    attributes: Attributes = {
        "url": line.whisper if whisper else None,
        "statusCallback": f"{told_url}?call={line.call_id}&seq={line.sequence}&person={phone.person_id}",
        "statusCallbackEvent": "initiated ringing answered completed",
        "statusCallbackMethod": "POST",
    }
    if phone.address.startswith("+"):
        return tag("Number", attributes, text(phone.address))
    return tag("Sip", attributes, text(with_headers(phone.address, line.call_id)))


def holding(line: Line, part: int, since: int, heard: int, prompts: tuple[Prompt, ...], sound: str | None) -> str:
    """Let the caller wait, who hears ``prompts`` and then ``sound`` or silence."""
    quiet = tag("Play", {}, text(sound)) if sound else tag("Pause", {"length": LOOK_AGAIN})
    return response(said(prompts) + quiet + redirect(line.address("agents", part, since=since, said=heard)))


def holding_still(address: str) -> str:
    """Let the caller wait a moment, and ask again at ``address``: for when we fail."""
    return response(tag("Pause", {"length": AFTER_FAILURE}) + redirect(address))
