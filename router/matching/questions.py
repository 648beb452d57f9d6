"""Which question to put: the one that tells most for what it costs the caller.

What a question tells is the mutual information, in bits, between its answer and what the call is about: one of the
candidates, a message that was not found, or none (Lindley, "On a measure of the information provided by an experiment",
1956). What it costs is counted in keys: listening, finding what to read out, pressing. So a caller keys in a whole code
only where nothing shorter would settle the matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import fsum, log2
from typing import assert_never

from router.core.match import Question, QuestionKind
from router.matching.evidence import at_hand, endings_of
from router.matching.observed import Observed
from router.matching.parameters import Parameters
from router.matching.weighed import Weighed

MOST_WEIGHED = 20
"""Candidates looked at; with more no short question tells them apart."""

Answers = Mapping[str, float]
"""How likely each answer is; together they make 1. No answer is the empty one, `_OTHER` all that fit nobody."""

_ROUNDING = 1e-9
_NOTHING = ""
_OTHER = "other"
_FOUND = "found"


def worth_asking(
    weighed: Sequence[Weighed],
    none_probability: float,
    questions: Iterable[Question],
    observed: Observed,
    on_file: bool,
    now: datetime,
    parameters: Parameters,
) -> Question | None:
    """The best of ``questions``, or None where none tells enough. What was asked before is not asked again, but for a
    code that was keyed in and not accepted. ``on_file``: the caller number is, for some customer."""
    best, best_worth = None, parameters.least_worth
    most = _most(weighed, none_probability, observed, on_file, parameters)
    for question in questions:
        if _asked(question, observed) or most <= best_worth * _effort(question, parameters):
            continue
        gain = _gain(question, weighed[:MOST_WEIGHED], none_probability, observed, on_file, now, parameters)
        worth = gain / _effort(question, parameters)
        if worth > best_worth:
            best, best_worth = question, worth
    return best


def _most(
    weighed: Sequence[Weighed], none_probability: float, observed: Observed, on_file: bool, parameters: Parameters
) -> float:
    """More bits than any answer tells: an answer says no more about what the call is about than is unknown of it, and
    what a message is worth that was not found. Mostly little is unknown, and this is all that is worked out."""
    elsewhere = none_probability * _elsewhere(observed, on_file, parameters)
    unknown = _entropy([*(each.probability for each in weighed), elsewhere, none_probability - elsewhere])
    return unknown + elsewhere * parameters.identifies + _ROUNDING


def _asked(question: Question, observed: Observed) -> bool:
    match question.kind:
        case QuestionKind.ABOUT_MESSAGE:
            return observed.about_message is not None
        case QuestionKind.TOPIC:
            return observed.topic is not None
        case QuestionKind.LAST_DIGITS:
            return observed.last_digits is not None
        case QuestionKind.CODE:
            return observed.code is not None and not observed.code_given
        case QuestionKind.REFERENCE:
            return observed.reference is not None or bool(observed.heard)
        case _:
            assert_never(question.kind)


def _effort(question: Question, parameters: Parameters) -> float:
    """In keys pressed. A reference may be said."""
    keys = float(question.digits)
    match question.kind:
        case QuestionKind.ABOUT_MESSAGE | QuestionKind.TOPIC:
            look_up = 0.0
        case QuestionKind.LAST_DIGITS:
            look_up = parameters.effort_reference
        case QuestionKind.CODE:
            look_up = parameters.effort_code
        case QuestionKind.REFERENCE:
            look_up, keys = parameters.effort_reference, keys * parameters.effort_said
        case _:
            assert_never(question.kind)
    return parameters.effort_question + look_up + keys


def _gain(
    question: Question,
    weighed: Sequence[Weighed],
    none_probability: float,
    observed: Observed,
    on_file: bool,
    now: datetime,
    parameters: Parameters,
) -> float:
    """Bits that the answer tells."""
    elsewhere = none_probability * _elsewhere(observed, on_file, parameters)
    match question.kind:
        case QuestionKind.ABOUT_MESSAGE:
            if _NOTHING in (observed.code, observed.reference):
                elsewhere = 0.0  # a message that was not found can be found no more: of no use to know of
            return _by_about_message(weighed, elsewhere, none_probability - elsewhere, parameters)
        case QuestionKind.TOPIC:
            hypotheses, rest = _by_topic(question, weighed, parameters)
            return _information([*hypotheses, (none_probability, rest)])
        case QuestionKind.LAST_DIGITS:
            if observed.unread:
                return 0.0  # so few digits fit some of those that were not read, too
            hypotheses, rest = _by_last_digits(question, weighed, now, parameters)
            return _information([*hypotheses, (none_probability, rest)])
        case QuestionKind.CODE:
            return _by_code(weighed, elsewhere, none_probability - elsewhere, observed, parameters)
        case QuestionKind.REFERENCE:
            return _by_reference(weighed, elsewhere, none_probability - elsewhere, parameters)
        case _:
            assert_never(question.kind)


def _elsewhere(observed: Observed, on_file: bool, parameters: Parameters) -> float:
    """Of calls about none of the candidates, the share that is about a message which was not found: that of a caller
    whose number is on file would have been."""
    share = parameters.elsewhere_known if on_file else parameters.elsewhere_unknown
    match observed.about_message:
        case "yes":
            about, unrelated = parameters.says_yes, parameters.unrelated_says_yes
        case "no":
            about = 1 - parameters.says_yes - parameters.says_nothing
            unrelated = 1 - parameters.unrelated_says_yes - parameters.unrelated_says_nothing
        case _:
            return share
    return share * about / (share * about + (1 - share) * unrelated)


def _by_about_message(weighed: Sequence[Weighed], elsewhere: float, unrelated: float, parameters: Parameters) -> float:
    yes, nothing = parameters.says_yes, parameters.says_nothing
    about = {"yes": yes, _NOTHING: nothing, "no": 1 - yes - nothing}
    yes, nothing = parameters.unrelated_says_yes, parameters.unrelated_says_nothing
    rest = {"yes": yes, _NOTHING: nothing, "no": 1 - yes - nothing}
    return _information([*((each.probability, about) for each in weighed), (elsewhere, about), (unrelated, rest)])


def _by_code(
    weighed: Sequence[Weighed], elsewhere: float, unrelated: float, observed: Observed, parameters: Parameters
) -> float:
    """Which message it is, is told as well where it was not found: that is worth more than that it is one of those."""
    had_nothing = _NOTHING in (observed.last_digits, observed.reference)
    share = parameters.at_hand_after_none if had_nothing else parameters.keys_code
    hypotheses: list[tuple[float, Answers]] = []
    for each in weighed:
        given = at_hand(each.row, share, parameters)
        hypotheses.append((each.probability, {each.row.message_id: given, _NOTHING: 1 - given}))
    hypotheses += [(elsewhere, {_FOUND: share, _NOTHING: 1 - share}), (unrelated, {_NOTHING: 1.0})]
    return _information(hypotheses) + elsewhere * share * parameters.identifies


def _by_reference(weighed: Sequence[Weighed], elsewhere: float, unrelated: float, parameters: Parameters) -> float:
    """As `_by_code`, for what more callers have at hand: the reference or the code."""
    hypotheses: list[tuple[float, Answers]] = []
    for each in weighed:
        given = at_hand(each.row, parameters.gives_reference, parameters)
        hypotheses.append((each.probability, {each.row.message_id: given, _NOTHING: 1 - given}))
    given, stray = parameters.gives_reference, parameters.unrelated_gives_reference
    hypotheses += [(elsewhere, {_FOUND: given, _NOTHING: 1 - given}), (unrelated, {_OTHER: stray, _NOTHING: 1 - stray})]
    return _information(hypotheses) + elsewhere * given * parameters.identifies


def _by_topic(
    question: Question, weighed: Sequence[Weighed], parameters: Parameters
) -> tuple[list[tuple[float, Answers]], Answers]:
    topics = question.topics
    right, nothing = parameters.topic_right, parameters.topic_unanswered
    rest: Answers = {_NOTHING: parameters.topic_unrelated_unanswered} | dict.fromkeys(
        topics, (1 - parameters.topic_unrelated_unanswered) / max(len(topics), 1)
    )
    hypotheses: list[tuple[float, Answers]] = []
    for each in weighed:
        if each.row.topic not in topics:
            hypotheses.append((each.probability, rest))
            continue
        wrong = (1 - right - nothing) / max(len(topics) - 1, 1)
        answers = {topic: right if topic == each.row.topic else wrong for topic in topics} | {_NOTHING: nothing}
        hypotheses.append((each.probability, answers))
    return hypotheses, rest


def _by_last_digits(
    question: Question, weighed: Sequence[Weighed], now: datetime, parameters: Parameters
) -> tuple[list[tuple[float, Answers]], Answers]:
    ends = [endings_of(each.row, question.digits, now) for each in weighed]
    slip = parameters.miskeyed
    keys = parameters.unrelated_keys_digits
    by_chance = keys * 10.0**-question.digits
    known = sorted(frozenset().union(*ends))
    rest = {_NOTHING: 1 - keys, _OTHER: max(keys - by_chance * len(known), 0.0)} | dict.fromkeys(known, by_chance)
    hypotheses: list[tuple[float, Answers]] = []
    for each, end in zip(weighed, ends, strict=True):
        has = at_hand(each.row, parameters.has_last_digits, parameters)
        right = dict.fromkeys(end, has * (1 - slip) / max(len(end), 1))
        answers = right | {_OTHER: has * slip, _NOTHING: 1 - has} if end else rest
        hypotheses.append((each.probability, answers))
    return hypotheses, rest


def _information(hypotheses: Sequence[tuple[float, Answers]]) -> float:
    """The mutual information between hypothesis and answer, in bits."""
    answers: dict[str, float] = {}
    for probability, likely in hypotheses:
        for answer, share in likely.items():
            answers[answer] = answers.get(answer, 0.0) + probability * share
    left = fsum(probability * _entropy(likely.values()) for probability, likely in hypotheses)
    return max(_entropy(answers.values()) - left, 0.0)


def _entropy(probabilities: Iterable[float]) -> float:
    return fsum(-each * log2(each) for each in probabilities if each > 0)
