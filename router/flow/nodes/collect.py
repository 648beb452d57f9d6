"""``collect``: digits the caller keys in, kept under the step's name (``inputs.NAME``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from router.core.abilities import Ability
from router.core.commands import AskDigits, Prompt
from router.core.events import Event, InputTimedOut, SpeechHeard
from router.flow.nodes.base import (
    HUMAN,
    HUNG_UP,
    HungUp,
    Keys,
    Move,
    Name,
    Place,
    Scene,
    Step,
    StepName,
    Text,
    given,
    keys_of,
)


class Collect(Step):
    """Asks for ``min_digits`` to ``max_digits`` digits, ended by ``#``, by their number or by a pause.

    ``into`` names the input. ``by`` says whether it may be keyed in, spoken or both; with ``[speech]`` alone the
    channel must hear. ``keys`` are short inputs with a way of their own (``"*": english``). No input at all goes to
    ``none`` at once (the caller has no code), silence to ``silence`` where there is one; too few digits are asked for
    again, ``tries`` times in all, then ``otherwise``.
    """

    WAITS: ClassVar[bool] = True
    EXAMPLE: ClassVar[str] = """
ask_contract:
  type: collect
  text: {de: "Bitte Ihre Vertragsnummer, dann die Rautetaste.", en: "Your contract number, then the hash key, please."}
  into: contract
  min_digits: 6
  max_digits: 10
  invalid: {de: Das waren zu wenige Ziffern., en: Those were too few digits.}
  keys: {"*": human}
  next: on
  none: human
  otherwise: human
"""

    type: Literal["collect"]
    text: Text
    into: Name
    next: StepName
    none: StepName = HUMAN
    otherwise: StepName = HUMAN
    keys: Keys = Field(default_factory=dict)
    invalid: Text | None = None
    min_digits: Annotated[int, Field(ge=1, le=20)] = 1
    max_digits: Annotated[int, Field(ge=1, le=20)] = 20
    tries: Annotated[int, Field(ge=1, le=9)] = 2
    timeout: Annotated[float, Field(ge=1, le=15)] = 6
    next_timeout: Annotated[float, Field(ge=1, le=15)] = 4
    by: Annotated[
        tuple[Literal["keys", "speech"], ...], Field(min_length=1, description="list of `keys`, `speech`")
    ] = ("keys", "speech")
    silence: StepName | None = None
    hung_up: HungUp = None

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        if self.min_digits > self.max_digits:
            raise ValueError(f"min_digits ({self.min_digits}) is more than max_digits ({self.max_digits})")
        return self

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("keys", key): step for key, step in self.keys.items()}
        more: dict[Place, str | None] = {("silence",): self.silence, HUNG_UP: self.hung_up}
        return {**ways, ("next",): self.next, ("none",): self.none, ("otherwise",): self.otherwise, **given(more)}

    def texts(self) -> Mapping[Place, Text]:
        said: dict[Place, Text] = {("text",): self.text}
        return {**said, ("invalid",): self.invalid} if self.invalid else said

    def needs(self) -> Mapping[Place, Ability]:
        return {} if "keys" in self.by else {("by",): Ability.SPEECH}

    def inputs(self) -> tuple[str, ...]:
        return (self.into,)

    def enter(self, scene: Scene) -> Move:
        return Move(self._ask(scene))

    def resume(self, scene: Scene, event: Event) -> Move:
        digits = keys_of(event)
        if digits in self.keys:
            return Move(self.keys[digits], note=f"key {digits}")
        if not digits and not isinstance(event, SpeechHeard):
            way = self.silence if isinstance(event, InputTimedOut) else None
            return Move(way or self.none, note="nothing entered")
        if digits.isdigit() and self.min_digits <= len(digits) <= self.max_digits:
            return Move(self.next, note=f"{len(digits)} digits", inputs={self.into: digits})
        if scene.tries + 1 >= self.tries:
            return Move(self.otherwise, note=f"{len(digits)} digits; tries used up")
        before = (scene.prompt(self.invalid),) if self.invalid else ()
        return Move(self._ask(scene, before), note=f"{len(digits)} digits; asked again", failed_try=True)

    def _ask(self, scene: Scene, before: tuple[Prompt, ...] = ()) -> AskDigits:
        prompts = (*before, scene.prompt(self.text))
        return AskDigits(prompts, self.max_digits, self.timeout, self.next_timeout, speech="speech" in self.by)
