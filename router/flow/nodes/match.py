"""``match``: ask the house which message the call is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from router.core.commands import FindMatches
from router.core.events import Event, MatchesFound
from router.core.match import Decision
from router.flow.nodes.base import Move, Name, Place, Scene, Step, StepName


class Match(Step):
    """Weighs the caller number and, where ``code`` names an input, the callback code keyed in. One exit for each
    decision; the call goes on in the customer's language where the match is `sure` and the flow has it."""

    type: Literal["match"]
    code: Name | None = None
    sure: StepName
    likely: StepName
    unclear: StepName
    none: StepName

    def targets(self) -> Mapping[Place, str]:
        return {(decision.value,): self._way(decision) for decision in Decision}

    def enter(self, scene: Scene) -> Move:
        code = scene.inputs.get(self.code) if self.code else None
        return Move(FindMatches(code), note="with a code" if code else "by caller number")

    def resume(self, scene: Scene, event: Event) -> Move:
        if not isinstance(event, MatchesFound):
            return super().resume(scene, event)
        found = event.match
        best = found.best if found.decision is Decision.SURE else None
        language = best.language if best and best.language in scene.languages else None
        several = "" if len(found.candidates) == 1 else "s"
        note = f"{found.decision.value}, {found.assurance.name}, {len(found.candidates)} candidate{several}"
        return Move(self._way(found.decision), note=note, language=language)

    def _way(self, decision: Decision) -> str:
        match decision:
            case Decision.SURE:
                return self.sure
            case Decision.LIKELY:
                return self.likely
            case Decision.UNCLEAR:
                return self.unclear
            case Decision.NONE:
                return self.none
