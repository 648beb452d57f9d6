"""A checked flow: what the engine runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from router.flow.nodes import AnyStep
from router.flow.nodes.base import HUMAN, Name, UseKind, Words
from router.flow.nodes.transfer import Transfer
from router.flow.opening import Hours
from router.flow.personal import personal_variables, speaks_of_message
from router.flow.queues import CannedText, Queue
from router.flow.shared import NOTHING_SHARED, Shared

Language = Literal["de", "en"]
"""Languages that prompts may be in."""


class FlowText(BaseModel):
    """A flow as an admin writes it; the fields are the YAML. ``languages`` begins with the one to start in;
    ``language_by_prefix`` chooses another by the beginning of the caller number (longest first). ``hung_up`` is the
    step that is gone on with when the caller hangs up while the flow talks, where the step itself names no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    name: Name
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("de", "en")
    language_by_prefix: dict[Annotated[str, Field(pattern=r"^\+[0-9]*$")], str] = {}
    default_queue: Name = "default"
    start: Name
    hung_up: Name | None = None
    hours: dict[Name, Hours] = {}
    prompts: dict[Name, Words] = {}
    steps: Annotated[dict[Name, AnyStep], Field(min_length=1, max_length=500)]


class Speaks(NamedTuple):
    """What the texts and formulas of a flow are about, see `Flow.details` and `Flow.personal`."""

    details: bool
    personal: Collection[str]


class Flow:
    """A flow that was checked, with the shared pieces it refers to; its own go first. ``revision`` names the set of
    files it belongs to, on which running calls stay; ``flows`` are all flows of that set by name, ``files`` its texts
    by path."""

    __slots__ = (
        "_speaks",
        "canned",
        "files",
        "flows",
        "hours",
        "lines",
        "path",
        "prompts",
        "queues",
        "revision",
        "source",
        "steps",
        "text",
    )

    def __init__(self, text: FlowText, source: str, path: str, revision: str, shared: Shared = NOTHING_SHARED) -> None:
        self.text = text
        self.source = source
        self.path = path
        self.revision = revision
        human = Transfer(type="transfer", queue=text.default_queue, note="a person, whatever went wrong")
        self.steps: Mapping[str, AnyStep] = {HUMAN: human, **text.steps}
        self.prompts: Mapping[str, Words] = {**shared.prompts, **text.prompts}
        self.hours: Mapping[str, Hours] = {**shared.hours, **text.hours}
        self.queues: Mapping[str, Queue] = shared.queues
        self.canned: Mapping[str, CannedText] = shared.texts
        self.flows: Mapping[str, Flow] = {text.name: self}
        self.files: Mapping[str, str] = {path: source}
        self.lines: Mapping[str, int] = {}
        """The line of each step in ``source``, from 1."""
        self._speaks: Speaks | None = None

    @property
    def details(self) -> bool:
        """Whether the flow, or one that it may go on with, says or asks anything of the offer or the customer, so that
        a match is to bring them."""
        return self._spoken_of().details

    @property
    def personal(self) -> Collection[str]:
        """The variables that are said only to a caller who is proved (L3)."""
        return self._spoken_of().personal

    def _spoken_of(self) -> Speaks:
        # Worked out when it is first looked at: by then the flow knows the others of its set.
        if self._speaks is None:
            self._speaks = Speaks(speaks_of_message(self), personal_variables(self.flows.values()))
        return self._speaks

    @property
    def name(self) -> str:
        """The name under which calls reach the flow."""
        return self.text.name

    def language_for(self, number: str | None) -> str:
        """The language to start in for a caller number in E.164, or for none."""
        prefixes = self.text.language_by_prefix
        for length in range(len(number or ""), 0, -1):
            if language := prefixes.get((number or "")[:length]):
                return language
        return self.text.languages[0]

    def queues_used(self) -> set[str]:
        """The queues that the flow itself hands callers to."""
        return {use.name for step in self.steps.values() for use in step.uses() if use.kind is UseKind.QUEUE}

    def words(self) -> list[Words]:
        """Everything the flow may say, in the order of its text."""
        said = [
            text for step in self.steps.values() for text in (*step.texts().values(), *step.private_texts().values())
        ]
        return [*self.prompts.values(), *(text for text in said if isinstance(text, Words))]
