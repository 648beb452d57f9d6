"""What Twilio tells, in the house's terms. Pure.

Which event a request is follows from its address, which we wrote ourselves:
`?call=…&seq=…&for=ask|record|transfer|agents|rung`. The first request of a call has none of it. A withheld number is
dropped here and goes no further.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, assert_never
from urllib.parse import parse_qsl

from router.channels.twilio.form import Form, Misunderstood
from router.channels.twilio.speech import heard
from router.core.events import (
    WITHHELD,
    Caller,
    CallerHungUp,
    CallStarted,
    DigitsEntered,
    Event,
    InputTimedOut,
    RecordingEnded,
    TransferEnded,
    TransferOutcome,
)
from router.core.phone import e164, is_withheld
from router.core.verstat import attestation

CHANNEL: Final = "twilio"

Wait = Literal["ask", "record", "transfer", "agents", "rung"]
"""What the caller was doing when Twilio asked what comes next; ``agents``: waiting for one of ours, ``rung``: the
phones of some of them rang."""

MOST_KEYS: Final = 40
LONGEST_RECORDING_URL: Final = 400
_LONGEST_RECORDING: Final = 86_400
_LEAST_RECORDING: Final = 1.0

# Strict, since fields run together sign alike: CallSid=CA1,CallStatus=x is signed as CallSid=CA1CallStatusx is.
_CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_CALL_ID = re.compile(r"[0-9a-f]{32}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SEQUENCE = re.compile(r"[0-9]{1,9}")
_URL = re.compile(r"https?://[!-~]+")
_AS_DIALLED = re.compile(r"[!-~]{1,40}")
_NUMBERS: Final = ("part", "since", "said", "failed", "asked", "ended")
_KEYS: Final = frozenset("0123456789*#")

# CallStatus of a call that is no more (Twilio, "Call resource: status values").
_OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

# Twilio's references of <Dial> (DialCallStatus) and <Enqueue> (QueueResult); what is in neither counts as failed.
_DIALLED: Final[Mapping[str, TransferOutcome]] = {
    "completed": TransferOutcome.ANSWERED,
    "answered": TransferOutcome.ANSWERED,
    "busy": TransferOutcome.NO_ANSWER,
    "no-answer": TransferOutcome.NO_ANSWER,
    "canceled": TransferOutcome.NO_ANSWER,
    "failed": TransferOutcome.FAILED,
}
_QUEUED: Final[Mapping[str, TransferOutcome]] = {
    "bridged": TransferOutcome.ANSWERED,
    "bridging-in-process": TransferOutcome.ANSWERED,
    "redirected": TransferOutcome.ANSWERED,
    "redirected-from-bridged": TransferOutcome.ANSWERED,
    "leave": TransferOutcome.NO_ANSWER,
    "queue-full": TransferOutcome.UNAVAILABLE,
    "error": TransferOutcome.FAILED,
    "system-error": TransferOutcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a call a request belongs: ``sequence`` is the event that it brings."""

    call_id: str
    sequence: int
    wait: Wait
    part: int = 0
    """Of a transfer that goes to several destinations one after the other, which of them."""
    since: int = 0
    """When that part began, in seconds since 1970; 0: now."""
    said: int = 0
    """The announcements that the caller has heard there."""
    failed: int = 0
    """How often in a row we could not say what comes next."""
    asked: int = 0
    """1: of those whose phones rang some were to press a key before they were connected."""
    ended: int = 0
    """1: somebody talked to the caller, and we could not say what comes next."""


@dataclass(frozen=True, slots=True)
class LegPlace:
    """The call to an agent's phone: for which call, at which place, and whom. ``asked``: who answers is to press a key;
    ``language`` is what they are spoken to in."""

    call_id: str
    sequence: int
    person_id: str
    asked: bool = False
    language: str = "en"


@dataclass(frozen=True, slots=True)
class DialEnd:
    """What `<Dial>` came to: whether a phone was ``answered``, and whether the two were connected (None: not said)."""

    answered: bool
    bridged: bool | None


def place(query: str) -> Place | None:
    """The place that the address names; None for the first request of a call. Raises `Misunderstood`."""
    named = _named(query)
    if not named:
        return None
    call_id, sequence = _which(named)
    match named.get("for"):
        case "ask" | "record" | "transfer" | "agents" | "rung" as wait:
            return Place(call_id, sequence, wait, *(_number(named, name) for name in _NUMBERS))
        case _:
            raise Misunderstood("for in the address is none of ask, record, transfer, agents, rung")


def whisper_place(query: str) -> Place:
    """The transfer that the address names, as that of a whisper does. Raises `Misunderstood`."""
    return Place(*_which(_named(query)), "transfer")


def language(query: str) -> str | None:
    """The language that the address names, None where it names none. Raises `Misunderstood`."""
    language = _named(query).get("language")
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise Misunderstood("language in the address is no code of a language")
    return language


