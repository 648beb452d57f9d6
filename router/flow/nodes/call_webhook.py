"""``call_webhook``: ask another system, and go by its answer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from router.core import commands
from router.core.events import Event, WebhookAnswered
from router.flow import expressions
from router.flow.nodes.base import Formula, Move, Name, Place, Scene, Step, StepName, Use, UseKind

LONGEST_KEPT = 500
_FIELD = r"^[A-Za-z_][A-Za-z0-9_-]{0,59}(\.[A-Za-z_][A-Za-z0-9_-]{0,59}){0,4}$"


class CallWebhook(Step):
    """Asks the system that the settings name ``webhook`` (`docs/webhooks.md`). ``send`` are CEL expressions, sent by
    name. Of its answer, a JSON object, ``keep`` notes fields as ``vars.NAME``: texts, numbers, true or false; ``a.b``
    is the field ``b`` within ``a``. What is not there is empty (``""``).

    The caller waits meanwhile, ``timeout`` seconds at most. Without a usable answer in time the flow goes on at
    ``failed``, without it at ``next``, and all that was to be kept is empty. What is kept counts as personal, unless
    ``personal`` is false.
    """

    EXAMPLE: ClassVar[str] = """
ask_crm:
  type: call_webhook
  webhook: crm
  send: {customer: customer.external_id, language: language}
  keep: {tier: customer.tier, open_orders: orders}
  personal: false
  next: on
  failed: human
"""

    type: Literal["call_webhook"]
    webhook: Name
    send: dict[Name, str] = Field(
        default_factory=dict, max_length=30, description="text for each name: a CEL expression"
    )
    keep: dict[Name, Annotated[str, Field(pattern=_FIELD)]] = Field(
        default_factory=dict, max_length=30, description="text for each name: a field of the answer"
    )
    timeout: Annotated[float, Field(ge=0.5, le=4, description="seconds, 0.5 to 4")] = 2.5
    personal: bool = True
    next: StepName
    failed: StepName | None = None

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("next",): self.next}
        return ways | ({("failed",): self.failed} if self.failed else {})

    def uses(self) -> Iterator[Use]:
        yield Use(("webhook",), UseKind.WEBHOOK, self.webhook)

    def formulas(self) -> Mapping[Place, Formula]:
        return {("send", name): Formula(text, "value") for name, text in self.send.items()}

    def values(self) -> Iterable[str]:
        return tuple(self.keep)

    def personal_values(self) -> Iterable[str]:
        return tuple(self.keep) if self.personal else ()

    def enter(self, scene: Scene) -> Move:
        sent: dict[str, Any] = {}
        failed: list[str] = []
        for name, text in self.send.items():
            try:
                sent[name] = expressions.value_of(text, scene.facts)
            except ValueError as error:
                sent[name] = ""
                failed.append(f"{name}: {error}")
        note = "; ".join((f"asks '{self.webhook}'", *failed))
        return Move(commands.CallWebhook(self.webhook, sent, self.timeout), note=note)

    def resume(self, scene: Scene, event: Event) -> Move:
        if not isinstance(event, WebhookAnswered):
            return super().resume(scene, event)
        if event.answer is None:
            empty: dict[str, Any] = dict.fromkeys(self.keep, "")
            return Move(self.failed or self.next, note=f"failed: {event.reason}", values=empty)
        kept = {name: _kept(event.answer, field) for name, field in self.keep.items()}
        missing = ", ".join(name for name, value in kept.items() if value is None)
        note = f"answered; not there: {missing}" if missing else "answered"
        return Move(self.next, note=note, values={name: "" if value is None else value for name, value in kept.items()})


def _kept(answer: Mapping[str, Any], field: str) -> str | int | float | bool | None:
    """The value of a field of the answer, as far as it can be noted; None where it is not there or something else."""
    value: Any = answer
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    match value:
        case bool():
            return value
        case int() if abs(value) < 2**63:
            return value
        case float() if math.isfinite(value):
            return value
        case str():
            return "".join(char if char.isprintable() else " " for char in value[:LONGEST_KEPT])
        case _:
            return None
