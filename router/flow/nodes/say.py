"""``say``: tell the caller something, then go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from router.flow.nodes.base import Move, Place, Scene, Step, StepName, Text, Use, UseKind


class Say(Step):
    """Plays ``text``. Before a question the caller may cut it short with a key. ``language`` goes on in another
    language, this text included."""

    EXAMPLE: ClassVar[str] = """
greet:
  type: say
  text: {de: Guten Tag und willkommen., en: "Hello, and welcome."}
  next: on
"""

    type: Literal["say"]
    text: Text
    next: StepName
    language: str | None = None

    def targets(self) -> Mapping[Place, str]:
        return {("next",): self.next}

    def texts(self) -> Mapping[Place, Text]:
        return {("text",): self.text}

    def uses(self) -> Iterator[Use]:
        if self.language:
            yield Use(("language",), UseKind.LANGUAGE, self.language)

    def enter(self, scene: Scene) -> Move:
        return Move(self.next, say=(scene.prompt(self.text, self.language),), language=self.language)
