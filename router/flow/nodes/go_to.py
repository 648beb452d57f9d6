"""``go_to``: on with another flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from router.flow.nodes.base import GoTo, Move, Name, Place, Scene, Step, Use, UseKind


class GoToFlow(Step):
    """Goes on at the start of ``flow``, another flow of the same folder, and does not come back by itself. What is
    known of the call goes along: the match, inputs, values, the language. How often a step was visited, and what a
    ``match`` step has asked, begins anew."""

    EXAMPLE: ClassVar[str] = """
after_hours:
  type: go_to
  flow: night
"""

    type: Literal["go_to"]
    flow: Name

    def targets(self) -> Mapping[Place, str]:
        return {}

    def uses(self) -> Iterator[Use]:
        yield Use(("flow",), UseKind.FLOW, self.flow)

    def enter(self, scene: Scene) -> Move:
        return Move(GoTo(self.flow), note=f"on with flow '{self.flow}'")
