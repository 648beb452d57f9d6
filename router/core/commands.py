"""What the engine wants done. A `HouseCommand` asks the house; all others are for the channel to render.

A step of the engine returns any number of `Say` and then exactly one command that ends the turn: a wait
(`AskDigits`, `RecordMessage`, `Transfer`), `Hangup`, or one that asks the house, whose answer goes on with the turn.
Each wait says which events it accepts (`ACCEPTS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from router.core import events
from router.core.hearing import Heard, Listening
from router.core.match import Question


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something the caller hears: ``text`` in ``language`` (``de``, ``en``), or the recorded file ``recording``
    (a bare name) where there is one. ``once``: made for this very call, and not to be kept after it; where there is a
    recorded file for each of ``recordings``, these are played instead, one after the other."""

    text: str
    language: str
    recording: str | None = None
    once: bool = False
    recordings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Say:
    """Play prompts, without waiting for anything."""

    prompts: tuple[Prompt, ...]
    kind: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class AskDigits:
    """Play prompts, cut short by a key, and collect up to ``max_digits`` keys; ``#`` ends the input early.

    ``first_timeout`` seconds from the end of the prompts to the first key, ``next_timeout`` between keys.
    A channel that hears speech may answer with `SpeechHeard` where ``speech`` is set, as ``listening`` says.
    ``more_digits`` further keys belong to the same input when they come at once, as no finger presses them: a tel link
    dials a code whatever is asked. A channel that cannot tell them apart takes ``max_digits``.
    """

    prompts: tuple[Prompt, ...]
    max_digits: int
    first_timeout: float
    next_timeout: float
    speech: bool = False
    more_digits: int = 0
    listening: Listening = field(default_factory=Listening)
    kind: Literal["ask_digits"] = "ask_digits"


@dataclass(frozen=True, slots=True)
class RecordMessage:
    """Play prompts, then record the caller for at most ``max_seconds``, until ``#``, ``max_silence`` seconds of
    silence, or the end of the call."""

    prompts: tuple[Prompt, ...]
    max_seconds: int
    max_silence: int
    kind: Literal["record_message"] = "record_message"


@dataclass(frozen=True, slots=True)
class Leg:
    """One place to wait in: ``queue``, there only at agents who have all of ``skills`` or, where a ``person`` is named
    (an id), at theirs alone, and that for ``seconds``."""

    queue: str
    seconds: int
    skills: tuple[str, ...] = ()
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the caller to ``queue``, to wait there at most ``timeout`` seconds; higher ``priority`` is served first.
    ``skills`` are what the agent should have, ``whisper`` is what the agent alone hears before the caller, in the
    flow's first language; ``whispers`` are the same in its others.

    The engine says what is wished for: ``last_agent`` seconds for the agent whom the customer talked to last,
    ``skills_for`` seconds (None: to the end) in which the skills count, and after ``overflow_after`` seconds in all
    another queue, ``overflow``. The house makes ``legs`` of it, one after the other, together at most ``timeout``
    seconds; channels go by these, and where there are none by the queue alone.
    """

    queue: str
    timeout: int
    priority: int = 0
    skills: tuple[str, ...] = ()
    whisper: Prompt | None = None
    last_agent: int = 0
    skills_for: int | None = None
    overflow: str | None = None
    overflow_after: int = 0
    legs: tuple[Leg, ...] = ()
    whispers: tuple[Prompt, ...] = ()
    kind: Literal["transfer"] = "transfer"


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call in good order."""

    kind: Literal["hangup"] = "hangup"


