"""``send_message``: a text message to the caller, such as a link to go on with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from router.core.commands import SendText
from router.core.events import Event, TextSent
from router.flow.nodes.base import Move, Place, Scene, Step, StepName, Text


class SendMessage(Step):
    """Sends ``text`` to the number that the call comes from (``to: caller``), or to the one on file of the customer
    whom the match names (``to: customer``). Only the latter may hold anything personal before the caller is proved.
    A withheld number gets nothing. Where nothing can be sent, or nothing of the text is known, the flow goes on at
    ``failed``, without it at ``next``.
    """

    EXAMPLE: ClassVar[str] = """\
send_link:
  type: send_message
  to: caller
  text:
    de: "Hier geht es weiter: https://example.net/weiter"
    en: "Go on here: https://example.net/on"
  next: on
  failed: human
"""

    type: Literal["send_message"]
    text: Text
    to: Literal["caller", "customer"] = "caller"
    next: StepName
    failed: StepName | None = None

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("next",): self.next}
        return ways | ({("failed",): self.failed} if self.failed else {})

    def texts(self) -> Mapping[Place, Text]:
        return {("text",): self.text} if self.to == "caller" else {}

    def private_texts(self) -> Mapping[Place, Text]:
        return {("text",): self.text} if self.to == "customer" else {}

    def talks(self) -> bool:
        return False

    def sends_texts(self) -> bool:
        return True

    def enter(self, scene: Scene) -> Move:
        if self.to == "caller" and not scene.caller_known:
            return Move(self._otherwise, note="not sent: no caller number")
        if self.to == "customer" and (scene.match is None or scene.match.best is None):
            return Move(self._otherwise, note="not sent: the match names nobody")
        text = scene.written(self.text, private=self.to == "customer")
        if not text:
            return Move(self._otherwise, note="not sent: nothing of the text is known")
        return Move(SendText(text, self.to), note=f"to the {self.to}")

    def resume(self, scene: Scene, event: Event) -> Move:
        if not isinstance(event, TextSent):
            return super().resume(scene, event)
        if event.unsent is not None:
            return Move(self._otherwise, note=f"not sent: {event.unsent.value}")
        return Move(self.next, note="on its way")

    @property
    def _otherwise(self) -> str:
        return self.failed or self.next
