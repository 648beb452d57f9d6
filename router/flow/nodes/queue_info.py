"""``queue_info``: say how long the wait is, and go by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from router.core.commands import SeeQueue
from router.core.events import Event, QueueSeen
from router.flow.nodes.base import Move, Name, Place, Scene, Step, StepName, Text, Use, UseKind


class Long(BaseModel):
    """A way of its own for a wait of more than ``over`` seconds. In YAML: ``{over: 300, next: offer_callback}``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    over: Annotated[int, Field(ge=1, le=7200, description="seconds")]
    next: StepName


class QueueInfo(Step):
    """Looks at ``queue``, which is chosen as at ``transfer``; where neither ``queue`` nor ``offer_queue`` is given, it
    is the offer's queue or the flow's default one. ``text`` may use ``queue.waiting``, ``queue.expected_minutes`` and
    so on; it is said only where there is a wait and it can be told. ``empty`` is the way where nobody who is signed in
    is ready for the queue, ``long`` that for a long wait; all else goes to ``next``."""

    EXAMPLE: ClassVar[str] = """
how_long:
  type: queue_info
  queue: sales
  text: {de: Wir sind in wenigen Minuten für Sie da., en: We will be with you in a few minutes.}
  long: {over: 600, next: human}
  next: on
"""

    type: Literal["queue_info"]
    queue: Name = ""
    offer_queue: bool = False
    text: Text | None = None
    next: StepName
    empty: StepName | None = None
    long: Long | None = None

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("next",): self.next}
        if self.empty:
            ways["empty",] = self.empty
        return {**ways, ("long", "next"): self.long.next} if self.long else ways

    def texts(self) -> Mapping[Place, Text]:
        return {("text",): self.text} if self.text else {}

    def uses(self) -> Iterator[Use]:
        if self.queue:
            yield Use(("queue",), UseKind.QUEUE, self.queue)

    def enter(self, scene: Scene) -> Move:
        return Move(SeeQueue(self._queue(scene)))

    def resume(self, scene: Scene, event: Event) -> Move:
        if not isinstance(event, QueueSeen):
            return super().resume(scene, event)
        note = f"queue {event.queue}: {event.waiting} waiting, {event.ready} ready, {_in_words(event.expected_seconds)}"
        if not event.ready:
            return Move(self.empty or self.next, note=note)
        wait = event.expected_seconds or 0
        say = (scene.prompt(self.text),) if self.text and wait else ()
        is_long = self.long and wait > self.long.over
        return Move(self.long.next if self.long and is_long else self.next, note=note, say=say)

    def _queue(self, scene: Scene) -> str:
        return scene.queue(self.queue, self.offer_queue or not self.queue)


def _in_words(seconds: int | None) -> str:
    return "wait unknown" if seconds is None else f"{seconds} s to wait"
