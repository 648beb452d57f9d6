"""``match``: ask the house which message the call is about, and the caller for the least that settles it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from router.core import match as core
from router.core.commands import AskDigits, FindMatches, Prompt
from router.core.events import Event, MatchesFound, SpeechLost
from router.core.hearing import Listening, Verdict
from router.core.match import Decision, Question, QuestionKind
from router.flow.nodes.asking import (
    ABOUT_MESSAGE,
    ANSWERS,
    CODE,
    LAST_DIGITS,
    NUMBERS,
    REFERENCE,
    TOPIC,
    Ask,
    fits_nothing,
    question_in_words,
)
from router.flow.nodes.base import (
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
    Use,
    UseKind,
    given,
    keys_of,
)
from router.flow.nodes.hearing import NO, YES, Confirm, Stage, Talk, Terms, after, take, understand
from router.flow.nodes.sayings import (
    CONFIRMS,
    KEEPS,
    SAYS,
    Sayings,
    before_again,
    in_words,
    lost,
    put,
    words_for_number,
)

_ABOUT_QUESTIONS = (
    "ask_when",
    "invalid",
    "keys",
    "tries",
    "spoken_tries",
    "confirm",
    "say",
    "keep_recording",
    "hung_up",
)


class Match(Step):
    """Weighs the caller number and, where ``code`` names an input, the callback code keyed in. One exit for each
    decision; the call goes on in the customer's language where the match is `sure`, the flow has it and the caller has
    not chosen another.

    With ``ask`` the step asks by itself, but only where an answer would settle more: at the decisions in
    ``ask_when`` it puts the one question that tells most for the least effort and weighs again, up to ``tries``
    questions in a call. Silence and ``#`` are answers, too (the caller has none). ``invalid`` is said when what was
    keyed in fits nothing or is too short. ``keys`` are ways of their own (``"*": english``); whoever comes back is
    asked on where it stood. Answers are kept as ``inputs.about_message`` (``yes`` or ``no``), ``inputs.topic``,
    ``inputs.last_digits``, ``inputs.code``, and as ``inputs.reference`` where a caller says all of it. Callers are
    asked for what they hold in their hands, never whether they are somebody: there is no way to write such a question.

    A number that a caller says is made certain before it counts: it is read back where there is doubt (``confirm``), a
    part of it that is in doubt is asked for alone, and after ``spoken_tries`` it is asked for by keys
    (docs/asking-for-numbers.md). ``say`` replaces the words for that. With ``keep_recording`` what is said is kept as
    audio.
    """

    EXAMPLE: ClassVar[str] = """
recognise:
  type: match
  ask:
    topic:
      text: {de: "Für Strom die 1, für Gas die 2.", en: "For electricity press 1, for gas press 2."}
      keys: {"1": power, "2": gas}
    last_digits:
      2: {de: Die letzten zwei Ziffern der Referenz bitte., en: "The last two digits of the reference, please."}
    code: {de: Ihren Rückrufcode bitte., en: "Your callback code, please."}
  invalid: {de: Das konnten wir nicht zuordnen., en: We could not find that.}
  sure: on
  likely: on
  unclear: human
  none: human