@dataclass(frozen=True, slots=True)
class FindMatches:
    """Ask the house which message the call is about; the call's caller number counts by itself.

    ``code``, ``reference``, ``last_digits``, ``topic`` and ``about_message`` (``yes`` or ``no``) are what the caller
    answered, unchecked: None when not asked, empty when asked without an answer. ``spoken``: the reference was heard,
    not keyed in; ``topics``: those that there were to choose from. ``questions`` are those that the flow can put next;
    the match says which of them is worth asking.
    """

    code: str | None = None
    reference: str | None = None
    last_digits: str | None = None
    topic: str | None = None
    spoken: bool = False
    questions: tuple[Question, ...] = ()
    about_message: str | None = None
    topics: tuple[str, ...] = ()
    details: bool = False
    """Whether the flow speaks of the offer or the customer, so that `MatchesFound.about` is wanted."""
    heard: tuple[Heard, ...] = ()
    """The hearings of the reference or the code, of all of it or a part; they are weighed together."""
    confirmed: str | None = field(default=None, repr=False)
    """The number that the caller has said yes to when it was read back."""
    refused: tuple[str, ...] = field(default=(), repr=False)
    """Those that the caller has said no to."""
    kind: Literal["find_matches"] = "find_matches"


@dataclass(frozen=True, slots=True)
class SeeQueue:
    """Ask how long callers of ``queue`` wait at present."""

    queue: str
    kind: Literal["see_queue"] = "see_queue"


@dataclass(frozen=True, slots=True)
class SendCode:
    """Send a one-time code of so many ``digits`` to the number on file of the customer whom the match names. In
    ``text`` the house puts the code where `CODE_PLACE` stands; it holds ``seconds``. The code itself never passes the
    engine."""

    text: str
    digits: int
    seconds: int
    kind: Literal["send_code"] = "send_code"


CODE_PLACE = "{code}"


@dataclass(frozen=True, slots=True)
class CheckCode:
    """Ask whether ``digits`` are the one-time code sent in this call."""

    digits: str = field(repr=False)
    kind: Literal["check_code"] = "check_code"


@dataclass(frozen=True, slots=True)
class SendText:
    """Send a text message: to the number the call comes from (``caller``), or to the one on file of the customer whom
    the match names (``customer``)."""

    text: str = field(repr=False)
    to: Literal["caller", "customer"]
    kind: Literal["send_text"] = "send_text"


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """Ask another system: POST ``send`` as JSON to the address that the settings name ``webhook``, signed, and wait at
    most ``seconds`` for its answer."""

    webhook: str
    send: Mapping[str, Any] = field(repr=False)
    seconds: float
    kind: Literal["call_webhook"] = "call_webhook"


@dataclass(frozen=True, slots=True)
class KeepCallback:
    """Note that the caller is to be called back: at ``number`` (as keyed in) or, where that is None, at the number the
    call comes from; not before ``wanted_from`` and, if so said, not after ``wanted_until`` (aware). The place in
    ``queue`` is that of ``since``, when the caller would have joined it, for agents with ``skills``."""

    queue: str
    since: datetime
    number: str | None = field(default=None, repr=False)
    priority: int = 0
    wanted_from: datetime | None = None
    wanted_until: datetime | None = None
    skills: tuple[str, ...] = ()
    kind: Literal["keep_callback"] = "keep_callback"


ChannelCommand = Say | AskDigits | RecordMessage | Transfer | Hangup
HouseCommand = FindMatches | SeeQueue | SendCode | CheckCode | SendText | CallWebhook | KeepCallback
Command = ChannelCommand | HouseCommand
Wait = AskDigits | RecordMessage | Transfer | HouseCommand

ACCEPTS: dict[str, tuple[type[events.Event], ...]] = {
    "ask_digits": (events.DigitsEntered, events.SpeechHeard, events.SpeechLost, events.InputTimedOut),
    "record_message": (events.RecordingEnded,),
    "transfer": (events.TransferEnded, events.HandedOver),
    "find_matches": (events.MatchesFound,),
    "see_queue": (events.QueueSeen,),
    "send_code": (events.CodeSent,),
    "check_code": (events.CodeChecked,),
    "send_text": (events.TextSent,),
    "call_webhook": (events.WebhookAnswered,),
    "keep_callback": (events.CallbackKept,),
}
"""The events each wait accepts, by the wait's ``kind``; `CallerHungUp` is accepted everywhere."""
