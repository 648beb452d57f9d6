"""``menu``: one key, one way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from router.core.commands import AskDigits, Prompt
from router.core.events import DigitsEntered, Event, SpeechHeard, SpeechLost
from router.core.hearing import Listening
from router.flow.nodes.base import (
    HUMAN,
    HUNG_UP,
    HungUp,
    Key,
    Move,
    Place,
    Scene,
    Step,
    StepName,
    Text,
    Use,
    UseKind,
    choice_of,
    given,
)
from router.flow.nodes.sayings import lost


class Option(BaseModel):
    """One way out of a menu: the step it leads to, the words that choose it when spoken or typed, and the language
    to go on in where the option chooses one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    next: StepName
    words: tuple[str, ...] = ()
    language: str | None = None


class Menu(Step):
    """Asks for one key. Silence and a wrong key repeat the question ``tries`` times in all, then ``otherwise``;
    ``silence`` is a way of its own where the last try brought nothing at all."""

    WAITS: ClassVar[bool] = True
    EXAMPLE: ClassVar[str] = """
choose:
  type: menu
  text: {de: "Für Strom die 1, für Gas die 2. For English press 3.", en: "For electricity press 1, for gas press 2."}
  options:
    "1": {next: on, words: [Strom, electricity]}
    "2": {next: human, words: [Gas]}
    "3": {next: choose, language: en}
  invalid: {de: Das haben wir nicht verstanden., en: We did not get that.}
  tries: 3
  otherwise: human
"""

    type: Literal["menu"]
    text: Text
    options: Annotated[dict[Key, Option], Field(min_length=1)]
    invalid: Text | None = None
    tries: Annotated[int, Field(ge=1, le=9)] = 2
    timeout: Annotated[float, Field(ge=1, le=15)] = 5
    otherwise: StepName = HUMAN
    silence: StepName | None = None
    hung_up: HungUp = None

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("options", key, "next"): option.next for key, option in self.options.items()}
        more: dict[Place, str | None] = {("silence",): self.silence, HUNG_UP: self.hung_up}
        return {**ways, ("otherwise",): self.otherwise, **given(more)}

    def texts(self) -> Mapping[Place, Text]:
        said: dict[Place, Text] = {("text",): self.text}
        return {**said, ("invalid",): self.invalid} if self.invalid else said

    def uses(self) -> Iterator[Use]:
        for key, option in self.options.items():
            if option.language:
                yield Use(("options", key, "language"), UseKind.LANGUAGE, option.language)

    def enter(self, scene: Scene) -> Move:
        return Move(self._ask(scene))

    def resume(self, scene: Scene, event: Event) -> Move:
        match event:
            case DigitsEntered(digits=digits):
                key, heard = digits[:1], f"key {digits[:1] or '#'}"
            case SpeechHeard():
                words = {key: option.words for key, option in self.options.items()}
                key, heard = choice_of(event, words), "speech"
            case SpeechLost():
                return Move(self._ask(scene, (lost(scene),)), note="speech lost; asks by keys")
            case _:
                key, heard = "", "no input"
        if option := self.options.get(key):
            return Move(option.next, note=heard, language=option.language)
        if scene.tries + 1 >= self.tries:
            way = self.silence if heard == "no input" else None
            return Move(way or self.otherwise, note=f"{heard}; tries used up")
        before = (scene.prompt(self.invalid),) if self.invalid and heard != "no input" else ()
        return Move(self._ask(scene, before), note=f"{heard}; asked again", failed_try=True)

    def _ask(self, scene: Scene, before: tuple[Prompt, ...] = ()) -> AskDigits:
        words = tuple(word for option in self.options.values() for word in option.words)
        prompts, listening = (*before, scene.prompt(self.text)), Listening(words=words)
        return AskDigits(prompts, 1, self.timeout, self.timeout, bool(words), listening=listening)
