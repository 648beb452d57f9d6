"""From words to the characters of a number, by what is said in German and English.

What is said is read from left to right. At each place there are one or more ways to go on (`router.spoken.ways`); the
numbers at the end are weighed by all that led to them. Corrections and repetitions part what is said, and what each
part may be is put together (`router.spoken.corrections`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from router.core.hearing import Expected, Listening, Reading
from router.spoken.corrections import goes_round, joined, parts_of, without_loop
from router.spoken.pieces import in_pieces
from router.spoken.tokens import MOST_TEXT, Token, tokens_of
from router.spoken.ways import Ways
from router.spoken.words import vocabulary
from router.spoken.words.vocabulary import Vocabulary

MOST = 12
"""Numbers that come out at most."""
MOST_READINGS = 24
"""Readings looked at, likeliest first as they come."""
MOST_CHARACTERS = 2000
"""Characters looked at in all readings together: they take time in which no other call is answered."""
_KEPT = 32
"""Numbers kept at each place on the way: the likeliest."""
OFF_BY = 2
"""Characters that a number may be too short or too long."""
_NEAR_MISS = 0.25
_MADE_UP = 0.25
"""The share that is left to a number where the recogniser goes round in circles."""
_HARDLY = 0.002
"""Numbers with less than this share of the likeliest one's weight are left out."""

Weights = Mapping[str, float]


def numbers(readings: Iterable[Reading], language: str, listening: Listening) -> tuple[Reading, ...]:
    """The numbers that ``readings`` may mean, likeliest first, in capitals and digits, at most `MOST`; none where there
    is none.

    ``language`` is the one spoken (``de``, ``en``). Letters count with `Expected.CHARACTERS` only, else they are
    passed over. What can be taken in several ways gives several numbers, which share the weight of their reading.

    A number of ``listening.shortest`` to ``listening.longest`` characters keeps its weight. One that is one character
    shorter or longer keeps a quarter, two characters a sixteenth, since the recogniser may have lost or doubled some;
    all others are left out. So the weights may add up to less than those given, and never to more.
    """
    words, letters = vocabulary(language), listening.expected is Expected.CHARACTERS
    found: dict[str, float] = defaultdict(float)
    left = MOST_CHARACTERS
    for reading in list(readings)[:MOST_READINGS]:
        weight = min(max(reading.weight, 0.0), 1.0) if math.isfinite(reading.weight) else 0.0
        tokens = in_pieces(tokens_of(reading.text), words)
        for number, share in _meant(tokens, words, letters, listening).items():
            found[number] += weight * share
        left -= min(len(reading.text), MOST_TEXT)
        if left <= 0:
            break
    ranked = sorted(found.items(), key=lambda each: -each[1])[:MOST]
    return tuple(Reading(number, weight) for number, weight in ranked if weight > ranked[0][1] * _HARDLY)


def _meant(tokens: Sequence[Token], words: Vocabulary, letters: bool, listening: Listening) -> Weights:
    """The numbers that one text may mean, with their shares; these add up to at most 1."""
    found = _of_length(_said(tokens, words, letters), listening)
    made_up, too_long = goes_round(tokens), all(len(number) > listening.longest for number in found)
    if not (made_up or too_long):
        return found
    shorter = _of_length(_said(without_loop(tokens), words, letters), listening)
    if not made_up:
        return shorter or found
    shares = ((found, _MADE_UP), (shorter, 1 - _MADE_UP))
    return {number: share * weight for numbers, share in shares for number, weight in numbers.items()}


def _said(tokens: Sequence[Token], words: Vocabulary, letters: bool) -> Weights:
    parts = parts_of(tokens, words)
    found: Weights = {"": 1.0}
    for part in parts:
        found = _likeliest(joined(found, _read(part.tokens, words, letters), part))
    return found


def _read(tokens: Sequence[Token], words: Vocabulary, letters: bool) -> Weights:
    """All that the tokens may be, and how likely, in sum 1."""
    ways = Ways(tokens, words, letters)
    reached: list[dict[str, float]] = [defaultdict(float) for _ in range(len(tokens) + 1)]
    reached[0][""] = 1.0
    for at in range(len(tokens)):
        if not reached[at]:
            continue
        onward = ways.at(at)
        for before, weight in _likeliest(reached[at]).items():
            for way in onward:
                reached[way.end][before + way.characters] += weight * way.odds
    found = _likeliest(reached[-1])
    total = sum(found.values())
    return {number: weight / total for number, weight in found.items()}


def _likeliest(found: Mapping[str, float]) -> Weights:
    return dict(sorted(found.items(), key=lambda each: -each[1])[:_KEPT])


def _of_length(found: Weights, listening: Listening) -> Weights:
    kept: dict[str, float] = {}
    for number, weight in found.items():
        off = max(listening.shortest - len(number), len(number) - listening.longest, 0)
        if number and off <= OFF_BY:
            kept[number] = weight * _NEAR_MISS**off
    return kept
