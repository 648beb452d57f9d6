"""What a ``match`` step can ask to tell messages apart, and what it makes of the answers.

An answer goes by the name of its question: ``about_message``, ``topic``, ``last_digits`` or ``code``; empty where the
caller gave none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self, assert_never

from pydantic import BaseModel, ConfigDict, Field, model_validator

from router.core.events import DigitsEntered, Event, SpeechHeard
from router.core.hearing import Expected, Listening
from router.core.match import EvidenceKind, Match, Question, QuestionKind
from router.flow.nodes.base import Key, Name, Place, Scene, Text, Words, choice_of
from router.flow.nodes.hearing import WORDS_FOR_YES_OR_NO, clear_number, has_no_number, says_yes_or_no

SHORTEST_CODE, LONGEST_CODE = 6, 14
"""Digits of the callback codes we issue (`router.matching.codes`)."""
CODE_KEYS = 10
"""Keys that a code takes as a rule. How many the longest takes, the house knows and says with the question."""
MOST_LAST_DIGITS = 4
SHORTEST_REFERENCE = 4
"""Characters of a reference that is asked for in full."""

ABOUT_MESSAGE = QuestionKind.ABOUT_MESSAGE.value
TOPIC, LAST_DIGITS, CODE = QuestionKind.TOPIC.value, QuestionKind.LAST_DIGITS.value, QuestionKind.CODE.value
REFERENCE = "reference"
"""Kept of a caller who says all of the reference where its last digits are asked for."""
ANSWERS = (ABOUT_MESSAGE, TOPIC, LAST_DIGITS, CODE, REFERENCE)

YES_OR_NO = {"1": "yes", "2": "no"}
NUMBERS = (QuestionKind.LAST_DIGITS, QuestionKind.CODE, QuestionKind.REFERENCE)
"""The questions that are answered by a number, which may be said."""

_A_CODE = Listening(Expected.DIGITS, SHORTEST_CODE, LONGEST_CODE)


class Topics(BaseModel):
    """The question what the call is about: a menu of all topics, the same for every caller, so that it gives nothing
    away. ``words`` choose a topic when spoken, ``labels`` are what agents read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Text
    keys: Annotated[dict[Key, Name], Field(min_length=2, description="topic for each key")]
    words: dict[Name, tuple[str, ...]] = Field(
        default_factory=dict, description="list of text for each topic: what chooses it when spoken"
    )
    labels: dict[Name, Words] = Field(default_factory=dict, description="what agents read, for each topic")

    def chosen(self, event: DigitsEntered | SpeechHeard) -> str:
        """The topic that the caller chose, "" for none of them."""
        if isinstance(event, DigitsEntered):
            return self.keys.get(event.digits, "")
        words = {key: self.words.get(topic, ()) for key, topic in self.keys.items()}
        return self.keys.get(choice_of(event, words), "")


