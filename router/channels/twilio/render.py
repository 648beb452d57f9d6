"""What the house wants, as TwiML. Pure.

All prompts are `<Say>`: recorded files are kept for Asterisk, under an address that Twilio cannot reach. The voices
are ones Twilio has had for years; where a language has none here, the account's own setting decides.

`<Gather>` has one ``timeout``, for the first key as for each further one; it gets the longer of ours, so that nobody is
cut short. Neither silence nor `#` alone makes Twilio ask us again, but for ``actionOnEmptyResult``; the `<Redirect>`
after it is for the day when that is not heeded, and after `<Record>` for a recording with nothing in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from router.channels.twilio.destinations import (
    Agents,
    Destination,
    Destinations,
    PhoneNumber,
    SipAddress,
    TwilioQueue,
    Workflow,
)
from router.channels.twilio.parse import Wait
from router.channels.twilio.speech import gather_attributes, locale_of
from router.channels.twilio.stretches import Stretch, stretches
from router.channels.twilio.tasks import task_attributes
from router.channels.twilio.twiml import EMPTY, Attributes, redirect, response, tag, text
from router.core.commands import AskDigits, ChannelCommand, Hangup, Prompt, RecordMessage, Say, Transfer
from router.core.events import Caller
from router.core.phone import e164

LONGEST_RINGING: Final = 600
"""Seconds; more Twilio does not let ring."""

_VOICES: Final[Mapping[str, str]] = {"de": "Polly.Vicki", "en": "Polly.Amy"}


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
    assurance: int = 0

    def address(self, wait: Wait, part: int = 0, **more: int) -> str:
        """Where Twilio goes when the wait is over, or a ``part`` of it; ``more`` as `parse.Place` has it."""
        at = f"{self.voice_url}?call={self.call_id}&seq={self.sequence}&for={wait}"
        told = {"part": part} | more
        return at + "".join(f"&{name}={value}" for name, value in told.items() if value)

    @property
    def whisper(self) -> str:
        """Where Twilio fetches what the agent hears before the caller does."""
        return f"{self.whisper_url}?call={self.call_id}&seq={self.sequence}"


def document(commands: Sequence[ChannelCommand], line: Line, destinations: Destinations) -> str:
    """The TwiML document for ``commands``."""
    if not commands:
        return EMPTY
    return response("".join(_verbs(command, line, destinations) for command in commands))


def whispered(whisper: Prompt) -> str:
    """The document for an agent who has answered, before the caller hears anything."""
    return response(said((whisper,)))


def way_out(destination: Destination, caller: Caller, service_number: str | None) -> str:
    """The document for a caller for whom we can do nothing more: to the default queue, and nobody asks us again."""
    return response(_handed(destination, LONGEST_RINGING, None, caller, service_number))


def _verbs(command: ChannelCommand, line: Line, destinations: Destinations) -> str:
    match command:
        case Say(prompts=prompts):
            return said(prompts)
        case AskDigits():
            return _gather(command, line)
        case RecordMessage():
            return _record(command, line)
        case Transfer():
            return part_of(command, stretches(command, destinations.__getitem__), 0, line)
        case Hangup():
            return tag("Hangup")
        case _:
            assert_never(command)


def part_of(transfer: Transfer, parts: Sequence[Stretch], number: int, line: Line) -> str:
    """The verbs for one part of a transfer."""
    part = parts[number]
    match part.destination:
        case Agents():
            return redirect(line.address("agents", number))
        case Workflow(sid=sid):
            task = {"priority": transfer.priority, "timeout": part.seconds}
            attributes = task_attributes(line.call_id, part.legs[0], transfer, line.assurance)
            then: Attributes = {"action": line.address("transfer", number), "method": "POST", "workflowSid": sid}
            return tag("Enqueue", then, tag("Task", task, text(attributes)))
        case to:
            whisper = line.whisper if transfer.whisper else None
            action = line.address("transfer", number)
            return _handed(to, part.seconds, action, line.caller, line.service_number, whisper, line.call_id)


def said(prompts: Sequence[Prompt]) -> str:
    """What the caller hears."""
    return "".join(
        tag("Say", {"language": locale_of(each.language), "voice": _VOICES.get(each.language)}, text(each.text))
        for each in prompts
        if each.text.strip()
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
    return tag("Gather", attributes, said(asked.prompts)) + redirect(action)


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
    return said(asked.prompts) + tag("Record", attributes) + redirect(action)


def _handed(
    destination: Destination,
    timeout: int,
    action: str | None,
    caller: Caller,
    service_number: str | None,
    whisper: str | None = None,
    call_id: str | None = None,
) -> str:
    then: Attributes = {"action": action, "method": "POST" if action else None}
    match destination:
        case TwilioQueue(name=name):
            return tag("Enqueue", then, text(name))
        case Workflow(sid=sid):
            return tag("Enqueue", {**then, "workflowSid": sid})
        case Agents():
            raise ValueError("agents are rung, not handed to")
        case PhoneNumber(number=number):
            whom = tag("Number", {"url": whisper}, text(number))
        case SipAddress(address=address):
            whom = tag("Sip", {"url": whisper}, text(with_headers(address, call_id)))
        case _:
            assert_never(destination)
    shown: Attributes = {
        "answerOnBridge": True,
        "timeout": min(max(timeout, 5), LONGEST_RINGING),
        "callerId": caller_id(caller, service_number),
    }
    return tag("Dial", {**then, **shown}, whom)


def with_headers(address: str, call_id: str | None) -> str:
    """A SIP address that brings the call's id to the phone, in headers (Twilio, "TwiML Voice: <Sip>", "Custom headers";
    RFC 7433). What the operator wrote stays."""
    if call_id is None:
        return address
    headers = f"X-Threadline-Call={call_id}&User-to-User={call_id}%3Bencoding%3Dhex"
    return f"{address}{'&' if '?' in address else '?'}{headers}"


def caller_id(caller: Caller, service_number: str | None) -> str | None:
    """Twilio shows the caller's number to whom it dials, and dials nobody without a number to show: where the caller
    has none, it is the service number."""
    if caller.number is not None or service_number is None:
        return None
    return service_number if e164(service_number) == service_number else None
