"""A scenario as it is written: one call, what happens in it and what is expected; the fields are the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, model_validator

from router.core import events
from router.core.assurance import Assurance
from router.core.commands import Command, FindMatches, SeeQueue
from router.core.hearing import Part, Reading, Understood, Verdict
from router.core.match import About, Candidate, Decision, Evidence, EvidenceKind, Match, Question, QuestionKind
from router.flow.nodes.asking import LONGEST_CODE
from router.flow.nodes.base import Name
from router.flow.variables import VARIABLES

MOST_LINES = 200
Digits = Annotated[str, Field(pattern=r"^[0-9*#]{0,40}$")]
Number = Annotated[str, Field(pattern=r"^(withheld|\+[0-9]{3,15})$")]
Expected = Annotated[str, Field(pattern=r"^(ask|record|hangup|nothing|queue [a-z][a-z0-9_]{0,39})$")]
Sent = Literal[True] | events.Unsent


_P = TypeVar("_P", bound=BaseModel)


def _in_our_times(at: datetime) -> datetime:
    if not 1970 <= at.year <= 2200:
        raise ValueError("a time between 1970 and 2200 is expected")
    return at


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _known_to(group: str) -> Any:
    """Holds the fields of ``offer`` and ``customer`` to those that conditions and prompts know."""
    made = {"known", "days_left"}  # worked out in the call
    names = {each.path.removeprefix(f"{group}.") for each in VARIABLES if each.path.startswith(f"{group}.")} - made

    def known(fields: dict[str, Any]) -> dict[str, Any]:
        for name in fields:
            if name not in names:
                raise ValueError(f"no field '{name}'; there is: {', '.join(sorted(names))}")
        return fields

    return AfterValidator(known)


class LastDigits(_Part):
    """The question for so many last digits of the code or the reference."""

    last_digits: Annotated[int, Field(ge=2, le=4)]


class PartText(_Part):
    """The part of a number that is in doubt: so many characters at its beginning or end."""

    first: Annotated[int, Field(ge=1, le=6)] | None = None
    last: Annotated[int, Field(ge=1, le=6)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        return _exactly_one(self, ("first", "last"))

    def part(self) -> Part:
        """The same as matching says it."""
        return Part("first", self.first) if self.first else Part("last", self.last or 1)


class UnderstoodText(_Part):
    """What matching makes of the number that was said."""

    verdict: Verdict
    number: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,40}$")] = ""
    part: PartText | None = None

    def understood(self) -> Understood:
        """The same as matching says it."""
        return Understood(self.verdict, self.number, self.part.part() if self.part else None)


class ReadingText(_Part):
    """One way to take what was said, and how likely it is."""

    text: Annotated[str, Field(min_length=1, max_length=1000)]
    weight: Annotated[float, Field(gt=0, le=1)]


class FoundText(_Part):
    """What matching answers. Without ``assurance`` it is L1 where the decision names a message."""

    decision: Decision
    assurance: Annotated[int, Field(ge=0, le=3)] | None = None
    probability: Annotated[float, Field(ge=0, le=1)] = 0.97
    queue: Name | None = None
    language: str | None = None
    offer: Annotated[dict[str, JsonValue], _known_to("offer")] = {}
    customer: Annotated[dict[str, JsonValue], _known_to("customer")] = {}
    question: Literal["about_message", "topic", "code", "reference"] | LastDigits | None = None
    code_accepted: bool | None = None
    digits_fit: bool = False
    understood: UnderstoodText | None = None

    def event(self, asked: FindMatches) -> events.MatchesFound:
        """The answer to ``asked``."""
        question, heard = self._question(asked), self.understood.understood() if self.understood else None
        if self.decision is Decision.NONE:
            nobody = Match(self.decision, Assurance.L0, 1.0, (), self.code_accepted, question, heard)
            return events.MatchesFound(nobody)
        fits = (Evidence(EvidenceKind.LAST_DIGITS, 4.0, "The digits fit."),) if self.digits_fit else ()
        title = str(self.offer.get("title", "Sommer-Angebot"))
        best = Candidate("m1", self.probability, fits, self.queue, self.language, title)
        assurance = Assurance.L1 if self.assurance is None else Assurance(self.assurance)
        none = round(1 - self.probability, 9)
        found = Match(self.decision, assurance, none, (best,), self.code_accepted, question, heard)
        about = About(self.offer, self.customer) if asked.details and found.best else None
        return events.MatchesFound(found, about)

    def _question(self, asked: FindMatches) -> Question | None:
        match self.question:
            case None:
                return None
            case LastDigits(last_digits=digits):
                return Question(QuestionKind.LAST_DIGITS, digits)
            case "topic":
                return Question(QuestionKind.TOPIC, 1, asked.topics)
            case "code":
                return Question(QuestionKind.CODE, LONGEST_CODE)  # as where no code is stored
            case "about_message":
                return Question(QuestionKind.ABOUT_MESSAGE, 1)
            case "reference":
                return Question(QuestionKind.REFERENCE, LONGEST_CODE)


class SeenText(_Part):
    """How a queue stands."""

    waiting: Annotated[int, Field(ge=0)] = 0
    ready: Annotated[int, Field(ge=0)] = 0
    expected_seconds: Annotated[int, Field(ge=0)] | None = None


_ASKED = {
    "match": "find_matches",
    "queue": "see_queue",
    "code_sent": "send_code",
    "code_checked": "check_code",
    "text_sent": "send_text",
    "webhook": "call_webhook",
    "callback": "keep_callback",
}
"""The house's command that each answer is to, by its ``kind``."""
ANSWER_TO = {asked: answer for answer, asked in _ASKED.items()}