class Ask(BaseModel):
    """The questions that a flow can put, each at most once answered; what is not here is not asked. ``about_message``
    asks whether the call is about some message from us, key 1 for yes and 2 for no. ``last_digits`` are those of the
    reference in the message, by how many of them are asked for; ``code`` is the callback code, ``reference`` the
    reference or the code, whichever the caller finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about_message: Text | None = Field(
        None, description="words, or a prompt's name: is it about a message from us? 1 yes, 2 no"
    )
    topic: Topics | None = Field(None, description="what the call is about: a menu, the same for every caller")
    last_digits: dict[Annotated[str, Field(pattern=r"^[2-4]$")], Text] = Field(
        default_factory=dict,
        description="words, or a prompt's name, for 2, 3 or 4 (or several): last digits of the code or the reference",
    )
    code: Text | None = Field(None, description="words, or a prompt's name: the callback code")
    reference: Text | None = Field(
        None, description="words, or a prompt's name: the reference (or the code), said digit by digit or keyed in"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.about_message or self.topic or self.last_digits or self.code or self.reference):
            raise ValueError("nothing to ask: give about_message, topic, last_digits, code or reference")
        return self

    def texts(self) -> Mapping[Place, Text]:
        """What is said, by its place below the step."""
        said: dict[Place, Text] = {("ask", "about_message"): self.about_message} if self.about_message else {}
        said |= {("ask", "topic", "text"): self.topic.text} if self.topic else {}
        said |= {("ask", "last_digits", digits): text for digits, text in self.last_digits.items()}
        said |= {("ask", "code"): self.code} if self.code else {}
        return {**said, ("ask", "reference"): self.reference} if self.reference else said

    def text(self, question: Question) -> Text | None:
        """What is said for a question; None where the flow cannot put it."""
        match question.kind:
            case QuestionKind.ABOUT_MESSAGE:
                return self.about_message
            case QuestionKind.TOPIC:
                return self.topic.text if self.topic else None
            case QuestionKind.LAST_DIGITS:
                return self.last_digits.get(str(question.digits))
            case QuestionKind.CODE:
                return self.code
            case QuestionKind.REFERENCE:
                return self.reference
            case _:
                assert_never(question.kind)

    def topics(self) -> tuple[str, ...]:
        """The topics to choose from."""
        return tuple(dict.fromkeys(self.topic.keys.values())) if self.topic else ()

    def listens(self, question: Question) -> bool:
        """Whether the answer may be spoken."""
        return question.kind is not QuestionKind.TOPIC or bool(self.topic and self.topic.words)

    def listening(self, question: Question) -> Listening:
        """How to listen to the answer."""
        match question.kind:
            case QuestionKind.ABOUT_MESSAGE:
                return Listening(words=WORDS_FOR_YES_OR_NO)
            case QuestionKind.TOPIC:
                words = self.topic.words.values() if self.topic else ()
                return Listening(words=tuple(word for each in words for word in each))
            case QuestionKind.LAST_DIGITS:
                return Listening(Expected.DIGITS, question.digits, LONGEST_CODE)
            case QuestionKind.CODE:
                return Listening(Expected.DIGITS, SHORTEST_CODE, LONGEST_CODE)
            case QuestionKind.REFERENCE:
                expected = Expected.CHARACTERS if question.letters else Expected.DIGITS
                return Listening(expected, SHORTEST_REFERENCE, max(question.digits, SHORTEST_REFERENCE))
            case _:
                assert_never(question.kind)

    def more_digits(self, question: Question) -> int:
        """Keys of a code that a tel link may have dialled into the question, beyond what it asks for."""
        return LONGEST_CODE - question.digits if self.code and question.kind is not QuestionKind.CODE else 0

    def questions(self, answers: Mapping[str, str]) -> tuple[Question, ...]:
        """Those not answered yet. The code may be asked for again as long as one is given: it may be mistyped. Whoever
        has no reference has no code either: both were asked for."""
        left: list[Question] = []
        if self.about_message and ABOUT_MESSAGE not in answers:
            left.append(Question(QuestionKind.ABOUT_MESSAGE, 1))
        if self.topic and TOPIC not in answers:
            left.append(Question(QuestionKind.TOPIC, 1, self.topics()))
        if LAST_DIGITS not in answers and REFERENCE not in answers:
            left += [Question(QuestionKind.LAST_DIGITS, int(digits)) for digits in sorted(self.last_digits)]
        if self.code and "" not in (answers.get(CODE), answers.get(REFERENCE)):
            left.append(Question(QuestionKind.CODE, CODE_KEYS))
        if self.reference and REFERENCE not in answers and CODE not in answers:
            left.append(Question(QuestionKind.REFERENCE, LONGEST_CODE))
        return tuple(left)

    def answer(self, question: Question, event: Event, language: str) -> Mapping[str, str] | None:
        """What the caller answered, by name; None where nothing can be made of it. A number that is said where one is
        asked for is not looked at here (`router.flow.nodes.hearing`)."""
        name = question.kind.value
        if not isinstance(event, DigitsEntered | SpeechHeard) or event == DigitsEntered(""):
            return {name: ""}
        if isinstance(event, SpeechHeard) and question.kind in NUMBERS:
            return {name: ""} if has_no_number(event, language) else None
        digits = clear_number(event, language, _A_CODE) if isinstance(event, SpeechHeard) else event.digits
        if question.kind in NUMBERS:
            return self.number(question, digits)
        chosen = self._chosen(question, event, language)
        return {name: chosen} if chosen else {CODE: digits} if _may_be_code(digits) else None

    def number(self, question: Question, number: str) -> Mapping[str, str] | None:
        """What ``number`` answers to a question that is answered by one."""
        if not (number.isascii() and number.isdigit()):
            return {REFERENCE: number} if question.letters and number.isalnum() else None
        if question.kind is QuestionKind.CODE:
            return {CODE: number} if _may_be_code(number) else None
        if question.kind is QuestionKind.REFERENCE:
            return _in_full(number) if len(number) >= SHORTEST_REFERENCE else None
        return _ending(number, question.digits)

    def _chosen(self, question: Question, event: DigitsEntered | SpeechHeard, language: str) -> str:
        """The topic, or yes or no; "" for none of them."""
        if question.kind is QuestionKind.TOPIC:
            return self.topic.chosen(event) if self.topic else ""
        if isinstance(event, DigitsEntered):
            return YES_OR_NO.get(event.digits, "")
        return {True: "yes", False: "no", None: ""}[says_yes_or_no(event, language)]


def _may_be_code(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and SHORTEST_CODE <= len(digits) <= LONGEST_CODE


def _ending(digits: str, asked_for: int) -> Mapping[str, str] | None:
    """Whoever gives more than the last digits gives the whole reference, or the code: which, matching finds out."""
    if len(digits) < asked_for:
        return None
    if len(digits) <= MOST_LAST_DIGITS:
        return {LAST_DIGITS: digits}
    return _in_full(digits)


def _in_full(digits: str) -> Mapping[str, str]:
    return {REFERENCE: digits, CODE: digits} if _may_be_code(digits) else {REFERENCE: digits}


def question_in_words(question: Question) -> str:
    """What is asked for, for the trace."""
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


def fits_nothing(scene: Scene, found: Match) -> bool:
    """Whether what was keyed in just now is neither a live code nor a reference, or the end of one, that fits."""
    answered = scene.asked.standing.kind if scene.asked.standing else None
    if answered is QuestionKind.CODE:
        return found.code_accepted is False
    if answered is QuestionKind.REFERENCE and scene.asked.talk is None and scene.inputs.get(REFERENCE):
        return not (found.code_accepted or _speaks_for(found, EvidenceKind.REFERENCE, EvidenceKind.REFERENCE_HEARD))
    if answered is QuestionKind.LAST_DIGITS and scene.inputs.get(LAST_DIGITS):
        return not _speaks_for(found, EvidenceKind.LAST_DIGITS)
    return False


def _speaks_for(found: Match, *kinds: EvidenceKind) -> bool:
    weighed = (each for candidate in found.candidates for each in candidate.evidence)
    return any(each.kind in kinds and each.log_odds > 0 for each in weighed)
