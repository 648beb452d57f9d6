"""What the house wants, as TwiML. Pure.

All prompts are `<Say>`: recorded files are kept for Asterisk, under an address that Twilio cannot reach. The voices
are ones Twilio has had for years; where a language has none here, the account's own setting decides.

`<Gather>` has one ``timeout``, for the first key as for each further one; it gets the longer of ours, so that nobody is
cut short. Neither silence nor `#` alone makes Twilio ask us again, but for ``actionOnEmptyResult``; the `<Redirect>`
after it is for the day when that is not heeded, and after `<Record>` for a recording with nothing in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never
from xml.sax.saxutils import escape, quoteattr

from router.channels.twilio.destinations import Destination, Destinations, PhoneNumber, SipAddress, TwilioQueue
from router.channels.twilio.parse import Wait
from router.channels.twilio.speech import gather_attributes, locale_of
from router.core.commands import AskDigits, ChannelCommand, Hangup, Prompt, RecordMessage, Say, Transfer
from router.core.events import Caller
from router.core.phone import e164

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
EMPTY: Final = f"{_HEAD}<Response/>"
"""Nothing more to do: the caller has gone."""

LONGEST_RINGING: Final = 600
"""Seconds; more Twilio does not let ring."""

_VOICES: Final[Mapping[str, str]] = {"de": "Polly.Vicki", "en": "Polly.Amy"}

# Characters that XML 1.0 has no way to write (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Attributes = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class Line:
    """The call that a document is for. ``voice_url`` is where Twilio asks what comes next, ``whisper_url`` what the
    agent alone hears."""

    voice_url: str
    whisper_url: str
    call_id: str
    sequence: int
    language: str
    caller: Caller
    service_number: str | None

    def address(self, wait: Wait) -> str:
        """Where Twilio goes when the wait is over."""
        return f"{self.voice_url}?call={self.call_id}&seq={self.sequence}&for={wait}"

    @property
    def whisper(self) -> str:
        """Where Twilio fetches what the agent hears before the caller does."""
        return f"{self.whisper_url}?call={self.call_id}&seq={self.sequence}"


def document(commands: Sequence[ChannelCommand], line: Line, destinations: Destinations) -> str:
    """The TwiML document for ``commands``."""
    if not commands:
        return EMPTY
    return _response("".join(_verbs(command, line, destinations) for command in commands))


def whispered(whisper: Prompt) -> str:
    """The document for an agent who has answered, before the caller hears anything."""
    return _response(_said((whisper,)))


def way_out(destination: Destination, caller: Caller, service_number: str | None) -> str:
    """The document for a caller for whom we can do nothing more: to the default queue, and nobody asks us again."""
    return _response(_transfer(destination, LONGEST_RINGING, None, caller, service_number))


def _verbs(command: ChannelCommand, line: Line, destinations: Destinations) -> str:
    match command:
        case Say(prompts=prompts):
            return _said(prompts)
        case AskDigits():
            return _gather(command, line)
        case RecordMessage():
            return _record(command, line)
        case Transfer(queue=queue, timeout=timeout):
            action, whisper = line.address("transfer"), line.whisper if command.whisper else None
            return _transfer(destinations[queue], timeout, action, line.caller, line.service_number, whisper)
        case Hangup():
            return _tag("Hangup")
        case _:
            assert_never(command)


def _said(prompts: Sequence[Prompt]) -> str:
    return "".join(
        _tag("Say", {"language": locale_of(said.language), "voice": _VOICES.get(said.language)}, _text(said.text))
        for said in prompts
        if said.text.strip()
    )


def _gather(asked: AskDigits, line: Line) -> str:
    action = line.address("ask")
    attributes: Attributes = {
        "input": "dtmf speech" if asked.speech else "dtmf",
        "action": action,
        "method": "POST",
        "actionOnEmptyResult": True,
        "timeout": math.ceil(max(asked.first_timeout, asked.next_timeout, 1)),
        "finishOnKey": "#",
        "numDigits": asked.max_digits,
    }
    if asked.speech:
        attributes = {**attributes, **gather_attributes(asked.listening, _spoken(asked.prompts, line.language))}
    return _tag("Gather", attributes, _said(asked.prompts)) + _redirect(action)


def _spoken(prompts: Sequence[Prompt], language: str) -> str:
    """The language of the answer: that of the question, and the call's where it is put in several."""
    asked_in = {prompt.language for prompt in prompts if prompt.text.strip()}
    return asked_in.pop() if len(asked_in) == 1 else language


def _record(asked: RecordMessage, line: Line) -> str:
    action = line.address("record")
    attributes: Attributes = {
        "action": action,
        "method": "POST",
        "maxLength": max(asked.max_seconds, 2),
        "timeout": max(asked.max_silence, 1),
        "finishOnKey": "#",
        "playBeep": True,
    }
    return _said(asked.prompts) + _tag("Record", attributes) + _redirect(action)


def _transfer(
    destination: Destination,
    timeout: int,
    action: str | None,
    caller: Caller,
    service_number: str | None,
    whisper: str | None = None,
) -> str:
    then: Attributes = {"action": action, "method": "POST" if action else None}
    match destination:
        case TwilioQueue(name=name):
            return _tag("Enqueue", then, _text(name))
        case PhoneNumber(number=number):
            whom = _tag("Number", {"url": whisper}, _text(number))
        case SipAddress(address=address):
            whom = _tag("Sip", {"url": whisper}, _text(address))
        case _:
            assert_never(destination)
    shown: Attributes = {
        "answerOnBridge": True,
        "timeout": min(max(timeout, 5), LONGEST_RINGING),
        "callerId": _caller_id(caller, service_number),
    }
    return _tag("Dial", {**then, **shown}, whom)


def _caller_id(caller: Caller, service_number: str | None) -> str | None:
    """Twilio shows the caller's number to whom it dials, and dials nobody without a number to show: where the caller
    has none, it is the service number."""
    if caller.number is not None or service_number is None:
        return None
    return service_number if e164(service_number) == service_number else None


def _redirect(address: str) -> str:
    return _tag("Redirect", {"method": "POST"}, _text(address))


def _response(verbs: str) -> str:
    return f"{_HEAD}<Response>{verbs}</Response>"


def _tag(name: str, attributes: Attributes | None = None, content: str = "") -> str:
    written = "".join(f" {key}={_quoted(value)}" for key, value in (attributes or {}).items() if value is not None)
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def _quoted(value: str | int | bool) -> str:
    return quoteattr(_xml(str(value).lower() if isinstance(value, bool) else str(value)))


def _text(text: str) -> str:
    return escape(_xml(text))


def _xml(text: str) -> str:
    return _NOT_XML.sub(" ", text)
