"""``transfer``: hand the caller to the agents of a queue."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from router.core import commands
from router.core.abilities import Ability
from router.core.events import Event, TransferEnded, TransferOutcome
from router.flow import expressions
from router.flow.nodes.base import HUMAN, Formula, Move, Name, Place, Scene, Step, StepName, Text, Use, UseKind, given
from router.flow.nodes.priorities import Priority, as_priority
from router.flow.nodes.queueing import MOST_SKILLS, Wishes, is_closed, wished

_SKILL = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_UNSAID = {"timeout": 600, "priority": 0, "skills": ()}
"""What counts where neither the step nor the queue's shared piece says anything."""


class Transfer(Step):
    """Waits in ``queue`` for at most ``timeout`` seconds. With ``offer_queue`` the queue named by the matched offer
    goes first. Callers of a higher ``priority`` (0 to 100, or a CEL expression) are served before others; ``skills``
    are what the agent should be able to do, with ``offer_skills`` also what the offer asks for. What the step does not
    say of these, the queue says (``queues`` in a file under ``shared/``). Its rules come on top: the highest priority,
    all skills, the longest wait for the last agent, and perhaps another queue.

    ``whisper`` is said to the agent alone before the two are connected, in the flow's first language, or through Twilio
    in the agent's own; it may be personal. Where nobody answers the flow goes on at ``no_answer``, where the queue
    cannot be had at ``unavailable``; an agent who hands the caller back leads to ``done``. Outside the queue's hours
    nobody waits: the flow goes on at ``closed``, or without it at ``unavailable``; where that is `human`, callers of
    the flow's own queue wait all the same."""

    EXAMPLE: ClassVar[str] = """
connect:
  type: transfer
  queue: sales
  offer_queue: true
  priority: "match.assurance >= 2 ? 10 : 0"
  skills: [english]
  whisper:
    de: "Angebot {{ offer.title ?? 'unbekannt' }}. {{ offer.days_left == 0 ? 'Endet heute' : '' }}."
    en: "Offer {{ offer.title ?? 'not known' }}. {{ offer.days_left == 0 ? 'Ends today' : '' }}."
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
        Priority, Field(description="whole number or a CEL expression; without it the queue's, or 0")
    ] = None
    skills: Annotated[
        Annotated[tuple[Name, ...], Field(max_length=MOST_SKILLS)] | None,
        Field(description="list of text; without it the queue's"),
    ] = None
    offer_skills: bool = False
    whisper: Text | None = None
    no_answer: StepName = HUMAN
    unavailable: StepName = HUMAN
    closed: StepName | None = None
    done: StepName | None = None

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {
            ("no_answer",): self.no_answer,
            ("unavailable",): self.unavailable,
        }
        return ways | given({("closed",): self.closed, ("done",): self.done})

    def after_waiting(self) -> Mapping[Place, str]:
        return {place: step for place, step in self.targets().items() if place != ("closed",)}

    def refused_at(self, queues: Mapping[str, Any], default_queue: str) -> Collection[Place]:
        ahead = [self.queue or default_queue, *(queues if self.offer_queue else ())]
        seen: set[str] = set()
        while ahead:
            name = ahead.pop()
            described = queues.get(name)
            if described is None or name in seen:
                continue
            if described.hours and (self._when_closed != HUMAN or name != default_queue):
                return (("closed",) if self.closed else ("unavailable",),)
            seen.add(name)
            ahead += [rule.queue for rule in described.rules if rule.queue]
        return ()

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

    @property
    def _when_closed(self) -> str:
        return self.closed or self.unavailable

    def enter(self, scene: Scene) -> Move:
        first = scene.queue(self.queue, self.offer_queue)
        wishes = wished(scene, first)
        queue = wishes.queue
        if is_closed(scene, queue):
            if self._when_closed != HUMAN or first != scene.default_queue:
                return Move(self._when_closed, note=f"queue {queue} is closed{wishes.told}")
            queue = first  # the step `human` would lead here, too: there is nothing behind it
        described = scene.queues.get(queue)
        priority, failed = self._priority(scene, described)
        overflow = getattr(described, "overflow", None)
        handed = commands.Transfer(
            queue,
            _first(self, described, "timeout"),
            max(priority, wishes.priority),
            self._skills(scene, described, wishes),
            self._whisper(scene, scene.languages[0]),
            last_agent=wishes.last_agent,
            skills_for=getattr(described, "skills_for", None),
            overflow=overflow.queue if overflow else None,
            overflow_after=overflow.after if overflow else 0,
            whispers=tuple(self._whispers(scene)),
        )
        say = (scene.prompt(self.text),) if self.text else ()
        return Move(handed, note=f"to queue {queue}{failed}{wishes.told}", say=say)

    def _priority(self, scene: Scene, described: Any) -> tuple[int, str]:
        """The priority, and for the trace why the expression gave none."""
        if not isinstance(self.priority, str):
            return _first(self, described, "priority"), ""
        try:
            priority = as_priority(expressions.value_of(self.priority, scene.facts))
        except ValueError as error:
            return getattr(described, "priority", 0), f"; priority: {error}"
        if priority is None:
            return getattr(described, "priority", 0), "; priority: gives no number"
        return priority, ""

    def _skills(self, scene: Scene, described: Any, wishes: Wishes) -> tuple[str, ...]:
        skills = (*_first(self, described, "skills"), *wishes.skills)
        if self.offer_skills:
            # Whoever registers messages writes them: what is no plain name means something else to a dialplan.
            skills = (*skills, *(each for each in scene.facts["offer"]["skills"] if _SKILL.fullmatch(str(each))))
        return tuple(dict.fromkeys(skills))[:MOST_SKILLS]

    def _whisper(self, scene: Scene, language: str) -> commands.Prompt | None:
        said = scene.prompt(self.whisper, language, private=True) if self.whisper else None
        return said if said and (said.text or said.recording) else None

    def _whispers(self, scene: Scene) -> Iterator[commands.Prompt]:
        """The whisper in the flow's other languages, as far as there are texts in them."""
        for language in scene.languages[1:]:
            said = self._whisper(scene, language)
            if said is not None and said.language == language:
                yield said

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
