"""What is kept of what happened to a call, to run it again on another flow: no number, no code, nothing told in full.

Up to two keys are kept, they choose something; longer inputs become as many zeros. Of what was said the words are kept
that the flow listens for, and up to two digits; of longer numbers as many zeros, and where their readings differ, but
not in what. Of a match is kept how it was decided, of another system's answer what
is yes or no, a small number or a single word. What is `masked` says nothing about what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Discriminator, TypeAdapter

from router.core.events import (
    Caller,
    CallStarted,
    DigitsEntered,
    Event,
    HouseEvent,
    MatchesFound,
    RecordingEnded,
    SpeechHeard,
    WebhookAnswered,
)
from router.core.hearing import Expected, Listening, Reading
from router.core.match import Candidate, Evidence, EvidenceKind, Match
from router.flow.model import Flow
from router.flow.nodes.hearing import WORDS_FOR_YES_OR_NO
from router.spoken.choices import words_in
from router.spoken.masked import masked_speech
from router.spoken.numbers import numbers

MOST_KEYS = 2
MASKED = "…"
_FIT = (EvidenceKind.LAST_DIGITS, EvidenceKind.REFERENCE, EvidenceKind.REFERENCE_HEARD)
"""Evidence that a `match` step goes by."""
_ANY_NUMBER = Listening(Expected.DIGITS, 1, 20)
_PREFIX = 3
"""Characters of a caller number that are kept: conditions may ask for them (``caller.prefix``)."""
_ONE_WORD = re.compile(r"[a-z_]{1,20}")
_FIELD = re.compile(rf"(?!(?:.*[0-9]){{{MOST_KEYS + 1}}})[A-Za-z_][A-Za-z0-9_-]{{0,59}}")
"""The name of a field: what no flow can ask for, or has many digits, may be somebody's name or number."""
_ZEROS = re.compile(rf"0{{{MOST_KEYS + 1},}}|.*{MASKED}.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """One turn of a call as it is kept: when, in the call's own time, what happened, and what the house answered."""

    at: datetime
    event: Event
    answers: tuple[HouseEvent, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    event: Annotated[Event, Discriminator("kind")]
    answers: tuple[Annotated[HouseEvent, Discriminator("kind")], ...]


_KEPT = TypeAdapter(_Kept)


def to_record(flow: Flow, event: Event, answers: tuple[HouseEvent, ...], language: str = "de") -> Any:
    """A turn as JSON values, masked. ``flow`` is the one the call runs, in ``language``."""
    return _KEPT.dump_python(_kept(flow, event, answers, language), mode="json")


def to_record_json(flow: Flow, event: Event, answers: tuple[HouseEvent, ...], language: str = "de") -> str:
    """The same as JSON text."""
    return _KEPT.dump_json(_kept(flow, event, answers, language)).decode()


def _kept(flow: Flow, event: Event, answers: tuple[HouseEvent, ...], language: str) -> _Kept:
    return _Kept(_masked(event, flow, language), tuple(map(_masked_answer, answers)))


def from_record(at: datetime, kept: Any) -> RecordedTurn:
    """The turn back. Raises `pydantic.ValidationError` for one that another version of the program kept."""
    turn = _KEPT.validate_python(kept)
    return RecordedTurn(at, turn.event, turn.answers)


def is_masked(value: Any) -> bool:
    """Whether something may stand for what was not kept."""
    return isinstance(value, str) and (_ZEROS.fullmatch(value) is not None or _is_masked_number(value))


def words_listened_for(flow: Flow) -> frozenset[str]:
    """The words by which callers of ``flow`` and of those it may go on with can choose something."""
    return frozenset(word for each in {flow, *flow.flows.values()} for word in _listened_for(each))


@lru_cache(maxsize=64)
def _listened_for(flow: Flow) -> frozenset[str]:
    phrases = [phrase for step in flow.steps.values() for phrase in _phrases(step.model_dump())]
    return frozenset(word for phrase in (*phrases, *WORDS_FOR_YES_OR_NO) for word in words_in(phrase))


def _phrases(value: Any, chosen: bool = False) -> Iterator[str]:
    """Everything under a field ``words``."""
    match value:
        case str() if chosen:
            yield value
        case Mapping():
            for name, below in value.items():
                yield from _phrases(below, chosen or name == "words")
        case tuple() | list():
            for below in value:
                yield from _phrases(below, chosen)
        case _:
            pass


def _masked(event: Event, flow: Flow, language: str) -> Event:
    match event:
        case DigitsEntered(digits=digits) if len(digits) > MOST_KEYS:
            return DigitsEntered("0" * len(digits))
        case SpeechHeard():
            return _masked_hearing(event, words_listened_for(flow), language)
        case CallStarted(caller=caller):
            return replace(event, caller=_masked_caller(caller), trunk=None)
        case RecordingEnded(recording=recording, seconds=seconds, text=text):
            return RecordingEnded(recording and MASKED, seconds, text and MASKED)
        case _:
            return event


def _masked_hearing(event: SpeechHeard, known: frozenset[str], language: str) -> SpeechHeard:
    """What was said, with its readings as far as a step goes by them: which there are, how likely, and how long."""
    text = masked_speech(event.text, known, MOST_KEYS)
    found = numbers(event.readings, language, _ANY_NUMBER)
    if not found or len(found[0].text) <= MOST_KEYS:
        said = (masked_speech(each.text, known, MOST_KEYS) for each in event.readings)
        readings = tuple(Reading(masked, each.weight) for masked, each in zip(said, event.readings, strict=True))
        return SpeechHeard(text, readings, event.recogniser)
    likeliest = found[0].text
    masks = [_masked_number(each.text, likeliest, place) for place, each in enumerate(found)]
    before = " ".join(word for word in text.split() if word in known)  # a no before another number
    masked = tuple(Reading(f"{before} {mask}".strip(), each.weight) for mask, each in zip(masks, found, strict=True))
    return SpeechHeard(masked[0].text, masked, event.recogniser)


def _masked_number(number: str, likeliest: str, place: int) -> str:
    """Zeros, but for another digit where the reading at ``place`` differs from the likeliest one; never the first."""
    other = str(1 + place % 9)
    alike = zip(number[1:], likeliest[1:].ljust(len(number) - 1), strict=False)
    return "0" + "".join("0" if one == same or same == " " else other for one, same in alike)


def _is_masked_number(value: str) -> bool:
    zeros = value.count("0")
    return len(value) > MOST_KEYS and value.isdigit() and value.startswith("0") and 2 * zeros >= len(value)


def _masked_caller(caller: Caller) -> Caller:
    number = caller.number
    return replace(caller, number=number and number[:_PREFIX] + "0" * len(number[_PREFIX:]))


def _masked_answer(answer: HouseEvent) -> HouseEvent:
    match answer:
        case MatchesFound(match=match):
            return MatchesFound(_how_decided(match))
        case WebhookAnswered(answer=dict() as fields):
            return replace(answer, answer=_small(fields))
        case _:
            return answer


def _how_decided(match: Match) -> Match:
    """The match with one nameless candidate, which has what flows may go by; see `router.flow.nodes.match`."""
    weighed = (each for candidate in match.candidates for each in candidate.evidence)
    fit = {each.kind for each in weighed if each.kind in _FIT and each.log_odds > 0}
    fits = tuple(Evidence(kind, 1.0, "") for kind in sorted(fit))
    best = match.best
    if best is None:
        kept = Candidate("", 0.0, fits)
    else:
        kept = Candidate("", round(best.probability, 3), fits, best.queue, best.language)
    candidates = (kept,) if best or fit else ()
    understood = match.understood and replace(match.understood, number="")
    rounded = round(match.none_probability, 3)
    return replace(match, none_probability=rounded, candidates=candidates, understood=understood)


def _small(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int() if 0 <= value < 10**MOST_KEYS:
            return value
        case str() if _ONE_WORD.fullmatch(value):
            return value
        case dict():
            return {name: _small(below) for name, below in value.items() if _FIELD.fullmatch(name)}
        case _:
            return MASKED
