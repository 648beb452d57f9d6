"""A queue as admins describe it, once for all channels, in a file under ``shared/``."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from router.flow.nodes.base import Name, Words
from router.flow.nodes.priorities import Priority

MOST_SKILLS = 5
"""Skills that a queue tells apart; on Asterisk each set of them is a place of its own."""

_TWILIO = re.compile(
    r"agents|workflow:WW[0-9a-fA-F]{32}|queue:[^ ].{0,63}|sips?:[^ @]+@[^ @]+|\+?[0-9][0-9 ()/.-]{2,24}"
)


def _for_twilio(text: str) -> str:
    # The channel understands it; here it is only told where it stands.
    if not _TWILIO.fullmatch(text):
        raise ValueError("is none of agents, workflow:WW…, queue:NAME, sip:NAME@HOST, or a number")
    return text


Seconds = Annotated[int, Field(ge=1, le=3600)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Part):
    """What counts beside for callers for whom ``when`` (CEL) is true. All rules that apply count together: the highest
    priority, all skills, the longest wait for the last agent, the first queue."""

    when: str = Field(description="a condition in CEL, such as offer.days_left <= 0")
    note: str = Field("", description="for the people who read it")
    priority: Priority = Field(None, description="whole number or a CEL expression")
    skills: tuple[Name, ...] = Field((), description="what the agent should be able to do, too")
    last_agent: Annotated[int, Field(ge=0, le=600, description="seconds to wait for whom they talked to last")] = 0
    queue: Name | None = Field(None, description="another queue to go to instead")


class ServiceLevel(_Part):
    """So many percent of the callers are to be answered within so many seconds."""

    percent: Annotated[int, Field(ge=1, le=100, description="of the callers")] = 80
    seconds: Annotated[Seconds, Field(description="in which they are to be answered")] = 20


class Announcements(_Part):
    """What callers hear while they wait."""

    position: bool = Field(False, description="whether they are told how many wait before them")
    wait: bool = Field(False, description="whether they are told how long it may take")
    every: Annotated[int, Field(ge=15, le=600, description="seconds between two of them")] = 60
    texts: tuple[Words, ...] = Field((), max_length=10, description="said in turn")


class Overflow(_Part):
    """Where callers go on waiting after a while; their time in both counts together."""

    after: Annotated[Seconds, Field(description="seconds of waiting")]
    queue: Name = Field(description="where they go on waiting")


class CallbackRules(_Part):
    """How callers who asked for it are called back."""

    attempts: Annotated[int, Field(ge=1, le=10, description="calls before it is given up")] = 3
    every: Annotated[int, Field(ge=1, le=1440, description="minutes between two attempts")] = 15
    ring: Annotated[int, Field(ge=10, le=120, description="seconds it rings")] = 30


class FieldChoice(_Part):
    """Something to choose, with what people call it."""

    code: Annotated[str, Field(min_length=1, max_length=100, description="what it is stored as")]
    label: Words = Field(description="what agents read")


class DispositionField(_Part):
    """Something to be filled in with a disposition."""

    name: Name = Field(description="what it is stored as")
    label: Words = Field(description="what agents read")
    type: Literal["text", "number", "date", "choice", "yes_no"] = Field("text", description="what is filled in")
    choices: tuple[Annotated[str, Field(min_length=1, max_length=100)] | FieldChoice, ...] = Field(
        (), max_length=50, description="of a choice: text that is stored as it reads, or a code with a label"
    )
    required: bool = Field(False, description="whether it has to be filled in")

    @property
    def chosen_from(self) -> tuple[FieldChoice, ...]:
        """The choices, each with a code; one without a label reads as it is stored."""
        return tuple(
            each if isinstance(each, FieldChoice) else FieldChoice.model_construct(code=each, label=Words())
            for each in self.choices
        )


class Disposition(_Part):
    """What a talk may have come to."""

    code: Name = Field(description="what it is stored as")
    label: Words = Field(description="what agents read")
    fields: tuple[DispositionField, ...] = Field((), max_length=20, description="what is filled in beside it")
    follow_up: bool = Field(False, description="asks for a follow-up")


class Queue(_Part):
    """A queue. ``timeout``, ``priority`` and ``skills`` count for a `transfer` to it that says nothing else itself;
    ``note`` is for the people who read the flows."""

    note: str = Field("", description="for the people who read the flows")
    label: Words | None = Field(None, description="what people call it")
    timeout: Annotated[int, Field(ge=5, le=3600, description="seconds that callers wait at most")] = 600
    priority: Annotated[int, Field(ge=0, le=100, description="higher is served first")] = 0
    skills: tuple[Name, ...] = Field((), description="list of text: what the agent should be able to do")
    skill_set: tuple[Name, ...] = Field((), max_length=MOST_SKILLS, description="skills that count here")
    skills_for: Annotated[int, Field(ge=5, le=3600)] | None = Field(
        None, description="seconds that the skills count; without it to the end"
    )
    rules: tuple[Rule, ...] = Field((), max_length=50, description="what counts beside for some callers")
    hours: Name | None = Field(None, description="shared hours in which it is served")
    service_level: ServiceLevel = Field(ServiceLevel(), description="how soon callers are to be answered")
    strategy: Literal["all", "longest_idle", "fewest_calls", "in_turn"] = Field(
        "all", description="whose phone rings: of all who are free, or of one after the other"
    )
    ring: Annotated[int, Field(ge=5, le=120, description="seconds that one phone rings")] = 20
    wrap_up: Annotated[int, Field(ge=0, le=3600, description="seconds after a talk without a call")] = 0
    announcements: Announcements = Field(Announcements(), description="what callers hear while they wait")
    overflow: Overflow | None = Field(None, description="where they go on waiting after a while")
    callbacks: CallbackRules = Field(CallbackRules(), description="how callers are called back")
    dispositions: tuple[Disposition, ...] = Field((), max_length=50, description="what a talk may have come to")
    disposition_needed: bool = Field(False, description="a talk is not wrapped up without one")
    twilio: Annotated[str, AfterValidator(_for_twilio)] | None = Field(
        None, description="where Twilio takes its callers: agents, workflow:WW…, queue:NAME, sip:NAME@HOST or a number"
    )


class CannedText(_Part):
    """A text that agents send with a few keys; it may have variables like a prompt."""

    label: Words = Field(description="what agents read")
    channel: Literal["sms", "email"] = Field("sms", description="how it is sent")
    subject: Words | None = Field(None, description="of an e-mail")
    text: Words = Field(description="what is sent")
    queues: tuple[Name, ...] = Field((), description="where it is offered; everywhere if empty")