class AnswerText(_Part):
    """One answer of the house: to `FindMatches`, `SeeQueue` and so on."""

    match: FoundText | None = None
    queue: SeenText | None = None
    code_sent: Sent | None = None
    code_checked: bool | None = None
    text_sent: Sent | None = None
    webhook: dict[str, JsonValue] | Literal["failed"] | None = None
    callback: bool | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        return _exactly_one(self, tuple(_ASKED))

    @property
    def kind(self) -> str:
        """The field that stands here."""
        return next(name for name in _ASKED if name in self.model_fields_set)

    def event(self, asked: Command) -> events.HouseEvent | None:
        """What the house answers to ``asked``; None where this is the answer to something else."""
        if _ASKED[self.kind] != asked.kind:
            return None
        match asked, self:
            case FindMatches(), AnswerText(match=FoundText() as found):
                return found.event(asked)
            case SeeQueue(queue=name), AnswerText(queue=SeenText() as seen):
                return events.QueueSeen(name, seen.waiting, seen.ready, seen.expected_seconds)
            case _:
                return self._plain()

    def _plain(self) -> events.HouseEvent | None:
        match self.kind:
            case "code_sent":
                return events.CodeSent(None if self.code_sent is True else self.code_sent)
            case "code_checked":
                return events.CodeChecked(bool(self.code_checked))
            case "text_sent":
                return events.TextSent(None if self.text_sent is True else self.text_sent)
            case "webhook":
                answer = self.webhook if isinstance(self.webhook, Mapping) else None
                return events.WebhookAnswered(answer, "" if answer is not None else "failed")
            case "callback":
                return events.CallbackKept(bool(self.callback))
            case _:
                return None


HAPPENS = ("start", "digits", "speech", "speech_lost", "silence", "transfer", "recording", "hangup")


class LineText(_Part):
    """One thing that happens in the call, and what is expected then. ``keys`` is what is pressed instead of ``speech``
    where a channel hears nothing; readings are what a recogniser makes of it, likeliest first."""

    start: Literal[True] | None = None
    digits: Digits | None = None
    speech: (
        Annotated[str, Field(min_length=1, max_length=1000)]
        | Annotated[tuple[ReadingText, ...], Field(min_length=1, max_length=12)]
        | None
    ) = None
    speech_lost: Literal[True] | None = None
    silence: Literal[True] | None = None
    transfer: events.TransferOutcome | None = None
    recording: Annotated[float, Field(ge=0, le=600)] | None = None
    hangup: Literal[True] | None = None
    keys: Digits | None = None
    hears: tuple[str, ...] | None = None
    language: str | None = None
    then: Expected | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        return _exactly_one(self, HAPPENS)

    @property
    def kind(self) -> str:
        """The field that says what happens."""
        return next(name for name in HAPPENS if name in self.model_fields_set)

    def event(self) -> events.Event | None:
        """What happens; None for the start."""
        match self.kind:
            case "digits":
                return events.DigitsEntered(self.digits or "")
            case "speech":
                return self._said()
            case "speech_lost":
                return events.SpeechLost()
            case "silence":
                return events.InputTimedOut()
            case "transfer" if self.transfer:
                return events.TransferEnded(self.transfer)
            case "recording":
                return events.RecordingEnded("vm-1" if self.recording else None, self.recording or 0.0)
            case "hangup":
                return events.CallerHungUp()
            case _:
                return None

    def _said(self) -> events.SpeechHeard:
        if isinstance(self.speech, tuple):
            readings = tuple(Reading(each.text, each.weight) for each in self.speech)
            return events.SpeechHeard(readings[0].text, readings)
        return events.SpeechHeard(self.speech or "")


class ScenarioText(_Part):
    """A scenario: a call of ``flow`` and what becomes of it."""

    flow: Name
    note: str = ""
    at: Annotated[AwareDatetime, AfterValidator(_in_our_times)]
    caller: Annotated[Number, Field(alias="from")]
    to: Annotated[str, Field(pattern=r"^\+?[0-9*#]{1,40}$")] = "+493023125000"
    house: tuple[AnswerText, ...] = ()
    call: Annotated[tuple[LineText, ...], Field(min_length=1, max_length=MOST_LINES)]
    steps: tuple[Name, ...] | None = None

    @model_validator(mode="after")
    def _starts_once(self) -> Self:
        starts = [number for number, line in enumerate(self.call) if line.start]
        if starts != [0]:
            raise ValueError("'call' begins with 'start: true', and no other line has it")
        return self


def _exactly_one(part: _P, names: tuple[str, ...]) -> _P:
    given = [name for name in names if name in part.model_fields_set and getattr(part, name) is not None]
    if len(given) != 1:
        raise ValueError(f"exactly one of these must stand here: {', '.join(names)}")
    return part
