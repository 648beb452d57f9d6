"""What can happen to a call, told by a channel. A channel turns what it receives into exactly one of these.

Every event is a frozen value with a ``kind`` that names it in JSON (see `router.engine.session`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from router.core.hearing import Reading
from router.core.match import About, Match


class Attestation(StrEnum):
    """What the network says of a caller number (STIR/SHAKEN: ATIS-1000074, RFC 8224). Absent in most of Europe, where
    it says nothing either way."""

    FULL = "full"
    """A: the caller's own provider knows the caller and the right to the number."""
    PARTIAL = "partial"
    """B: the provider knows the caller but not the right to the number."""
    GATEWAY = "gateway"
    """C: the call came in from elsewhere."""
    FAILED = "failed"
    """The signature is wrong: the number was tampered with on the way."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The calling party as far as we may know it.

    ``number`` is E.164 or None. With ``withheld`` it is always None: a channel drops a number that the caller
    suppressed before anything else sees it, even when the network delivers it (P-Asserted-Identity).
    ``attestation`` is about the number; None where the network says nothing.
    """

    number: str | None = field(default=None, repr=False)  # a log of events holds no numbers
    withheld: bool = False
    attestation: Attestation | None = None

    def __post_init__(self) -> None:
        if self.withheld and self.number is not None:
            raise ValueError("a withheld caller has no number")


WITHHELD = Caller(withheld=True)

TEST_PHONE = "testphone"
"""The channel of test calls, which reach nobody outside."""

LONGEST_DIALLED = 40
"""Characters of a number dialled that is not E.164; a channel cuts off the rest."""


class TransferOutcome(StrEnum):
    """How a hand-over to a queue ended for the caller who is still there."""

    ANSWERED = "answered"
    """An agent talked to the caller and left the call to us again."""
    NO_ANSWER = "no_answer"
    UNAVAILABLE = "unavailable"
    """The queue is unknown, full, or has nobody in it."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A caller reached us. ``service_number`` is the number dialled (E.164 where it can be, else as received).

    ``trunk`` names the line or account that the call came in on, for the limits on wrong codes; None where the
    channel does not know. ``ahead`` is for test calls: the seconds by which such a call is to happen later (or,
    negative, earlier) than now; ``hours_ahead`` is the same for opening hours alone, on top of it.
    """

    channel: str
    caller: Caller
    service_number: str | None = None
    ahead: float = 0.0
    trunk: str | None = None
    hours_ahead: float = 0.0
    kind: Literal["call_started"] = "call_started"


@dataclass(frozen=True, slots=True)
class DigitsEntered:
    """Keys the caller pressed: ``0-9 * #``, without the key that ended the input. May be empty (only ``#`` pressed)."""

    digits: str
    kind: Literal["digits_entered"] = "digits_entered"


@dataclass(frozen=True, slots=True)
class SpeechHeard:
    """What the caller said, in words, as a recogniser or a typing tester gave it: ``text`` is the likeliest reading.
    ``readings`` are all there are, likeliest first; none: ``text`` alone. ``recogniser`` says whose errors to expect
    (``typed`` where nobody spoke). ``recording`` names the kept audio, where it is kept."""

    text: str
    readings: tuple[Reading, ...] = ()
    recogniser: str = "typed"
    recording: str | None = None
    kind: Literal["speech_heard"] = "speech_heard"


@dataclass(frozen=True, slots=True)
class SpeechLost:
    """The caller spoke, and no recogniser could make words of it in time: it hangs, is away, or has too much to do. The
    call goes on with keys."""

    kind: Literal["speech_lost"] = "speech_lost"


@dataclass(frozen=True, slots=True)
class InputTimedOut:
    """The caller neither pressed nor said anything in the time given."""

    kind: Literal["input_timed_out"] = "input_timed_out"


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """A hand-over is over and the caller is still on the line."""

    outcome: TransferOutcome
    kind: Literal["transfer_ended"] = "transfer_ended"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The agent has passed the caller on: to ``queue``, to wait there at most ``timeout`` seconds, and where a
    ``person`` is named (an id) for that one alone. The house makes it of `TransferEnded`; channels never send it."""

    queue: str
    timeout: int
    person: str | None = None
    kind: Literal["handed_over"] = "handed_over"


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The caller left a message. ``recording`` names the audio at the channel, None when there is no audio
    (the test phone types); ``seconds`` is its length, 0 for nothing; ``text`` is what was typed or transcribed."""

    recording: str | None
    seconds: float
    text: str | None = None
    kind: Literal["recording_ended"] = "recording_ended"


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The call is over. It ends the session wherever it stands, once what the flow has still to do is done; when that
    is found out ``late`` only, nothing is done any more."""

    late: bool = False
    kind: Literal["caller_hung_up"] = "caller_hung_up"


@dataclass(frozen=True, slots=True)
class MatchesFound:
    """The house's answer to `FindMatches`. ``about`` is what the message holds that the match names, where the flow
    asked for it; None where it names none."""

    match: Match
    about: About | None = field(default=None, repr=False)
    kind: Literal["matches_found"] = "matches_found"


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """The house's answer to `SeeQueue`: callers ``waiting``, agents ``ready`` (also those who
    talk just now), and the seconds that one who joins now
    can expect to wait, None where that cannot be told."""

    queue: str
    waiting: int
    ready: int
    expected_seconds: int | None
    kind: Literal["queue_seen"] = "queue_seen"


class Unsent(StrEnum):
    """Why a text message is not sent."""

    NO_NUMBER = "no_number"
    """Withheld, or nothing on file, or no number that can take a text message."""
    NO_PROVIDER = "no_provider"
    """The settings name nobody who sends text messages."""
    NOT_ALLOWED = "not_allowed"
    """Not a destination that the settings allow."""
    TOO_MANY = "too_many"
    """The limit for this call or number is reached."""


@dataclass(frozen=True, slots=True)
class CodeSent:
    """The house's answer to `SendCode`; ``unsent`` is None where the code is on its way."""

    unsent: Unsent | None = None
    kind: Literal["code_sent"] = "code_sent"


@dataclass(frozen=True, slots=True)
class CodeChecked:
    """The house's answer to `CheckCode`. A right one makes the match L3."""

    right: bool
    kind: Literal["code_checked"] = "code_checked"


@dataclass(frozen=True, slots=True)
class TextSent:
    """The house's answer to `SendText`; ``unsent`` is None where the text is on its way."""

    unsent: Unsent | None = None
    kind: Literal["text_sent"] = "text_sent"


@dataclass(frozen=True, slots=True)
class WebhookAnswered:
    """The house's answer to `CallWebhook`: the JSON object answered, or None where there was no usable answer in time;
    then ``reason`` says why, in a few English words without an address."""

    answer: Mapping[str, Any] | None = field(default=None, repr=False)
    reason: str = ""
    kind: Literal["webhook_answered"] = "webhook_answered"


@dataclass(frozen=True, slots=True)
class CallbackKept:
    """The house's answer to `KeepCallback`; not ``kept`` where the number cannot or must not be called."""

    kept: bool
    kind: Literal["callback_kept"] = "callback_kept"


HouseEvent = MatchesFound | QueueSeen | CodeSent | CodeChecked | TextSent | WebhookAnswered | CallbackKept
"""What the house answers; the outside world never sends these."""

Event = (
    CallStarted
    | DigitsEntered
    | SpeechHeard
    | SpeechLost
    | InputTimedOut
    | TransferEnded
    | HandedOver
    | RecordingEnded
    | CallerHungUp
    | HouseEvent
)
