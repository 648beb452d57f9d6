"""``voicemail``: take a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from router.core.commands import Hangup, RecordMessage
from router.core.events import Event, RecordingEnded
from router.flow.nodes.base import HUNG_UP, HungUp, Move, Place, Scene, Step, StepName, Text, given


class Voicemail(Step):
    """Plays ``text`` and records up to ``max_seconds``, ended by ``#``, by ``max_silence`` seconds of silence or by
    hanging up. Without ``next`` the call ends then."""

    WAITS: ClassVar[bool] = True
    EXAMPLE: ClassVar[str] = """
leave_message:
  type: voicemail
  text: {de: Bitte sprechen Sie nach dem Ton., en: Please speak after the tone.}
  max_seconds: 120
  next: on
"""

    type: Literal["voicemail"]
    text: Text
    next: StepName | None = None
    max_seconds: Annotated[int, Field(ge=5, le=600)] = 120
    max_silence: Annotated[int, Field(ge=2, le=30)] = 5
    hung_up: HungUp = None

    def targets(self) -> Mapping[Place, str]:
        return given({("next",): self.next, HUNG_UP: self.hung_up})

    def texts(self) -> Mapping[Place, Text]:
        return {("text",): self.text}

    def enter(self, scene: Scene) -> Move:
        return Move(RecordMessage((scene.prompt(self.text),), self.max_seconds, self.max_silence))

    def resume(self, scene: Scene, event: Event) -> Move:
        if not isinstance(event, RecordingEnded):
            return super().resume(scene, event)
        said = f"{event.seconds:.0f} s recorded" if event.seconds or event.text else "nothing recorded"
        return Move(self.next or Hangup(), note=said)
