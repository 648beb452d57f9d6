"""Short answers in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from router.core.hearing import Reading
from router.spoken.tokens import tokens_of
from router.spoken.words.answers import NO, NONE, NOT, NOT_NO, ONE_OR_TWO, PERSON, YES
from router.spoken.words.vocabulary import Phrase

MOST_READINGS = 24
_CLEARER = 2.0
"""How much likelier one answer must be than the other."""


def yes_or_no(readings: Iterable[Reading], language: str) -> bool | None:
    """Whether what was said means yes or no, by all ``readings``; None where it is neither, or may well be either.

    Both languages count, whichever is spoken (``language``), as far as the words do not mean something else in it. One
    and two, the keys for yes and no, count where nothing else was said.
    """
    weights = {True: 0.0, False: 0.0}
    for reading in list(readings)[:MOST_READINGS]:
        answer = _answer(tuple(token.text for token in tokens_of(reading.text)), language)
        if answer is not None and math.isfinite(reading.weight) and reading.weight > 0:
            weights[answer] += reading.weight
    likelier = weights[True] > weights[False]
    clear = weights[likelier] > _CLEARER * weights[not likelier]
    return likelier if clear else None


def wants_person(readings: Iterable[Reading]) -> bool:
    """Whether the caller asks for a person, in either language, by the likeliest of ``readings``."""
    return _any_of(PERSON, readings)


def has_none(readings: Iterable[Reading]) -> bool:
    """Whether the caller says, other than by a no, that there is no number to say, by the likeliest of ``readings``."""
    return _any_of(NONE, readings)


def _any_of(words: frozenset[str], readings: Iterable[Reading]) -> bool:
    likeliest = max(readings, key=lambda each: each.weight, default=None)
    return likeliest is not None and any(token.text in words for token in tokens_of(likeliest.text))


def _answer(words: Phrase, language: str) -> bool | None:
    """The answer of one reading; None for none, and for yes and no at once."""
    if len(words) == 1 and words[0] in ONE_OR_TWO:
        return ONE_OR_TWO[words[0]]
    found: set[bool] = set()
    at = 0
    while at < len(words):
        length, answer = _longest(words[at:], language)
        if answer is not None:
            found.add(answer)
        at += max(length, 1)
    return found.pop() if len(found) == 1 else None


def _longest(words: Sequence[str], language: str) -> tuple[int, bool | None]:
    """The longest phrase that ``words`` begin with, and what it answers; "nicht" turns the yes behind it, and the one
    before it, into a no."""
    yes, no = _length(words, YES, language), _length(words, NO, language)
    if not_no := _length(words, NOT_NO, language):
        return not_no, True
    if yes and words[yes : yes + 1] and words[yes] in NOT:
        return yes + 1, False
    if words[0] in NOT:
        return 1 + _length(words[1:], YES, language), False
    return (no, False) if no > yes else (yes, True) if yes else (no, False if no else None)


def _length(words: Sequence[str], phrases: dict[Phrase, frozenset[str]], language: str) -> int:
    lengths = (n for n in range(1, 5) if len(words) >= n and language in phrases.get(tuple(words[:n]), ()))
    return max(lengths, default=0)
