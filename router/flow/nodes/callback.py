"""``callback``: keep the caller's place and call back, instead of letting the caller wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from router.core.commands import AskDigits, KeepCallback, Prompt
from router.core.events import CallbackKept, DigitsEntered, Event, SpeechHeard, SpeechLost
from router.core.hearing import Expected, Listening
from router.flow.nodes.base import (
    HUMAN,
    HUNG_UP,
    Asked,
    HungUp,
    Key,
    Move,
    Name,
    Place,
    Scene,
    Step,
    StepName,
    Text,
    Use,
    UseKind,
    given,
    keys_of,
)
from router.flow.nodes.hearing import YES_OR_NO_WORDS, likeliest_number, says_yes_or_no
from router.flow.nodes.queueing import MOST_SKILLS, wished
from router.flow.nodes.sayings import lost
from router.flow.spoken.manner import Manner
from router.flow.spoken.texts import digits
from router.flow.wishes import SOON, Wish, WishText, resolve

NUMBER = "callback_number"
"""The input that holds the number keyed in; "" for the one the call comes from."""
_WHEN = "callback_when"
"""The input that holds the key of the time chosen; "" before that."""

THIS, ANOTHER = "1", "2"
RIGHT, WRONG = "1", "2"
SHORTEST_NUMBER, LONGEST_NUMBER = 5, 18
"""Keys of a number as one dials it, prefixes and all."""
_NUMBER = Listening(Expected.DIGITS, SHORTEST_NUMBER, LONGEST_NUMBER)


class When(BaseModel):
    """A time that a caller can choose, and the words that offer it; it is offered only where something of it is left
    and open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    span: WishText = Field(description="`soon`, `today`, `tomorrow`, or hours such as `today 14:00-16:00`")
    text: Text


