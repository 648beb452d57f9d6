"""How a number that a caller says becomes a certain one: it is heard, read back, asked for in part where only a part is
in doubt, asked for again, and at last keyed in.

`Talk` is where that stands, a value between two events. `take` is what an event makes of it, `after` what follows from
how it was understood: matching understands references (`FindMatches.heard`), `understand` any others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import prod
from typing import Literal

from router.core.events import DigitsEntered, Event, InputTimedOut, SpeechHeard, SpeechLost
from router.core.hearing import Expected, Heard, Listening, Part, Reading, Understood, Verdict
from router.spoken.answers import has_none, wants_person, yes_or_no
from router.spoken.numbers import numbers

Confirm = Literal["auto", "always", "never"]
YES, NO = "1", "2"
YES_OR_NO_WORDS = {
    "de": ("ja", "genau", "stimmt", "richtig", "korrekt", "jawohl", "nein", "nee", "falsch"),
    "en": ("yes", "yeah", "yep", "right", "correct", "no", "nope", "wrong"),
}
"""What a recogniser is to reckon with when something was read back."""
WORDS_FOR_YES_OR_NO = tuple(word for words in YES_OR_NO_WORDS.values() for word in words)
KEYS = "keys"
"""The recogniser of a `Heard` that was keyed in."""
MOST_REFUSED = 3
"""Numbers read back and refused, after which it is asked again or keyed in."""
SHORTEST_PART, LONGEST_PART = 3, 4
"""Characters of a part that is asked for alone."""
SURE, DOUBTFUL, LOST = 0.98, 0.5, 0.15
"""How likely a number is from which on nobody is asked, below which a part of it is asked for, if that settles it, and
below which it is not worth reading back."""
_MISSING = 0.005
"""How likely it is at least that a hearing has not the number among its readings."""
_ELSEWHERE = 0.01
"""The weight of a number that a hearing does not have."""


class Stage(StrEnum):
    """What a talk has come to: the first four are questions that stand."""

    NUMBER = "number"
    PART = "part"
    CONFIRM = "confirm"
    KEYS = "keys"
    WEIGH = "weigh"
    """Something new is known; it is to be understood."""
    SETTLED = "settled"
    LEFT = "left"
    """It cannot be found out by talking."""


@dataclass(frozen=True, slots=True)
class Talk:
    """``number`` is the one read back, and then the one settled; ``part`` the one asked for. ``tries`` counts what the
    caller said, ``again``: the question stands for the second time, ``lost``: speech was lost just now."""

    stage: Stage = Stage.NUMBER
    heard: tuple[Heard, ...] = ()
    number: str = field(default="", repr=False)
    part: Part | None = None
    refused: tuple[str, ...] = field(default=(), repr=False)
    confirmed: str | None = field(default=None, repr=False)
    tries: int = 0
    again: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What a step allows: the ``tries`` in which the number may be said, whether to read back, whether it may be keyed
    in; what it is made of, and the language of the call."""

    listening: Listening
    language: str
    tries: int
    confirm: Confirm = "auto"
    keys: bool = True
    near: bool = False
    """Numbers somewhat too short or too long count as well: who understands them knows which there are."""


def take(talk: Talk, event: Event, terms: Terms) -> Talk | None:
    """The talk after an event; None for silence, for callers who say that they have no number or want a person, and for
    a number keyed in, which are the step's own matter."""
    match event:
        case SpeechLost():
            return _by_keys(replace(talk, lost=True), terms)
        case _ if talk.stage is Stage.CONFIRM:
            return _replied(talk, event, terms)
        case SpeechHeard():
            return _said(talk, event, terms)
        case DigitsEntered(digits=digits) if talk.stage is Stage.PART and talk.part and digits:
            if len(digits) != talk.part.characters:
                return None
            return _weigh(talk, Heard((Reading(digits, 1.0),), KEYS, terms.language, talk.part))
        case _ if talk.stage is Stage.PART and not talk.again:
            return replace(talk, again=True, lost=False)
        case _:
            return None


