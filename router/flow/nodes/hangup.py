"""``hangup``: say goodbye and end the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from router.core import commands
from router.flow.nodes.base import Move, Place, Scene, Step, Text


class Hangup(Step):
    """Ends the call, after ``text`` where there is one."""

    EXAMPLE: ClassVar[str] = """
goodbye:
  type: hangup
  text: {de: Auf Wiederhören., en: Goodbye.}
"""

    type: Literal["hangup"]
    text: Text | None = None

    def targets(self) -> Mapping[Place, str]:
        return {}

    def texts(self) -> Mapping[Place, Text]:
        return {("text",): self.text} if self.text else {}

    def enter(self, scene: Scene) -> Move:
        return Move(commands.Hangup(), say=(scene.prompt(self.text),) if self.text else ())
