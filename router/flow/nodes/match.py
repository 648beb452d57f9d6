"""``match``: ask the house which message the call is about, and the caller for the least that settles it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from router.core import match as core
from router.core.commands import AskDigits, FindMatches, Prompt
from router.core.events import Event, MatchesFound
from router.core.match import Decision, EvidenceKind, Question, QuestionKind
from router.flow.nodes.asking import ABOUT_MESSAGE, ANSWERS, CODE, LAST_DIGITS, REFERENCE, TOPIC, Ask
from router.flow.nodes.base import (
    HUNG_UP,
    Asked,
    HungUp,
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
        idle = [name for name in ("ask_when", "invalid", "keys", "tries", "hung_up") if name in self.model_fields_set]
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
        said = self.ask.texts() if self.ask else {}
        return {**said, ("invalid",): self.invalid} if self.invalid else said

    def inputs(self) -> tuple[str, ...]:
        """The inputs that the step's own questions fill."""
        if self.ask is None:
            return ()
        digits = self.ask.last_digits
        asked = {
            ABOUT_MESSAGE: self.ask.about_message,
            TOPIC: self.ask.topic,
            LAST_DIGITS: digits,
            REFERENCE: digits,
            CODE: self.ask.code,
        }
        return tuple(name for name, question in asked.items() if question)

    def enter(self, scene: Scene) -> Move:
        if self.ask and (standing := scene.asked.standing):
            return Move(self._prompted(scene, self.ask, standing), note=f"asks on for {_in_words(standing)}")
        return self._find(scene)

    def resume(self, scene: Scene, event: Event) -> Move:
        if isinstance(event, MatchesFound):
            return self._found(scene, event.match)
        if self.ask and (standing := scene.asked.standing):
            return self._heard(scene, self.ask, standing, event)
        return super().resume(scene, event)

    # -- asking the house

    def _find(self, scene: Scene, answer: Mapping[str, str] | None = None) -> Move:
        known = self._known({**scene.inputs, **(answer or {})})
        code, reference = known.get(CODE), known.get(REFERENCE)
        note = "with a code" if code else "with what was answered" if answer else "by caller number"
        if self.ask is None:
            return Move(FindMatches(code, details=scene.details), note=note)
        questions = self.ask.questions(known)
        last_digits, topic, about_message = known.get(LAST_DIGITS), known.get(TOPIC), known.get(ABOUT_MESSAGE)
        asked = FindMatches(
            code,
            reference,
            last_digits,
            topic,
            bool(reference),
            questions,
            about_message,
            self.ask.topics(),
            scene.details,
        )
        return Move(asked, note=note, inputs=answer or {})

    def _known(self, inputs: Mapping[str, str]) -> Mapping[str, str]:
        """What the caller has answered, here or where ``code`` was collected, by the names of `Ask.answer`."""
        known = {name: inputs[name] for name in ANSWERS if name in inputs} if self.ask else {}
        return {CODE: inputs[self.code], **known} if self.code and self.code in inputs else known

    def _found(self, scene: Scene, found: core.Match) -> Move:
        several = "" if len(found.candidates) == 1 else "s"
        note = f"{found.decision.value}, {found.assurance.name}, {len(found.candidates)} candidate{several}"
        question = self._worth_asking(scene, found)
        if self.ask is None or question is None:
            return self._left(scene, found, note)
        invalid = self._invalid(scene) if _fits_nothing(scene, found) else ()
        return self._asked(scene, self.ask, question, f"{note}; asks for {_in_words(question)}", invalid)

    def _worth_asking(self, scene: Scene, found: core.Match) -> Question | None:
        if self.ask is None or found.decision not in self.ask_when or scene.asked.questions >= self.tries:
            return None
        before = scene.asked.standing
        if before and before.kind is QuestionKind.CODE and found.code_accepted is False:
            return before  # most likely mistyped
        question = found.question
        if question is None or self.ask.text(question) is None:
            return None
        left = {each.kind for each in self.ask.questions(self._known(scene.inputs))}
        return question if question.kind in left and not found.code_accepted else None

    def _left(self, scene: Scene, found: core.Match, note: str) -> Move:
        best = found.best if found.decision is Decision.SURE else None
        language = best.language if best and best.language in scene.languages else None
        asked = Asked(scene.asked.questions) if self.ask else None
        return Move(self._way(found.decision), note=note, customer_language=language, asked=asked)

    # -- asking the caller

    def _heard(self, scene: Scene, ask: Ask, standing: Question, event: Event) -> Move:
        key = keys_of(event)
        if key in self.keys:
            return Move(self.keys[key], note=f"key {key}")
        answer = ask.answer(standing, event)
        if answer is None and not scene.asked.again and scene.asked.questions < self.tries:
            note = f"cannot be used; asks again for {_in_words(standing)}"
            return self._asked(scene, ask, standing, note, self._invalid(scene), again=True)
        if not any((answer or {}).values()) and self._known(scene.inputs).get(standing.kind.value):
            return self._left(scene, scene.match or core.NO_MATCH, "no further answer")
        return self._find(scene, answer or {standing.kind.value: ""})

    def _asked(
        self, scene: Scene, ask: Ask, question: Question, note: str, before: tuple[Prompt, ...], again: bool = False
    ) -> Move:
        asked = Asked(scene.asked.questions + 1, question, again)
        return Move(self._prompted(scene, ask, question, before), note=note, failed_try=again, asked=asked)

    def _prompted(self, scene: Scene, ask: Ask, question: Question, before: tuple[Prompt, ...] = ()) -> AskDigits:
        text = ask.text(question)
        if text is None:
            raise ValueError(f"the flow has no words for the question for {_in_words(question)}")
        prompts = (*before, scene.prompt(text))
        listens, more_digits = ask.listens(question), ask.more_digits(question)
        return AskDigits(prompts, question.digits, self.timeout, self.next_timeout, listens, more_digits)

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


def _in_words(question: Question) -> str:
    match question.kind:
        case QuestionKind.ABOUT_MESSAGE:
            return "whether it is about a message"
        case QuestionKind.TOPIC:
            return "the topic"
        case QuestionKind.LAST_DIGITS:
            return f"the last {question.digits} digits"
        case QuestionKind.CODE:
            return "the code"
        case QuestionKind.REFERENCE:
            return "the reference"


def _fits_nothing(scene: Scene, found: core.Match) -> bool:
    """Whether what was keyed in just now is neither a live code nor the end of a candidate's reference."""
    answered = scene.asked.standing.kind if scene.asked.standing else None
    if answered is QuestionKind.CODE:
        return found.code_accepted is False
    if answered is QuestionKind.LAST_DIGITS and scene.inputs.get(LAST_DIGITS):
        weighed = (each for candidate in found.candidates for each in candidate.evidence)
        return not any(each.kind is EvidenceKind.LAST_DIGITS and each.log_odds > 0 for each in weighed)
    return False
