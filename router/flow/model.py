"""A checked flow: what the engine runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from router.flow.nodes import AnyStep
from router.flow.nodes.base import HUMAN, Name, Words
from router.flow.nodes.transfer import Transfer
from router.flow.opening import Hours

Language = Literal["de", "en"]
"""Languages that prompts may be in."""


class FlowText(BaseModel):
    """A flow as an admin writes it; the fields are the YAML. ``languages`` begins with the one to start in;
    ``language_by_prefix`` chooses another by the beginning of the caller number (longest first)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    name: Name
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("de", "en")
    language_by_prefix: dict[Annotated[str, Field(pattern=r"^\+[0-9]*$")], str] = {}
    default_queue: Name = "default"
    start: Name
    hours: dict[Name, Hours] = {}
    prompts: dict[Name, Words] = {}
    steps: Annotated[dict[Name, AnyStep], Field(min_length=1, max_length=500)]


class Flow:
    """A flow that was checked, under the ``revision`` (a digest of its text) that running calls stay on."""

    __slots__ = ("revision", "source", "steps", "text")

    def __init__(self, text: FlowText, source: str, revision: str) -> None:
        self.text = text
        self.source = source
        self.revision = revision
        human = Transfer(type="transfer", queue=text.default_queue, note="a person, whatever went wrong")
        self.steps: Mapping[str, AnyStep] = {HUMAN: human, **text.steps}

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

    def queues(self) -> set[str]:
        """The queues that the flow itself hands callers to."""
        return {step.queue for step in self.steps.values() if isinstance(step, Transfer) and step.queue}

    def words(self) -> list[Words]:
        """Everything the flow may say, in the order of its text."""
        said = [text for step in self.steps.values() for text in step.texts().values()]
        return [*self.text.prompts.values(), *(text for text in said if isinstance(text, Words))]