def after(talk: Talk, understood: Understood, terms: Terms) -> Talk:
    """What follows from how the hearings were understood."""
    left = talk.tries < terms.tries
    talk = replace(talk, again=False, lost=False)
    if talk.confirmed is not None:
        return replace(talk, stage=Stage.SETTLED)
    match understood.verdict:
        case Verdict.ACCEPT if terms.confirm != "always":
            return replace(talk, stage=Stage.SETTLED, number=understood.number)
        case Verdict.CONFIRM if terms.confirm == "never":
            return replace(talk, stage=Stage.LEFT)
        case Verdict.ACCEPT | Verdict.CONFIRM if len(talk.refused) < MOST_REFUSED:
            return replace(talk, stage=Stage.CONFIRM, number=understood.number)
        case Verdict.PART if left and understood.part:
            return replace(talk, stage=Stage.PART, part=understood.part)
        case _ if left:
            return replace(talk, stage=Stage.NUMBER, part=None)
        case _:
            return _by_keys(talk, terms)


def understand(heard: Sequence[Heard], refused: Sequence[str] = ()) -> Understood:
    """What to do with a number of which nothing is known but how it was heard."""
    weights = {number: weight for number, weight in _weighed(heard) if number not in refused}
    if not weights:
        return Understood(Verdict.AGAIN)
    unheard = prod(_missing(each) for each in heard)
    best = max(weights, key=lambda number: weights[number])
    likely = weights[best] / (sum(weights.values()) + unheard)
    if likely < LOST:
        return Understood(Verdict.AGAIN)
    if likely >= SURE and not refused:
        return Understood(Verdict.ACCEPT, best)
    part = _part_in_doubt(best, weights) if likely < DOUBTFUL else None
    return Understood(Verdict.PART, best, part) if part else Understood(Verdict.CONFIRM, best)


def likeliest(talk: Talk, most: int) -> list[str]:
    """The numbers that the caller most likely said, those refused left out: the first, and what may well be it, too."""
    weights = {number: weight for number, weight in _weighed(talk.heard) if number not in talk.refused}
    ranked = sorted(weights, key=lambda number: -weights[number])[:most]
    return [number for number in ranked if weights[number] > weights[ranked[0]] / 4]


# -- what the caller does -----------------------------------------------------------------------------------------


def _said(talk: Talk, event: SpeechHeard, terms: Terms) -> Talk | None:
    """A number, or the part of it that was asked for. Whoever says so has none; anything else is one more try."""
    readings, gives_none = _readings(event), has_no_number(event, terms.language)
    if talk.stage is Stage.PART and talk.part:
        wanted = replace(terms.listening, shortest=talk.part.characters, longest=talk.part.characters)
        if found := _numbers(readings, replace(terms, listening=wanted, near=False)):
            return _weigh(talk, Heard(found, event.recogniser, terms.language, talk.part))
    found = _numbers(readings, replace(terms, near=terms.near and not gives_none))
    if found:
        return _weigh(talk, Heard(found, event.recogniser, terms.language))
    if gives_none:
        return None
    return after(replace(talk, tries=talk.tries + 1), Understood(Verdict.AGAIN), terms)


def _replied(talk: Talk, event: Event, terms: Terms) -> Talk | None:
    """Yes or no to what was read back, or another number instead."""
    match event:
        case DigitsEntered(digits=digits):
            answer = {YES: True, NO: False}.get(digits)
        case SpeechHeard():
            answer = yes_or_no(_readings(event), terms.language)
            found = () if answer else _numbers(_readings(event), terms)
            if found and found[0].text == talk.number:
                answer = True if answer is None else answer
            elif found and talk.tries < terms.tries:
                before = _refused(talk) if answer is False else talk
                return _weigh(before, Heard(found, event.recogniser, terms.language))
            elif answer is None and wants_person(_readings(event)):
                return None
        case _:
            answer = None
    if answer is not None:
        return _settled(talk) if answer else _refused(talk)
    if not talk.again:
        return replace(talk, again=True, lost=False)
    return None if isinstance(event, InputTimedOut) else _by_keys(talk, terms)


def _settled(talk: Talk) -> Talk:
    return replace(talk, stage=Stage.SETTLED, confirmed=talk.number)


def _refused(talk: Talk) -> Talk:
    return replace(talk, stage=Stage.WEIGH, refused=(*talk.refused, talk.number), again=False, lost=False)


def _weigh(talk: Talk, heard: Heard) -> Talk:
    tries = talk.tries + 1
    return replace(talk, stage=Stage.WEIGH, heard=(*talk.heard, heard), tries=tries, again=False, lost=False)


