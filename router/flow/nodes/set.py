"""``set``: note values for later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from router.flow import expressions
from router.flow.nodes.base import Formula, Move, Name, Place, Scene, Step, StepName


class Set(Step):
    """Works out each of ``values``, a CEL expression, and keeps it as ``vars.NAME`` until the call ends. A value is a
    text, a number or true or false. All see what was so before the step. One that cannot be worked out is noted in the
    trace and leaves its name empty (``""``); the call goes on."""

    EXAMPLE: ClassVar[str] = """
tell_apart:
  type: set
  values:
    big_offer: "offer.known && offer.days_left < 3"
    visits_so_far: visits.greet
  next: on
"""

    type: Literal["set"]
    noted: Annotated[
        dict[Name, str],
        Field(alias="values", min_length=1, max_length=20, description="text for each name: a CEL expression"),
    ]
    next: StepName

    def targets(self) -> Mapping[Place, str]:
        return {("next",): self.next}

    def formulas(self) -> Mapping[Place, Formula]:
        return {("values", name): Formula(text, "value") for name, text in self.noted.items()}

    def values(self) -> Iterable[str]:
        return tuple(self.noted)

    def enter(self, scene: Scene) -> Move:
        found: dict[str, Any] = {}
        failed: list[str] = []
        for name, text in self.noted.items():
            try:
                found[name] = expressions.value_of(text, scene.facts)
            except ValueError as error:
                found[name] = ""
                failed.append(f"{name}: {error}")
        return Move(self.next, note="; ".join(failed) or ", ".join(found), values=found)
