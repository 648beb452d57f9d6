"""What every step type shares: the scene it looks at, the move it makes, and the fields all have.

A step type is one file: a frozen model whose fields are the YAML, `targets` naming where it may lead, `enter` for
when the call arrives at the step, and, if it waits, `resume` for the event that ends the wait.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from router.core.abilities import Ability
from router.core.assurance import Assurance
from router.core.commands import Hangup, Prompt, Wait
from router.core.events import DigitsEntered, Event, SpeechHeard
from router.core.hearing import Reading
from router.core.match import Match, Question
from router.flow.nodes.hearing import Talk
from router.flow.placeholders import has_variables
from router.flow.spoken.manner import Manner
from router.flow.variables import PERSONAL, Facts
from router.flow.wording import NOWHERE, Telling, worded
from router.spoken.choices import choice_said
from router.spoken.keys import keys_said

HUMAN = "human"
"""A step every flow has, written or not: the default queue. Whatever goes wrong ends here."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
StepName = Annotated[Name, Field(description="step")]
"""The name of a step to go on with."""


class Words(BaseModel):
    """What to say in each language; ``recording`` names a recorded file that is played where it exists."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Annotated[str, Field(min_length=1, max_length=1000)]] = Field(init=False)

    recording: Name | None = None

    @property
    def texts(self) -> Mapping[str, str]:
        """The text by language."""
        return self.__pydantic_extra__


Text = Words | Name
"""Words, or the name of a prompt under ``prompts``."""


def _digits(keys: dict[str, Any]) -> dict[str, Any]:
    for key in keys:
        if not key or len(key) > 4 or not set(key) <= set("0123456789*"):
            raise ValueError(f"'{key}' cannot be pressed: 1 to 4 of 0-9 and *")
    return keys


class KeepRecording(BaseModel):
    """What callers say at a step is kept as audio; ``announced_by`` is the step that tells them so before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    announced_by: Name = Field(description="the step that tells callers so, on every way here")


Place = tuple[str | int, ...]
"""Where something stands in the YAML of a step: ``("options", "1", "next")``."""

HUNG_UP: Place = ("hung_up",)
"""The place, among a step's targets, of what is still to be done after the caller has hung up."""
HungUp = Annotated[StepName | None, Field(description="step that is gone on with when the caller hangs up here")]