def _by_keys(talk: Talk, terms: Terms) -> Talk:
    """The same question by keys, where they may be used: what was read back can be answered by them as well."""
    if not terms.keys:
        return replace(talk, stage=Stage.LEFT)
    if talk.lost and talk.stage in (Stage.CONFIRM, Stage.PART):
        return replace(talk, again=False)
    return replace(talk, stage=Stage.LEFT if talk.stage is Stage.KEYS else Stage.KEYS, again=False)


def _numbers(readings: tuple[Reading, ...], terms: Terms) -> tuple[Reading, ...]:
    found, wanted = numbers(readings, terms.language, terms.listening), terms.listening
    if terms.near:
        return found
    return tuple(each for each in found if wanted.shortest <= len(each.text) <= wanted.longest)


def _readings(event: SpeechHeard) -> tuple[Reading, ...]:
    return event.readings or (Reading(event.text, 1.0),)


def clear_number(event: SpeechHeard, language: str, listening: Listening) -> str:
    """The number that was said, where that is beyond doubt; "" elsewhere."""
    found = _numbers(_readings(event), Terms(listening, language, tries=1))
    understood = understand((Heard(found, event.recogniser, language),))
    return understood.number if understood.verdict is Verdict.ACCEPT else ""


def likeliest_number(event: SpeechHeard, language: str, listening: Listening) -> str:
    """The number that was most likely said, where a wrong one does no harm; "" for none."""
    found = _numbers(_readings(event), Terms(listening, language, tries=1))
    return found[0].text if found else ""


def says_yes_or_no(event: SpeechHeard, language: str) -> bool | None:
    """What a caller said who was asked for yes or no."""
    return yes_or_no(_readings(event), language)


def has_no_number(event: SpeechHeard, language: str) -> bool:
    """Whether a caller who was asked for a number says no, that there is none, or that a person is wanted."""
    readings = _readings(event)
    return yes_or_no(readings, language) is False or has_none(readings) or wants_person(readings)


# -- several hearings of one number -------------------------------------------------------------------------------


def _weighed(heard: Sequence[Heard]) -> Iterator[tuple[str, float]]:
    """Each number that may have been said, with its weight by all hearings."""
    wholes = {reading.text for each in heard if each.part is None for reading in each.readings}
    parts = [(each.part, reading.text) for each in heard if each.part for reading in each.readings]
    joined = {_with_part(number, part, text) for number in wholes for part, text in parts}
    for number in sorted(wholes | joined):
        yield number, prod(_weight_in(each, number) for each in heard)


def _weight_in(heard: Heard, number: str) -> float:
    said = _part_of(number, heard.part) if heard.part else number
    return next((reading.weight for reading in heard.readings if reading.text == said), _ELSEWHERE)


def _missing(heard: Heard) -> float:
    return max(1.0 - sum(reading.weight for reading in heard.readings), _MISSING)


def _part_of(number: str, part: Part) -> str:
    return number[: part.characters] if part.end == "first" else number[-part.characters :]


def _with_part(number: str, part: Part, text: str) -> str:
    if len(number) <= part.characters:
        return number
    return text + number[part.characters :] if part.end == "first" else number[: -part.characters] + text


def _part_in_doubt(best: str, weights: dict[str, float]) -> Part | None:
    """The beginning or the end that is all that the likelier numbers of the same length differ in; None where there is
    none so short that it helps to ask for it alone."""
    others = [number for number, weight in weights.items() if number != best and weight > weights[best] / 10]
    if not others or any(len(number) != len(best) for number in others):
        return None
    differ = [place for place in range(len(best)) if any(number[place] != best[place] for number in others)]
    last, first = len(best) - differ[0], differ[-1] + 1
    end: Literal["first", "last"] = "last" if last <= first else "first"
    characters = max(min(last, first), SHORTEST_PART)
    return Part(end, characters) if characters <= min(LONGEST_PART, len(best) // 2) else None


# -- how to listen ------------------------------------------------------------------------------------------------


def listening_for(talk: Talk, whole: Listening, language: str) -> Listening:
    """How to listen to the answer to the question that stands."""
    match talk.stage:
        case Stage.CONFIRM:
            return replace(whole, expected=Expected.WORDS, words=YES_OR_NO_WORDS.get(language, ()))
        case Stage.PART if talk.part:
            return replace(whole, shortest=talk.part.characters, longest=talk.part.characters)
        case _:
            return whole
