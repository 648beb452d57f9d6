"""What the engine wants done. `FindMatches` asks the house; all others are for the channel to render.

A step of the engine returns any number of `Say` and then exactly one command that ends the turn: a wait
(`AskDigits`, `RecordMessage`, `Transfer`) or `Hangup`. Each wait says which events it accepts (`ACCEPTS`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from router.core import events
from router.core.match import Question


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something the caller hears: ``text`` in ``language`` (``de``, ``en``), or the recorded file ``recording``
    (a bare name) where there is one."""

    text: str
    language: str
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """Play prompts, without waiting for anything."""

    prompts: tuple[Prompt, ...]
    kind: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class AskDigits:
    """Play prompts, cut short by a key, and collect up to ``max_digits`` keys; ``#`` ends the input early.

    ``first_timeout`` seconds from the end of the prompts to the first key, ``next_timeout`` between keys.
    A channel that hears speech may answer with `SpeechHeard` where ``speech`` is set. ``more_digits`` further keys
    belong to the same input when they come at once, as no finger presses them: a tel link dials a code whatever is
    asked. A channel that cannot tell them apart takes ``max_digits``.
    """

    prompts: tuple[Prompt, ...]
    max_digits: int
    first_timeout: float
    next_timeout: float
    speech: bool = False
    more_digits: int = 0
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
class Transfer:
    """Hand the caller to ``queue``, to wait there at most ``timeout`` seconds; higher ``priority`` is served first."""

    queue: str
    timeout: int
    priority: int = 0
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
    kind: Literal["find_matches"] = "find_matches"


ChannelCommand = Say | AskDigits | RecordMessage | Transfer | Hangup
HouseCommand = FindMatches
Command = ChannelCommand | HouseCommand
Wait = AskDigits | RecordMessage | Transfer | FindMatches

ACCEPTS: dict[str, tuple[type[events.Event], ...]] = {
    "ask_digits": (events.DigitsEntered, events.SpeechHeard, events.InputTimedOut),
    "record_message": (events.RecordingEnded,),
    "transfer": (events.TransferEnded,),
    "find_matches": (events.MatchesFound,),
}
"""The events each wait accepts, by the wait's ``kind``; `CallerHungUp` is accepted everywhere."""