Key = Annotated[str, Field(pattern=r"^[0-9*]$")]
"""One key of a telephone that chooses something."""
Keys = Annotated[
    dict[str, StepName],
    AfterValidator(_digits),
    Field(json_schema_extra={"propertyNames": {"pattern": "^[0-9*]{1,4}$"}}),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step has asked in this call to tell messages apart: the number of ``questions`` put, and the one that
    stands, put but not answered yet. ``again``: it was put once before, and the answer could not be used. ``stage``:
    where a step that puts several questions stands, in its own words. ``talk`` is where a number stands that the caller
    says, ``said`` how the reference was found out by talking before."""

    questions: int = 0
    standing: Question | None = None
    again: bool = False
    stage: str = ""
    talk: Talk | None = None
    said: Talk | None = None


class Scene:
    """All that a step may look at. ``tries`` counts the failed tries since the call came to this step; ``asked`` is
    what the step has asked in the whole call, ``queued_since`` when the caller joined the queue. ``facts`` are the
    variables of conditions and prompts, worked out when they are first looked at; those in ``personal`` are said only
    to a caller who is proved (L3). ``zone`` is the flow's time zone. ``hours_ahead`` is for test calls: the seconds
    by which opening hours are looked at ahead of ``now``."""

    __slots__ = (
        "_facts", "_make_facts", "asked", "caller_known", "default_queue", "details", "hours", "hours_ahead", "inputs",
        "language", "languages", "match", "now", "personal", "prompts", "queued_since", "queues", "tries", "zone",
    )  # fmt: skip

    def __init__(
        self,
        *,
        now: datetime,
        prompts: Mapping[str, Words],
        hours: Mapping[str, Any],
        queues: Mapping[str, Any],
        languages: Sequence[str],
        default_queue: str,
        language: str,
        tries: int,
        match: Match | None,
        inputs: Mapping[str, str],
        caller_known: bool,
        details: bool,
        make_facts: Callable[[], Facts],
        asked: Asked,
        queued_since: datetime | None = None,
        personal: Collection[str] = PERSONAL,
        zone: tzinfo = UTC,
        hours_ahead: float = 0.0,
    ) -> None:
        self.now, self.prompts, self.hours, self.queues = now, prompts, hours, queues
        self.languages, self.language, self.default_queue = languages, language, default_queue
        self.tries, self.match, self.inputs, self.asked = tries, match, inputs, asked
        self.caller_known, self.details, self.queued_since = caller_known, details, queued_since
        self.personal, self.zone, self.hours_ahead = personal, zone, hours_ahead
        self._make_facts = make_facts
        self._facts: Facts | None = None

    @property
    def facts(self) -> Facts:
        """The variables, see `router.flow.variables`."""
        if self._facts is None:
            self._facts = self._make_facts()
        return self._facts

    def hours_time(self) -> datetime:
        """The moment at which opening hours are looked at."""
        return self.now + timedelta(seconds=self.hours_ahead) if self.hours_ahead else self.now

    def queue(self, named: str, of_offer: bool) -> str:
        """The queue that is meant: with ``of_offer`` the one that the matched offer names goes first, then the one
        ``named`` in the step, then the flow's own."""
        best = self.match.best if self.match and of_offer else None
        return (best.queue if best else None) or named or self.default_queue

    def prompt(
        self,
        text: Text,
        language: str | None = None,
        *,
        private: bool = False,
        places: Mapping[str, str] = NOWHERE,
    ) -> Prompt:
        """The prompt in the call's language, or in the flow's first where that has no such text. ``private``: the
        caller does not hear it (a whisper to the agent). ``places`` stand for names that only this text knows. Its text
        is empty where nothing of it can be said; the engine leaves such a prompt out."""
        words, wanted = self._words(text, language)
        plain = words.texts[wanted]
        if not has_variables(plain):
            return Prompt(plain, wanted, words.recording)
        made = worded(plain, self._telling(Manner(wanted, self.zone), private, places, words.recording))
        return Prompt(made.text, wanted, once=True, recordings=made.recordings)

    def written(self, text: Text, *, private: bool = False, places: Mapping[str, str] = NOWHERE) -> str:
        """The text of a message, in the call's language; empty where nothing of it can be written. ``private``: it goes
        to the number on file only. ``places`` stand for names that only this text knows (``{{ code }}``)."""
        words, wanted = self._words(text, None)
        telling = self._telling(Manner(wanted, self.zone, written=True), private, places, None)
        return worded(words.texts[wanted], telling).text

    def _words(self, text: Text, language: str | None) -> tuple[Words, str]:
        words = self.prompts[text] if isinstance(text, str) else text
        wanted = language or self.language
        if wanted not in words.texts:
            wanted = next(code for code in self.languages if code in words.texts)
        return words, wanted

    def _telling(self, manner: Manner, private: bool, places: Mapping[str, str], recording: str | None) -> Telling:
        proved = private or (self.match is not None and self.match.assurance >= Assurance.L3)
        return Telling(lambda: self.facts, manner, proved, self.personal, places, recording)


def keys_of(event: Event, language: str) -> str:
    """The keys that the caller pressed, or said in ``language``; "" for anything else that may have come."""
    match event:
        case DigitsEntered(digits=digits):
            return digits
        case SpeechHeard(text=text, readings=readings):
            return keys_said(readings or (Reading(text, 1.0),), language)
        case _:
            return ""


def choice_of(event: SpeechHeard, words: Mapping[str, Iterable[str]]) -> str:
    """The key of ``words`` that the likeliest reading names which names one at all; "" where none does."""
    chosen = (choice_said(text, words) for text in (event.text, *(reading.text for reading in event.readings)))
    return next(filter(None, chosen), "")


@dataclass(frozen=True, slots=True)
class GoTo:
    """On with another flow, at its start."""

    flow: str


@dataclass(frozen=True, slots=True)
class Move:
    """What a step wants: say something, then go to another step (a name) or flow, wait, or end the call.

    ``note`` says for the trace what happened. ``failed_try`` counts one more try at this step. ``language`` is the
    caller's choice, ``customer_language`` what to speak where the caller has chosen none. ``inputs`` are what the
    caller gave, ``values`` what the flow notes (``vars``). ``asked`` is kept for this step until the call ends.
    """

    then: str | Wait | Hangup | GoTo
    note: str = ""
    say: tuple[Prompt, ...] = ()
    failed_try: bool = False
    language: str | None = None
    customer_language: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    asked: Asked | None = None


class UseKind(StrEnum):
    """What a step may refer to by name; the problem for a name that is not there is ``missing-`` and this."""

    HOURS = "hours"
    INPUT = "input"
    QUEUE = "queue"
    WEBHOOK = "webhook"
    FLOW = "flow"
    LANGUAGE = "language"


def given(ways: Mapping[Place, str | None]) -> dict[Place, str]:
    """Those of ``ways`` that lead somewhere."""
    return {place: step for place, step in ways.items() if step is not None}


class Use(NamedTuple):
    """A name that a step refers to, and its place in the YAML of the step."""

    place: Place
    kind: UseKind
    name: str


class Formula(NamedTuple):
    """A CEL expression of a step and what it has to give: ``condition`` is true or false, ``value`` anything that may
    be noted (text, number, true or false), ``said`` anything that can be put into a text."""

    text: str
    gives: Literal["condition", "value", "number", "text", "said"]


class Step(BaseModel, ABC):
    """A step of a flow. ``note`` is for the people who read the flow, ``label`` is what agents read of the step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    EXAMPLE: ClassVar[str] = ""
    """YAML of a whole step as it stands under ``steps``, for the documentation; its targets are ``on`` or ``human``."""
    WAITS: ClassVar[bool] = False
    """Whether the caller is waited for on every way through the step."""

    note: str = ""
    label: Words | None = None

    @abstractmethod
    def targets(self) -> Mapping[Place, str]:
        """Where the step may lead: the place of each target in the YAML, and the step it names."""

    def after_proof(self) -> Mapping[Place, str]:
        """Those of `targets` to which no way leads unless the caller is proved (L3)."""
        return {}

    def placeholders(self) -> Mapping[Place, Collection[str]]:
        """Names that one of the step's texts alone may use in ``{{ }}``, beside the variables, by the text's place."""
        return {}

    def when_hung_up(self) -> str | None:
        """The step to go on with where the caller hangs up here; None: the flow says."""
        return self.targets().get(HUNG_UP)

    def after_waiting(self) -> Mapping[Place, str]:
        """Those of `targets` to which no way leads without having waited for the caller."""
        return self.targets() if self.WAITS else {}

    def refused_at(self, queues: Mapping[str, Any], default_queue: str) -> Collection[Place]:
        """The places of those of `after_waiting` that a caller may be led to at once, as the shared ``queues`` are."""
        return ()

    def texts(self) -> Mapping[Place, Text]:
        """What the step may say to the caller, by its place in the YAML."""
        return {}

    def private_texts(self) -> Mapping[Place, Text]:
        """What goes to the agent's ear or to the number on file only, so that it may be personal."""
        return {}

    def uses(self) -> Iterable[Use]:
        """The names of other things that the step refers to."""
        return ()

    def formulas(self) -> Mapping[Place, Formula]:
        """The CEL expressions of the step, by their place in the YAML."""
        return {}

    def inputs(self) -> Iterable[str]:
        """The inputs that the step fills (``inputs.NAME``)."""
        return ()

    def values(self) -> Iterable[str]:
        """What the step notes (``vars.NAME``)."""
        return ()

    def personal_values(self) -> Iterable[str]:
        """Those of `values` that are personal whatever they were worked out from: another system answered them."""
        return ()

    def talks(self) -> bool:
        """Whether the step is for a caller who is still there."""
        return self.WAITS or bool(self.texts())

    def needs(self) -> Mapping[Place, Ability]:
        """What a channel must be able to do for the step."""
        return {}

    def asks_for_speech(self) -> Place | None:
        """Where the step says expressly that callers may speak; None where it does not."""
        return None

    def announced_by(self) -> str | None:
        """The step that tells callers that what they say here is kept as audio; None: it is not kept."""
        return None

    def sends_texts(self) -> bool:
        """Whether the step needs somebody who sends text messages."""
        return False

    @abstractmethod
    def enter(self, scene: Scene) -> Move:
        """The call arrives here."""

    def resume(self, scene: Scene, event: Event) -> Move:
        """An event that the step's wait accepts has come."""
        raise ValueError(f"a {type(self).__name__} step waits for nothing, so {type(event).__name__} cannot end it")