class Callback(Step):
    """Asks whether to call back at the number that the call comes from (key 1) or at another one (key 2), which is
    keyed in, read back before ``confirm`` and confirmed (1 right, 2 wrong). A withheld number is never called: such
    callers are asked for one at once. ``#`` declines. The place in the queue is that of the moment when the caller
    joined it, or came here.

    With ``when`` the caller chooses a time by its key, after ``when_text``; without one, and where none is left, it is
    as soon as possible. ``during`` names hours outside of which nobody calls back. Silence and what cannot be used are
    asked for again, ``tries`` times in all, then ``failed``; so is a number that must not be called. ``queue``,
    ``offer_queue`` and ``priority`` are as in `transfer`, and the queue's skills and rules count as there.
    """

    WAITS: ClassVar[bool] = True
    EXAMPLE: ClassVar[str] = """\
call_back:
  type: callback
  text:
    de: Für einen Rückruf unter dieser Nummer drücken Sie die 1, unter einer anderen die 2, sonst die Rautetaste.
    en: To be called back at this number press 1, at another one 2, otherwise the hash key.
  number: {de: "Bitte die Nummer, dann die Rautetaste.", en: "The number, please, then the hash key."}
  confirm: {de: "Richtig? Ja: 1, nein: 2.", en: "Is that right? Yes: 1, no: 2."}
  invalid: {de: Das geht leider nicht., en: That is not possible.}
  when:
    "1": {span: soon, text: {de: "So bald wie möglich: 1.", en: "As soon as possible: 1."}}
    "2": {span: "tomorrow 09:00-12:00", text: {de: "Morgen Vormittag: 2.", en: "Tomorrow morning: 2."}}
  kept: on
  declined: human
  failed: human
"""

    type: Literal["callback"]
    text: Text
    number: Text
    confirm: Text
    invalid: Text | None = None
    when: dict[Key, When] = Field(default_factory=dict, description="time for each key")
    when_text: Text | None = None
    during: Name | None = None
    queue: Name = ""
    offer_queue: bool = False
    priority: Annotated[int | None, Field(ge=0, le=100)] = None
    tries: Annotated[int, Field(ge=1, le=9)] = 3
    timeout: Annotated[float, Field(ge=1, le=15)] = 8
    next_timeout: Annotated[float, Field(ge=1, le=15)] = 4
    kept: StepName
    declined: StepName = HUMAN
    failed: StepName = HUMAN
    hung_up: HungUp = None

    @field_validator("when", mode="before")
    @classmethod
    def _not_empty(cls, when: Any) -> Any:
        if when in (None, {}):
            raise ValueError("no time to choose: give at least one, or leave 'when' out")
        return when

    @model_validator(mode="after")
    def _text_with_times(self) -> Self:
        if self.when_text and not self.when:
            raise ValueError("'when_text' means nothing without 'when'")
        return self

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("kept",): self.kept, ("declined",): self.declined, ("failed",): self.failed}
        return {**ways, **given({HUNG_UP: self.hung_up})}

    def texts(self) -> Mapping[Place, Text]:
        said: dict[Place, Text] = {("text",): self.text, ("number",): self.number, ("confirm",): self.confirm}
        said |= {("invalid",): self.invalid} if self.invalid else {}
        said |= {("when", key, "text"): when.text for key, when in self.when.items()}
        return {**said, ("when_text",): self.when_text} if self.when_text else said

    def uses(self) -> Iterator[Use]:
        if self.queue:
            yield Use(("queue",), UseKind.QUEUE, self.queue)
        if self.during:
            yield Use(("during",), UseKind.HOURS, self.during)

    def inputs(self) -> tuple[str, ...]:
        return (NUMBER,)

    def enter(self, scene: Scene) -> Move:
        nothing_yet = {NUMBER: "", _WHEN: ""}
        if scene.caller_known:
            return replace(self._at(scene, "offer", "offers a callback"), inputs=nothing_yet)
        return replace(self._at(scene, "number", "no caller number; asks for one"), inputs=nothing_yet)

    def resume(self, scene: Scene, event: Event) -> Move:
        if isinstance(event, CallbackKept):
            return self._kept(scene, event)
        if isinstance(event, DigitsEntered) and not event.digits:
            return Move(self.declined, note="declined")
        stage, keys = scene.asked.stage, keys_of(event, scene.language)
        if isinstance(event, SpeechLost):
            return self._at(scene, stage, "speech lost; asks by keys", (lost(scene), *self._read_again(scene, stage)))
        if not keys and not isinstance(event, SpeechHeard):
            return self._again(scene, stage, "no input", heard=False)
        match stage:
            case "number":
                said = likeliest_number(event, scene.language, _NUMBER) if isinstance(event, SpeechHeard) else ""
                return self._number(scene, said or keys)
            case "confirm":
                answer = says_yes_or_no(event, scene.language) if isinstance(event, SpeechHeard) else None
                return self._confirmed(scene, keys if answer is None else RIGHT if answer else WRONG)
            case "when":
                return self._chosen(scene, keys)
            case _:
                return self._offered(scene, keys)

    # -- what the caller answered

    def _offered(self, scene: Scene, keys: str) -> Move:
        if keys == THIS:
            return self._time(scene, {NUMBER: ""}, "this number")
        if keys == ANOTHER:
            return self._at(scene, "number", "another number")
        return self._again(scene, "offer", f"{len(keys)} keys")

    def _number(self, scene: Scene, keys: str) -> Move:
        if not (keys.isascii() and keys.isdigit() and SHORTEST_NUMBER <= len(keys) <= LONGEST_NUMBER):
            return self._again(scene, "number", f"{len(keys)} keys")
        move = self._at(scene, "confirm", f"number of {len(keys)} digits", (_read_out(keys, scene.language),))
        return replace(move, inputs={NUMBER: keys})

    def _confirmed(self, scene: Scene, keys: str) -> Move:
        if keys == RIGHT:
            return self._time(scene, {}, "number confirmed")
        if keys == WRONG:
            return self._again(scene, "number", "number not confirmed", heard=False)
        return self._again(scene, "confirm", f"{len(keys)} keys")

    def _chosen(self, scene: Scene, keys: str) -> Move:
        if keys in self._open(scene):
            return self._keep(scene, {_WHEN: keys}, f"wants {self.when[keys].span}")
        return self._again(scene, "when", f"{len(keys)} keys")

    # -- what comes next

    def _time(self, scene: Scene, inputs: Mapping[str, str], note: str) -> Move:
        """Ask for the time, once the number is known; not where there is no choice, or it is made already."""
        known = {**scene.inputs, **inputs}
        if not self._open(scene) or known.get(_WHEN) in self._open(scene):
            return self._keep(scene, inputs, note)
        return replace(self._at(scene, "when", note), inputs=inputs)

    def _keep(self, scene: Scene, inputs: Mapping[str, str], note: str) -> Move:
        known = {**scene.inputs, **inputs}
        wish = self._open(scene).get(known.get(_WHEN, ""), Wish())
        wishes = wished(scene, scene.queue(self.queue, self.offer_queue))
        shared = scene.queues.get(wishes.queue)
        priority = self.priority if self.priority is not None else shared.priority if shared else 0
        skills = tuple(dict.fromkeys((*(shared.skills if shared else ()), *wishes.skills)))
        kept = KeepCallback(
            wishes.queue,
            scene.queued_since or scene.now,
            known.get(NUMBER) or None,
            max(priority, wishes.priority),
            wish.begin,
            wish.end,
            skills[:MOST_SKILLS],
        )
        return Move(kept, note=f"{note}; queue {wishes.queue}{wishes.told}", inputs=inputs)

    def _kept(self, scene: Scene, event: CallbackKept) -> Move:
        if event.kept:
            return Move(self.kept, note="kept")
        return self._again(scene, "number", "the number cannot be called")

    def _again(self, scene: Scene, stage: str, note: str, *, heard: bool = True) -> Move:
        if scene.tries + 1 >= self.tries:
            return Move(self.failed, note=f"{note}; tries used up")
        before: tuple[Prompt, ...] = (scene.prompt(self.invalid),) if self.invalid and heard else ()
        before += self._read_again(scene, stage)
        return replace(self._at(scene, stage, f"{note}; asked again", before), failed_try=True)

    def _read_again(self, scene: Scene, stage: str) -> tuple[Prompt, ...]:
        return (_read_out(scene.inputs[NUMBER], scene.language),) if stage == "confirm" else ()

    def _at(self, scene: Scene, stage: str, note: str, before: tuple[Prompt, ...] = ()) -> Move:
        """Put the question of a stage."""
        keys, said, listening = 1, tuple[Prompt, ...](), Listening(Expected.DIGITS, 1, 1)
        match stage:
            case "number":
                said, keys, listening = (scene.prompt(self.number),), LONGEST_NUMBER, _NUMBER
            case "confirm":
                said = (scene.prompt(self.confirm),)
                listening = Listening(words=YES_OR_NO_WORDS.get(scene.language, ()))
            case "when":
                texts = (self.when_text,) if self.when_text else ()
                said = tuple(
                    scene.prompt(text) for text in (*texts, *(self.when[key].text for key in self._open(scene)))
                )
            case _:
                said = (scene.prompt(self.text),)
        prompts = (*before, *said)
        asked = AskDigits(prompts, keys, self.timeout, self.next_timeout, speech=True, listening=listening)
        return Move(asked, note=note, asked=Asked(stage=stage))

    def _open(self, scene: Scene) -> dict[str, Wish]:
        """The times that can be chosen now, by their keys; none where there is nothing to choose from."""
        hours = scene.hours[self.during] if self.during else None
        named = hours or next(iter(scene.hours.values()), None)
        zone = ZoneInfo(named.timezone if named else "UTC")
        found = ((key, resolve(when.span, scene.now, zone, hours)) for key, when in self.when.items())
        times = {key: wish for key, wish in found if wish is not None}
        return {} if [self.when[key].span for key in times] == [SOON] else times


def _read_out(number: str, language: str) -> Prompt:
    """The number digit by digit, made for this call alone."""
    recordings = tuple(f"digit_{digit}" for digit in number)
    return Prompt(f"{digits(number, Manner(language))}.", language, once=True, recordings=recordings)
