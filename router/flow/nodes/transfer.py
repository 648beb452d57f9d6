"""``transfer``: hand the caller to the agents of a queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from router.core import commands
from router.core.events import Event, TransferEnded, TransferOutcome
from router.flow.nodes.base import HUMAN, Move, Name, Place, Scene, Step, StepName, Text, Use, UseKind


class Transfer(Step):
    """Waits in ``queue`` for at most ``timeout`` seconds. With ``offer_queue`` the queue named by the matched offer
    goes first. Where nobody answers the flow goes on at ``no_answer``, where the queue cannot be had at
    ``unavailable``; an agent who hands the caller back leads to ``done``."""

    WAITS: ClassVar[bool] = True

    type: Literal["transfer"]
    queue: Name = ""
    offer_queue: bool = False
    text: Text | None = None
    timeout: Annotated[int, Field(ge=5, le=3600)] = 600
    priority: Annotated[int, Field(ge=0, le=100)] = 0
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

    def uses(self) -> Iterator[Use]:
        if self.queue:
            yield Use(("queue",), UseKind.QUEUE, self.queue)

    def enter(self, scene: Scene) -> Move:
        queue = self.queue or scene.default_queue
        best = scene.match.best if scene.match else None
        if self.offer_queue and best and best.queue:
            queue = best.queue
        say = (scene.prompt(self.text),) if self.text else ()
        return Move(commands.Transfer(queue, self.timeout, self.priority), note=f"to queue {queue}", say=say)

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