def _named(query: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in ("call", "seq", "for", "person", "language", *_NUMBERS):
            if name in named:
                raise Misunderstood(f"the address has {name} more than once")
            named[name] = value
    return named


def _number(named: Mapping[str, str], name: str) -> int:
    text = named.get(name, "0")
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise Misunderstood(f"{name} in the address is no number")
    return int(text)


def leg_place(query: str) -> LegPlace:
    """What the address of an agent's leg names. Raises `Misunderstood`."""
    named = _named(query)
    if not _CALL_ID.fullmatch(named.get("person", "")):
        raise Misunderstood("person in the address is no id of a person")
    return LegPlace(*_which(named), named["person"], bool(_number(named, "asked")), language(query) or "en")


def leg_status(form: Form) -> str:
    """How it stands with the call to an agent's phone. Raises `Misunderstood`."""
    return form.get("CallStatus") or ""


def dial_end(form: Form, place: Place | None = None) -> DialEnd:
    """What a `<Dial>` that rang agents' phones came to; asked for again, the ``place`` says it."""
    if place is not None and place.ended:
        return DialEnd(answered=True, bridged=True)
    bridged = {"true": True, "false": False}.get((form.get("DialBridged") or "").lower())
    answered = form.get("DialCallStatus") in ("completed", "answered")
    return DialEnd(answered, bridged)


def _which(named: Mapping[str, str]) -> tuple[str, int]:
    call_id, sequence = named.get("call", ""), named.get("seq", "")
    if not _CALL_ID.fullmatch(call_id):
        raise Misunderstood("call in the address is no id of a call")
    if not _SEQUENCE.fullmatch(sequence):
        raise Misunderstood("seq in the address is no number")
    return call_id, int(sequence)


def call_sid(form: Form) -> str:
    """Twilio's id of the call. Raises `Misunderstood`."""
    sid = form.get("CallSid") or ""
    if not _CALL_SID.fullmatch(sid):
        raise Misunderstood("CallSid is missing or no id of a call")
    return sid


def is_over(form: Form) -> bool:
    """Whether the caller has gone. Twilio may ask what comes next even then."""
    return (
        form.get("CallStatus") in _OVER
        or form.get("QueueResult") == "hangup"
        or form.get("Digits") == "hangup"  # how <Record> says it; keys have no letters
    )


def started(form: Form, region: str) -> CallStarted:
    """A new call. ``region`` is where numbers in national form belong."""
    dialled = form.get("To") or ""
    number = e164(dialled, region)
    if number is None and _AS_DIALLED.fullmatch(dialled):
        number = dialled
    account = form.get("AccountSid") or ""
    trunk = account if _ACCOUNT_SID.fullmatch(account) else None
    return CallStarted(CHANNEL, _caller(form, region), number, trunk=trunk)


def event(form: Form, wait: Wait) -> Event:
    """What has happened. Raises `Misunderstood` for a field that was sent twice."""
    match wait:
        case "record":
            return _recording(form)
        case "ask":
            return CallerHungUp() if is_over(form) else _input(form)
        case "transfer" | "rung" | "agents":
            return CallerHungUp() if is_over(form) else TransferEnded(_outcome(form))
        case _:
            assert_never(wait)


def _caller(form: Form, region: str) -> Caller:
    number, privacy = form.get("From"), form.get("SipHeader_Privacy")
    # Privacy (RFC 3323) comes with calls over SIP; any value but none asks for the number to be kept back.
    if is_withheld(number) or (privacy or "none").strip().casefold() != "none":
        return WITHHELD
    known = e164(number or "", region)
    # Of SIP headers Twilio passes only those that a caller can write, so P-Asserted-Identity would say nothing.
    return Caller(known, attestation=attestation(form.get("StirVerstat")) if known else None)


def _input(form: Form) -> Event:
    keys = "".join(key for key in form.get("Digits") or "" if key in _KEYS)[:MOST_KEYS].removesuffix("#")
    speech, confidence = form.get("SpeechResult") or "", form.get("Confidence")
    if keys:
        return DigitsEntered(keys)
    if said := heard(speech, confidence):
        return said
    # The finishing key alone is no input for Twilio; some requests tell of it all the same.
    if form.get("Digits") == "#" or form.get("FinishedOnKey") == "#":
        return DigitsEntered("")
    return InputTimedOut()


def _outcome(form: Form) -> TransferOutcome:
    dialled, queued = form.get("DialCallStatus"), form.get("QueueResult")
    if dial_end(form).bridged is False and dialled in ("completed", "answered"):
        return TransferOutcome.NO_ANSWER  # who answered was gone before the two were connected
    if dialled is not None:
        return _DIALLED.get(dialled, TransferOutcome.FAILED)
    return _QUEUED.get(queued or "", TransferOutcome.FAILED)


def _recording(form: Form) -> RecordingEnded:
    url = form.get("RecordingUrl") or ""
    if len(url) > LONGEST_RECORDING_URL or not _URL.fullmatch(url):
        return RecordingEnded(None, 0.0)
    seconds = _seconds(form.get("RecordingDuration"))
    return RecordingEnded(url if seconds else None, seconds)


def _seconds(text: str | None) -> float:
    """A recording whose length is not known yet (-1, absent) is better kept than lost."""
    if text is None or not text.isascii() or not text.isdigit():
        return _LEAST_RECORDING
    return float(min(int(text[:9]), _LONGEST_RECORDING))
