"""``collect``: digits the caller says or keys in, kept under the step's name (``inputs.NAME``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from router.core.abilities import Ability
from router.core.commands import AskDigits, Prompt
from router.core.events import Event, InputTimedOut, SpeechHeard
from router.core.hearing import Expected, Listening, Understood, Verdict
from router.flow.nodes.base import (
    HUMAN,
    HUNG_UP,
    Asked,
    HungUp,
    KeepRecording,
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
from router.flow.nodes.hearing import NO, YES, Confirm, Stage, Talk, Terms, after, has_no_number, take, understand
from router.flow.nodes.sayings import CONFIRMS, KEEPS, SAYS, Sayings, before_again, in_words, put


class Collect(Step):
    """Asks for ``min_digits`` to ``max_digits`` digits, ended by ``#``, by their number or by a pause.

    ``into`` names the input. ``by`` says whether it may be keyed in, spoken or both; with ``[speech]`` alone the
    channel must hear. ``keys`` are short inputs with a way of their own (``"*": english``). No input at all goes to
    ``none`` at once (the caller has no code), and so does "no"; silence goes to ``silence`` where there is one. Too few
    digits are asked for again, ``tries`` times in all, then ``otherwise``.

    A number that is said is read back (``confirm``), unless it was heard without doubt; what is in doubt is asked for
    again, only in part where that is enough. What is not understood in ``tries`` is asked for by keys once, then
    ``otherwise``. ``say`` replaces the words for that; see docs/asking-for-numbers.md.
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
    confirm: Confirm = Field("auto", description=CONFIRMS)
    say: Sayings | None = Field(None, description=SAYS)
    keep_recording: KeepRecording | None = Field(None, description=KEEPS)
    silence: StepName | None = None
    hung_up: HungUp = None

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        if self.min_digits > self.max_digits:
            raise ValueError(f"min_digits ({self.min_digits}) is more than max_digits ({self.max_digits})")
        return self

    @model_validator(mode="after")
    def _takes_nothing_on_doubt(self) -> Self:
        if self.confirm == "never" and "speech" in self.by:
            raise ValueError(
                "a number that is said would be taken on doubt: read it back, or take keys only (by: [keys])"
            )
        return self

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("keys", key): step for key, step in self.keys.items()}
        more: dict[Place, str | None] = {("silence",): self.silence, HUNG_UP: self.hung_up}
        return {**ways, ("next",): self.next, ("none",): self.none, ("otherwise",): self.otherwise, **given(more)}

    def texts(self) -> Mapping[Place, Text]:
        said: dict[Place, Text] = {("text",): self.text, **(self.say.texts() if self.say else {})}
        return {**said, ("invalid",): self.invalid} if self.invalid else said

    def placeholders(self) -> Mapping[Place, Collection[str]]:
        return self.say.placeholders() if self.say else {}

    def needs(self) -> Mapping[Place, Ability]:
        return {} if "keys" in self.by else {("by",): Ability.SPEECH}

    def asks_for_speech(self) -> Place | None:
        return ("by",) if "speech" in self.by and "by" in self.model_fields_set else None

    def announced_by(self) -> str | None:
        return self.keep_recording.announced_by if self.keep_recording else None

    def inputs(self) -> tuple[str, ...]:
        return (self.into,)

    def enter(self, scene: Scene) -> Move:
        return Move(self._ask(scene, Talk()), asked=Asked() if scene.asked.talk else None)

    def resume(self, scene: Scene, event: Event) -> Move:
        talk, keys = scene.asked.talk or Talk(), keys_of(event, scene.language)
        if keys in self.keys and not (talk.stage is Stage.CONFIRM and keys in (YES, NO)):
            return Move(self.keys[keys], note=f"key {keys}")
        taken = take(talk, event, self._terms(scene))
        return self._keyed(scene, talk, event, keys) if taken is None else self._talked(scene, taken)

    def _keyed(self, scene: Scene, talk: Talk, event: Event, digits: str) -> Move:
        """Nothing, or a number by keys."""
        none = isinstance(event, SpeechHeard) and has_no_number(event, scene.language)
        if none or (not digits and not isinstance(event, SpeechHeard)):
            way = self.silence if isinstance(event, InputTimedOut) else None
            return Move(way or self.none, note="nothing entered")
        if digits.isdigit() and self.min_digits <= len(digits) <= self.max_digits:
            return self._talked(scene, after(talk, Understood(Verdict.ACCEPT, digits), self._terms(scene)))
        if scene.tries + 1 >= self.tries or talk.stage is Stage.KEYS:
            return Move(self.otherwise, note=f"{len(digits)} digits; tries used up")
        before = (scene.prompt(self.invalid),) if self.invalid else ()
        return Move(self._ask(scene, talk, before), note=f"{len(digits)} digits; asked again", failed_try=True)

    def _talked(self, scene: Scene, talk: Talk) -> Move:
        """On with a talk: another question, or what came of it."""
        if talk.stage is Stage.WEIGH:
            talk = after(talk, understand(talk.heard, talk.refused), self._terms(scene))
        match talk.stage:
            case Stage.SETTLED:
                return Move(self.next, note=f"{len(talk.number)} digits", inputs={self.into: talk.number})
            case Stage.LEFT:
                return Move(self.otherwise, note="not understood; tries used up")
            case _:
                return Move(self._ask(scene, talk), note=in_words(talk), asked=Asked(talk=talk))

    def _terms(self, scene: Scene) -> Terms:
        return Terms(self._listening(), scene.language, self.tries, self.confirm, "keys" in self.by)

    def _listening(self) -> Listening:
        keep = self.keep_recording is not None
        return Listening(Expected.DIGITS, self.min_digits, self.max_digits, keep=keep)

    def _ask(self, scene: Scene, talk: Talk, before: tuple[Prompt, ...] = ()) -> AskDigits:
        before = before or before_again(scene, talk, self.say, self.invalid)
        speech, prompts = "speech" in self.by, (*before, scene.prompt(self.text))
        whole = AskDigits(prompts, self.max_digits, self.timeout, self.next_timeout, speech, 0, self._listening())
        return put(scene, talk, self.say, whole)