"""

    type: Literal["match"]
    code: Name | None = None
    ask: Ask | None = Field(None, description="the questions that may be put")
    ask_when: Annotated[
        tuple[Literal["likely", "unclear", "none"], ...],
        Field(min_length=1, description="list of `likely`, `unclear`, `none`"),
    ] = ("unclear", "none")
    invalid: Text | None = None
    keys: Keys = Field(default_factory=dict)
    tries: Annotated[int, Field(ge=1, le=9)] = 3
    spoken_tries: Annotated[int, Field(ge=1, le=5)] = Field(
        2, description="whole number from 1 to 5: how often a number may be said before it is to be keyed in"
    )
    confirm: Confirm = Field("auto", description=CONFIRMS)
    say: Sayings | None = Field(None, description=SAYS)
    keep_recording: KeepRecording | None = Field(None, description=KEEPS)
    timeout: Annotated[float, Field(ge=1, le=15)] = 6
    next_timeout: Annotated[float, Field(ge=1, le=15)] = 4
    sure: StepName
    likely: StepName
    unclear: StepName
    none: StepName
    hung_up: HungUp = None

    @field_validator("ask", mode="before")
    @classmethod
    def _not_empty(cls, ask: Any) -> Any:
        if ask is None:
            raise ValueError(
                "nothing to ask: give about_message, topic, last_digits, code or reference, or leave 'ask' out"
            )
        return ask

    @model_validator(mode="after")
    def _asks_where_it_must(self) -> Self:
        idle = [name for name in _ABOUT_QUESTIONS if name in self.model_fields_set]
        if idle and self.ask is None:
            raise ValueError(f"'{idle[0]}' means nothing without 'ask'")
        return self

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("keys", key): step for key, step in self.keys.items()}
        decided: dict[Place, str] = {(decision.value,): self._way(decision) for decision in Decision}
        return {**ways, **decided, **given({HUNG_UP: self.hung_up})}

    def after_waiting(self) -> Mapping[Place, str]:
        """A `match` waits only where it asks: its ``keys`` are pressed after that, its decisions may come at once."""
        return {place: step for place, step in self.targets().items() if place[0] == "keys" or place == HUNG_UP}

    def uses(self) -> Iterator[Use]:
        if self.code:
            yield Use(("code",), UseKind.INPUT, self.code)

    def texts(self) -> Mapping[Place, Text]:
        said = {**(self.ask.texts() if self.ask else {}), **(self.say.texts() if self.say else {})}
        return {**said, ("invalid",): self.invalid} if self.invalid else said

    def placeholders(self) -> Mapping[Place, Collection[str]]:
        return self.say.placeholders() if self.say else {}

    def asks_for_speech(self) -> Place | None:
        return ("ask", "reference") if self.ask and self.ask.reference else None

    def announced_by(self) -> str | None:
        return self.keep_recording.announced_by if self.keep_recording else None

    def inputs(self) -> tuple[str, ...]:
        """The inputs that the step's own questions fill."""
        if self.ask is None:
            return ()
        digits = self.ask.last_digits
        asked = {
            ABOUT_MESSAGE: self.ask.about_message,
            TOPIC: self.ask.topic,
            LAST_DIGITS: digits,
            REFERENCE: digits or self.ask.reference,
            CODE: self.ask.code or self.ask.reference,
        }
        return tuple(name for name, question in asked.items() if question)

    def enter(self, scene: Scene) -> Move:
        if self.ask and (standing := scene.asked.standing):
            return Move(self._prompted(scene, self.ask, scene.asked), note=f"asks on for {question_in_words(standing)}")
        return self._find(scene)

    def resume(self, scene: Scene, event: Event) -> Move:
        if isinstance(event, MatchesFound):
            return self._found(scene, event.match)
        if self.ask and (standing := scene.asked.standing):
            return self._heard(scene, self.ask, standing, event)
        return super().resume(scene, event)

    # -- asking the house

    def _find(self, scene: Scene, answer: Mapping[str, str] | None = None, talk: Talk | None = None) -> Move:
        """``talk``: how the reference is being found out."""
        known = self._known({**scene.inputs, **(answer or {})})
        code, reference = known.get(CODE), known.get(REFERENCE)
        note = (
            "with what was heard"
            if talk
            else "with a code"
            if code
            else "with what was answered"
            if answer
            else "by caller number"
        )
        if self.ask is None:
            return Move(FindMatches(code, details=scene.details), note=note)
        said = talk or scene.asked.said
        if said and said.heard and reference in (None, "", said.number):
            reference = None  # what was heard says more
        else:
            said = None
        find = FindMatches(
            code,
            reference,
            known.get(LAST_DIGITS),
            known.get(TOPIC),
            bool(reference),
            self.ask.questions({**known, REFERENCE: ""} if talk else known),
            known.get(ABOUT_MESSAGE),
            self.ask.topics(),
            scene.details,
            said.heard if said else (),
            said.confirmed if said else None,
            said.refused if said else (),
        )
        return Move(find, note=note, inputs=answer or {}, asked=replace(scene.asked, talk=talk) if talk else None)

    def _known(self, inputs: Mapping[str, str]) -> Mapping[str, str]:
        """What the caller has answered, here or where ``code`` was collected, by the names of `Ask.answer`."""
        known = {name: inputs[name] for name in ANSWERS if name in inputs} if self.ask else {}
        return {CODE: inputs[self.code], **known} if self.code and self.code in inputs else known

    def _found(self, scene: Scene, found: core.Match) -> Move:
        several = "" if len(found.candidates) == 1 else "s"
        note = f"{found.decision.value}, {found.assurance.name}, {len(found.candidates)} candidate{several}"
        talk, standing = scene.asked.talk, scene.asked.standing
        if self.ask is None or talk is None or standing is None or standing.kind is not QuestionKind.REFERENCE:
            return self._next(scene, found, note, {}, scene.asked)
        talk = self._understood(scene, self.ask, standing, talk, found)
        if talk.stage not in (Stage.SETTLED, Stage.LEFT):
            return self._talks(scene, self.ask, talk, f"{note}; {in_words(talk)}")
        asked = replace(scene.asked, talk=None, said=talk if talk.heard else scene.asked.said)
        if talk.stage is Stage.LEFT:
            keyed = {REFERENCE: scene.inputs.get(REFERENCE, "")}
            return replace(self._left(scene, found, note, asked), inputs=keyed)
        return self._next(scene, found, note, self.ask.number(standing, talk.number) or {}, asked)

    def _understood(self, scene: Scene, ask: Ask, standing: Question, talk: Talk, found: core.Match) -> Talk:
        """What follows from how matching understood what was said. Where the match is good enough without it, nobody is
        asked again, though a number may still be read back."""
        if talk.stage is not Stage.WEIGH:
            return talk
        wanted = found.decision in self.ask_when
        understood = found.understood
        if understood is None or not (wanted or understood.verdict in (Verdict.ACCEPT, Verdict.CONFIRM)):
            return replace(talk, stage=Stage.LEFT)
        return after(talk, understood, self._terms(scene, ask, standing))

    def _next(self, scene: Scene, found: core.Match, note: str, inputs: Mapping[str, str], asked: Asked) -> Move:
        """Another question where one is worth it, or the way of the decision."""
        question = self._worth_asking(scene, found, {**scene.inputs, **inputs})
        if self.ask is None or question is None:
            return replace(self._left(scene, found, note, asked), inputs=inputs)
        invalid = self._invalid(scene) if fits_nothing(scene, found) else ()
        note = f"{note}; asks for {question_in_words(question)}"
        return replace(self._asked(scene, self.ask, question, note, invalid, said=asked.said), inputs=inputs)

    def _worth_asking(self, scene: Scene, found: core.Match, inputs: Mapping[str, str]) -> Question | None:
        if self.ask is None or found.decision not in self.ask_when or scene.asked.questions >= self.tries:
            return None
        before = scene.asked.standing
        if before and before.kind in (QuestionKind.CODE, QuestionKind.REFERENCE) and fits_nothing(scene, found):
            return before  # most likely mistyped
        question = found.question
        if question is None or self.ask.text(question) is None:
            return None
        left = {each.kind for each in self.ask.questions(self._known(inputs))}
        return question if question.kind in left and not found.code_accepted else None

    def _left(self, scene: Scene, found: core.Match, note: str, asked: Asked) -> Move:
        best = found.best if found.decision is Decision.SURE else None
        language = best.language if best and best.language in scene.languages else None
        kept = Asked(asked.questions, said=asked.said) if self.ask else None
        return Move(self._way(found.decision), note=note, customer_language=language, asked=kept)

    # -- asking the caller

    def _heard(self, scene: Scene, ask: Ask, standing: Question, event: Event) -> Move:
        key, talk = keys_of(event, scene.language), scene.asked.talk or Talk()
        if key in self.keys and not (talk.stage is Stage.CONFIRM and key in (YES, NO)):
            return Move(self.keys[key], note=f"key {key}")
        if standing.kind in NUMBERS:
            taken = take(talk, event, self._terms(scene, ask, standing))
            if taken is not None:
                return self._talked(scene, ask, standing, taken)
        elif isinstance(event, SpeechLost):
            return Move(
                self._prompted(scene, ask, scene.asked, (lost(scene, self.say),)), note="speech lost; asks by keys"
            )
        answer = ask.answer(standing, event, scene.language)
        if answer is None and not scene.asked.again and scene.asked.questions < self.tries:
            note = f"cannot be used; asks again for {question_in_words(standing)}"
            return self._asked(scene, ask, standing, note, self._invalid(scene), again=True)
        if not any((answer or {}).values()) and self._known(scene.inputs).get(standing.kind.value):
            return self._left(scene, scene.match or core.NO_MATCH, "no further answer", scene.asked)
        done = scene.asked.talk if standing.kind is QuestionKind.REFERENCE else None
        return self._find(scene, answer or {standing.kind.value: ""}, done and replace(done, stage=Stage.LEFT))

    def _talked(self, scene: Scene, ask: Ask, standing: Question, talk: Talk) -> Move:
        """On with a talk: another question, or what came of it."""
        by_match = standing.kind is QuestionKind.REFERENCE
        if talk.stage is Stage.WEIGH and not by_match:
            talk = after(talk, understand(talk.heard, talk.refused), self._terms(scene, ask, standing))
        match talk.stage:
            case Stage.WEIGH:
                return self._find(scene, {}, talk)
            case Stage.SETTLED:
                answer = ask.number(standing, talk.number) or {standing.kind.value: ""}
                return self._find(scene, answer, talk if by_match else None)
            case Stage.LEFT:
                return self._find(scene, {standing.kind.value: ""}, talk if by_match else None)
            case _:
                return self._talks(scene, ask, talk, in_words(talk))

    def _talks(self, scene: Scene, ask: Ask, talk: Talk, note: str) -> Move:
        asked = replace(scene.asked, talk=talk)
        return Move(self._prompted(scene, ask, asked), note=note, asked=asked)

    def _asked(
        self,
        scene: Scene,
        ask: Ask,
        question: Question,
        note: str,
        before: tuple[Prompt, ...],
        again: bool = False,
        said: Talk | None = None,
    ) -> Move:
        """``again``: the same question once more, as it stands."""
        kept = scene.asked if again else Asked(said=said)
        asked = replace(kept, questions=scene.asked.questions + 1, standing=question, again=again)
        return Move(self._prompted(scene, ask, asked, before), note=note, failed_try=again, asked=asked)

    def _prompted(self, scene: Scene, ask: Ask, now: Asked, before: tuple[Prompt, ...] = ()) -> AskDigits:
        """The question that stands, in the words of the flow or, in a talk, of the house."""
        question, talk = now.standing, now.talk or Talk()
        text = ask.text(question) if question else None
        if question is None or text is None:
            raise ValueError(
                f"the flow has no words for the question for {question_in_words(question) if question else ''}"
            )
        own = words_for_number(talk, self.say, question.letters) if question.kind is QuestionKind.REFERENCE else None
        if own is None:
            before = (*before, *before_again(scene, talk, self.say, self.invalid))
        whole = AskDigits(
            (*before, scene.prompt(own or text)),
            question.digits,
            self.timeout,
            self.next_timeout,
            ask.listens(question),
            ask.more_digits(question),
            self._listening(ask, question),
        )
        return put(scene, talk, self.say, whole, worded=own is not None)

    def _terms(self, scene: Scene, ask: Ask, question: Question) -> Terms:
        near = question.kind is QuestionKind.REFERENCE
        return Terms(self._listening(ask, question), scene.language, self.spoken_tries, self.confirm, near=near)

    def _listening(self, ask: Ask, question: Question) -> Listening:
        return replace(ask.listening(question), keep=self.keep_recording is not None)

    def _invalid(self, scene: Scene) -> tuple[Prompt, ...]:
        return (scene.prompt(self.invalid),) if self.invalid else ()

    def _way(self, decision: Decision) -> str:
        match decision:
            case Decision.SURE:
                return self.sure
            case Decision.LIKELY:
                return self.likely
            case Decision.UNCLEAR:
                return self.unclear
            case Decision.NONE:
                return self.none
