"""What a method made of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.core.assurance import Assurance
from router.core.match import Decision


@dataclass(frozen=True, slots=True)
class Belief:
    """Probabilities at one moment: of the messages told, by id, and of none of them."""

    messages: Mapping[str, float]
    none: float

    @property
    def top(self) -> float:
        """The probability of the likeliest message."""
        return max(self.messages.values(), default=0.0)

    @property
    def first(self) -> str | None:
        """The likeliest message."""
        return max(self.messages, key=lambda each: self.messages[each], default=None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``named`` is the message that the call was tied to, None: none. ``opened``: the agent has it open;
    ``title_said``: the caller heard the offer's title. ``questions`` and ``keys`` are what the caller was asked and
    pressed. ``before`` and ``after`` are what was believed before the first question and at the end, where a method
    believes anything."""

    named: str | None
    decision: Decision
    assurance: Assurance
    opened: bool
    title_said: bool = False
    questions: int = 0
    keys: int = 0
    asked: tuple[str, ...] = ()
    before: Belief | None = None
    after: Belief | None = None
    evidence: tuple[str, ...] = field(default=())
    """Kinds of evidence for the message named."""
