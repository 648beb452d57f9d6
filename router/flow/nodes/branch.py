"""``branch``: go one way or another by conditions in CEL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from router.flow import expressions, terms
from router.flow.nodes.base import HUMAN, Formula, Move, Place, Scene, Step, StepName


class Case(BaseModel):
    """One condition and its way. In YAML: ``- if: match.assurance >= 2`` and ``next: …``."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    condition: Annotated[str, Field(alias="if")]
    next: StepName


class Branch(Step):
    """The first case whose condition holds decides; none of them: ``otherwise``."""

    EXAMPLE: ClassVar[str] = """
decide:
  type: branch
  cases:
    - if: match.assurance >= 2 && offer.days_left < 3
      next: on
    - if: time.weekday >= 6 || time.hour < 8
      next: human
  otherwise: on
"""

    type: Literal["branch"]
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    otherwise: StepName = HUMAN

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("cases", number, "next"): case.next for number, case in enumerate(self.cases)}
        return {**ways, ("otherwise",): self.otherwise}

    def after_proof(self) -> Mapping[Place, str]:
        cases = enumerate(self.cases)
        return {("cases", at, "next"): case.next for at, case in cases if terms.proves_caller(case.condition)}

    def formulas(self) -> Mapping[Place, Formula]:
        return {("cases", at, "if"): Formula(case.condition, "condition") for at, case in enumerate(self.cases)}

    def enter(self, scene: Scene) -> Move:
        for case in self.cases:
            try:
                if expressions.holds(case.condition, scene.facts):
                    return Move(case.next, note=case.condition)
            except ValueError as error:
                return Move(self.otherwise, note=f"{case.condition}: {error}")
        return Move(self.otherwise, note="no case holds")
