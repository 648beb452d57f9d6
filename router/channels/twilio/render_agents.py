"""A caller who waits for agents whom we ring, as TwiML. Pure.

Up to ten `<Number>` and `<Sip>` in one `<Dial>` ring at once, the first to answer is connected, and each tells how it
goes (Twilio, "TwiML Voice: <Number>" and "<Sip>": url, statusCallback, statusCallbackEvent). What is at the url runs
before the two are connected, and may end the agent's call instead. Who waits hears what there is to hear, and asks
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.channels.twilio.agents import Phone, Ring
from router.channels.twilio.render import Line, caller_id, said, with_headers
from router.channels.twilio.twiml import Attributes, redirect, response, tag, text
from router.core.commands import Prompt

LOOK_AGAIN: Final = 4
"""Seconds until a caller who waits asks again."""
AFTER_FAILURE: Final = 2
KEY: Final = "1"
"""What an agent presses to be connected, where that is asked for."""
KEY_SECONDS: Final = 4
"""For the key, each of the two times it is asked for."""

_CALL: Final = {"de": "Ein Anruf für Sie.", "en": "A call for you."}
_PRESS: Final = {"de": "Drücken Sie die 1, um das Gespräch anzunehmen.", "en": "Press 1 to take the call."}
_GONE: Final = {"de": "Der Anruf ist schon vergeben oder zu Ende.", "en": "The call is taken already, or over."}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where Twilio tells of phones, and where it asks what those hear who are to press a key."""

    told: str
    accept: str


def ringing(ring: Ring, line: Line, addresses: Addresses, part: int, since: int, heard: int, *, whisper: bool) -> str:
    """Ring the phones; then we are asked what comes next."""
    nouns = "".join(_noun(phone, line, addresses, whisper=whisper) for phone in ring.phones)
    asked = any(phone.asked for phone in ring.phones)
    attributes: Attributes = {
        "action": line.address("rung", part, since=since, said=heard, asked=int(asked)),
        "method": "POST",
        "answerOnBridge": True,
        "timeout": ring.seconds,
        "callerId": caller_id(line.caller, line.service_number),
    }
    return response(tag("Dial", attributes, nouns))


def _noun(phone: Phone, line: Line, addresses: Addresses, *, whisper: bool) -> str:
    leg = f"call={line.call_id}&seq={line.sequence}&person={phone.person_id}" + ("&asked=1" if phone.asked else "")
    heard = f"{line.whisper}&language={phone.language}" if whisper else None
    attributes: Attributes = {
        "url": f"{addresses.accept}?{leg}&language={phone.language}" if phone.asked else heard,
        "statusCallback": f"{addresses.told}?{leg}",
        "statusCallbackEvent": "initiated ringing answered completed",
        "statusCallbackMethod": "POST",
    }
    if phone.address.startswith("+"):
        return tag("Number", attributes, text(phone.address))
    return tag("Sip", attributes, text(with_headers(phone.address, line.call_id)))


def asked_for_key(whisper: Prompt | None, language: str, address: str) -> str:
    """What an agent hears who is to press a key: what the call is about, and twice which key; then their call ends.
    ``address`` is where Twilio tells of the key."""
    press = _in(_PRESS, language)
    first = said((whisper or _in(_CALL, language), press))
    return response(_gather(first, address) + _gather(said((press,)), address) + tag("Hangup"))


def declined() -> str:
    """End the agent's call: they pressed another key."""
    return response(tag("Hangup"))


def too_late(language: str) -> str:
    """What an agent hears whom the caller cannot be given any more."""
    return response(said((_in(_GONE, language),)) + tag("Hangup"))


def _gather(content: str, address: str) -> str:
    attributes: Attributes = {
        "input": "dtmf",
        "numDigits": 1,
        "timeout": KEY_SECONDS,
        "finishOnKey": "",
        "action": address,
        "method": "POST",
    }
    return tag("Gather", attributes, content)


def _in(texts: Mapping[str, str], language: str) -> Prompt:
    known = language if language in texts else "en"
    return Prompt(texts[known], known)


def holding(line: Line, part: int, since: int, heard: int, prompts: tuple[Prompt, ...], sound: str | None) -> str:
    """Let the caller wait, who hears ``prompts`` and then ``sound`` or silence."""
    quiet = tag("Play", {}, text(sound)) if sound else tag("Pause", {"length": LOOK_AGAIN})
    return response(said(prompts) + quiet + redirect(line.address("agents", part, since=since, said=heard)))


def holding_still(address: str) -> str:
    """Let the caller wait a moment, and ask again at ``address``: for when we fail."""
    return response(tag("Pause", {"length": AFTER_FAILURE}) + redirect(address))
