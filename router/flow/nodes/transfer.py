"""``transfer``: hand the caller to the agents of a queue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from router.core import commands
from router.core.abilities import Ability
from router.core.events import Event, TransferEnded, TransferOutcome
from router.flow import expressions
from router.flow.nodes.base import HUMAN, Formula, Move, Name, Place, Scene, Step, StepName, Text, Use, UseKind

MOST_PRIORITY = 100
MOST_SKILLS = 20
_ODD_NUMBER = re.compile(r"[0-9][0-9A-Za-z_.]*")
_SKILL = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_UNSAID = {"timeout": 600, "priority": 0, "skills": ()}
"""What counts where neither the step nor the queue's shared piece says anything."""


def _in_range(priority: int | str | None) -> int | str | None:
    odd = isinstance(priority, str) and _ODD_NUMBER.fullmatch(priority)
    if odd or (isinstance(priority, int) and not 0 <= priority <= MOST_PRIORITY):
        raise ValueError(f"a whole number from 0 to {MOST_PRIORITY}, or a CEL expression, is expected here")
    return priority


class Transfer(Step):
    """Waits in ``queue`` for at most ``timeout`` seconds. With ``offer_queue`` the queue named by the matched offer
    goes first. Callers of a higher ``priority`` (0 to 100, or a CEL expression) are served before others; ``skills``
    are what the agent should be able to do, with ``offer_skills`` also what the offer asks for. What the step does not
    say of these, the queue says (``queues`` in a file under ``shared/``).

    ``whisper`` is said to the agent alone, in the flow's first language, before the two are connected; it may be
    personal. Where nobody answers the flow goes on at ``no_answer``, where the queue cannot be had at ``unavailable``;
    an agent who hands the caller back leads to ``done``."""

    EXAMPLE: ClassVar[str] = """
connect:
  type: transfer
  queue: sales
  offer_queue: true
  priority: "match.assurance >= 2 ? 10 : 0"
  skills: [english]
  whisper: {de: "Anruf zu {{ offer.title ?? 'etwas' }}.", en: "A call about {{ offer.title ?? 'something' }}."}
  no_answer: human
"""
    WAITS: ClassVar[bool] = True

    type: Literal["transfer"]
    queue: Name = ""
    offer_queue: bool = False
    text: Text | None = None
    timeout: Annotated[
        Annotated[int, Field(ge=5, le=3600)] | None, Field(description="whole number; without it the queue's, or 600")
    ] = None
    priority: Annotated[
        int | str | None,
        AfterValidator(_in_range),
        Field(description="whole number or a CEL expression; without it the queue's, or 0"),
    ] = None
    skills: Annotated[
        Annotated[tuple[Name, ...], Field(max_length=MOST_SKILLS)] | None,
        Field(description="list of text; without it the queue's"),
    ] = None
    offer_skills: bool = False
    whisper: Text | None = None
    no_answer: StepName = HUMAN
    unavailable: StepName = HUMAN
    done: StepName | None = None

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {
            ("no_answer",): self.no_answer,
            ("unavailable",): self.unavailable,
        }
        return ways | ({("done",): self.done} if self.done else {})

    def texts(self) -> Mapping[Place, Text]:
        return {("text",): self.text} if self.text else {}

    def private_texts(self) -> Mapping[Place, Text]:
        return {("whisper",): self.whisper} if self.whisper else {}

    def uses(self) -> Iterator[Use]:
        if self.queue:
            yield Use(("queue",), UseKind.QUEUE, self.queue)

    def formulas(self) -> Mapping[Place, Formula]:
        return {("priority",): Formula(self.priority, "number")} if isinstance(self.priority, str) else {}

    def needs(self) -> Mapping[Place, Ability]:
        needed: dict[Place, Ability] = {("whisper",): Ability.WHISPER} if self.whisper else {}
        if self.priority:
            needed["priority",] = Ability.PRIORITY
        if self.skills:
            needed["skills",] = Ability.SKILLS
        return needed | ({("offer_skills",): Ability.SKILLS} if self.offer_skills else {})

    def enter(self, scene: Scene) -> Move:
        queue = scene.queue(self.queue, self.offer_queue)
        piece = scene.queues.get(queue)
        priority, failed = self._priority(scene, piece)
        whisper = self._whisper(scene)
        handed = commands.Transfer(queue, _first(self, piece, "timeout"), priority, self._skills(scene, piece), whisper)
        say = (scene.prompt(self.text),) if self.text else ()
        return Move(handed, note=f"to queue {queue}{failed}", say=say)

    def _priority(self, scene: Scene, piece: Any) -> tuple[int, str]:
        """The priority, and for the trace why the expression gave none."""
        if not isinstance(self.priority, str):
            return _first(self, piece, "priority"), ""
        try:
            value = expressions.value_of(self.priority, scene.facts)
        except ValueError as error:
            return getattr(piece, "priority", 0), f"; priority: {error}"
        if isinstance(value, bool | str):
            return getattr(piece, "priority", 0), "; priority: gives no number"
        return min(max(round(value), 0), MOST_PRIORITY), ""

    def _skills(self, scene: Scene, piece: Any) -> tuple[str, ...]:
        skills = _first(self, piece, "skills")
        if self.offer_skills:
            # Whoever registers messages writes them: what is no plain name means something else to a dialplan.
            skills = (*skills, *(each for each in scene.facts["offer"]["skills"] if _SKILL.fullmatch(str(each))))
        return tuple(dict.fromkeys(skills))[:MOST_SKILLS]

    def _whisper(self, scene: Scene) -> commands.Prompt | None:
        said = scene.prompt(self.whisper, scene.languages[0], private=True) if self.whisper else None
        return said if said and (said.text or said.recording) else None

    def resume(self, scene: Scene, event: Event) -> Move:
        if not isinstance(event, TransferEnded):
            return super().resume(scene, event)
        match event.outcome:
            case TransferOutcome.ANSWERED:
                return Move(self.done or commands.Hangup(), note="an agent answered")
            case TransferOutcome.NO_ANSWER:
                return Move(self.no_answer, note="nobody answered")
            case TransferOutcome.UNAVAILABLE | TransferOutcome.FAILED:
                return Move(self.unavailable, note=f"queue {event.outcome.value}")


def _first(step: Transfer, piece: Any, name: str) -> Any:
    """What the step says, or else the queue's shared piece."""
    said = getattr(step, name)
    return getattr(piece, name, _UNSAID[name]) if said is None else said
