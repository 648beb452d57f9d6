"""Where callers correct or repeat themselves, and recognisers go round in circles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from router.spoken.tokens import Token
from router.spoken.words.vocabulary import Phrase, Vocabulary

MOST_PARTS = 4
"""Parts that what is said is taken to have; further corrections are passed over."""
_WHOLE = 4
"""Characters from which on what is repeated is taken to be all of the number."""
_LONGEST_PHRASE = 6
_MADE_UP = 10
"""Equal words at the end that are a recogniser's own."""
_LOOP_UNIT, _LOOP_TIMES = 4, 3
"""A recogniser that goes round says up to so many words at least so many times."""


class Link(Enum):
    """How a part goes with what was said before it."""

    FIRST = "first"
    CORRECTS = "corrects"
    REPEATS = "repeats"


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens without a correction in them. ``digit`` is what the word before them may have been instead of a
    correction: "nein" sounds like "neun"."""

    link: Link
    tokens: Sequence[Token]
    digit: str = ""


def parts_of(tokens: Sequence[Token], words: Vocabulary) -> list[Part]:
    """The tokens parted where the caller corrects or repeats something."""
    parts: list[Part] = []
    link, digit, start, at = Link.FIRST, "", 0, 0
    while at < len(tokens):
        corrected, repeated = _longest(tokens, at, words.corrections), _longest(tokens, at, words.repetitions)
        if max(corrected, repeated) and len(parts) < MOST_PARTS - 1:
            parts.append(Part(link, tokens[start:at], digit))
            link = Link.CORRECTS if corrected >= repeated else Link.REPEATS
            digit = words.sounding.get(tokens[at].text, ("",))[0] if corrected == 1 else ""
            at += max(corrected, repeated)
            start = at
        else:
            at += 1
    return [*parts, Part(link, tokens[start:], digit)]


def joined(before: Mapping[str, float], after: Mapping[str, float], part: Part) -> Mapping[str, float]:
    """What the two may be together. A correction replaces as many characters as it has, or fewer and goes on, or all;
    it may also be none, or a digit that sounds like one. What is repeated in full counts once."""
    found: dict[str, float] = defaultdict(float)
    for first, first_weight in before.items():
        for second, second_weight in after.items():
            ways = _together(first, second, part)
            total = sum(share for _, share in ways)
            for number, share in ways:
                found[number] += first_weight * second_weight * share / total
    return found


def goes_round(tokens: Sequence[Token]) -> bool:
    """Whether the end is a circle that nobody says, whatever length a number has."""
    texts = [token.text for token in tokens]
    return len(texts) > _MADE_UP and len(set(texts[-_MADE_UP:])) == 1


def without_loop(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens with the circle at their end, or in which they go as a whole, gone through once; none where there is
    no circle."""
    texts = [token.text for token in tokens]
    for length in range(_WHOLE, len(texts) // 2 + 1):
        if texts[length:] == texts[:-length]:
            return tokens[:length]
    for length in range(1, _LOOP_UNIT + 1):
        unit = texts[-length:]
        times = 1
        while len(texts) >= (times + 1) * length and texts[-(times + 1) * length : len(texts) - times * length] == unit:
            times += 1
        if times >= _LOOP_TIMES:
            return tokens[: len(tokens) - (times - 1) * length]
    return ()


def _longest(tokens: Sequence[Token], at: int, phrases: frozenset[Phrase]) -> int:
    words = tuple(token.text for token in tokens[at : at + _LONGEST_PHRASE])
    return max((n for n in range(1, len(words) + 1) if words[:n] in phrases), default=0)


def _together(first: str, second: str, part: Part) -> list[tuple[str, float]]:
    """The ways to take both, with their shares."""
    if first and part.digit and not second:
        return [(first, 0.7), (first + part.digit, 0.3)]
    if not first or not second or part.link is Link.FIRST:
        return [(first + second, 1.0)]
    if part.link is Link.REPEATS:
        if len(second) < _WHOLE:
            return [(first + second, 0.7), (first, 0.15), (second, 0.15)]
        return [(second, 1.0)] if first == second else [(first, 0.45), (second, 0.45), (first + second, 0.1)]
    # in this order: all that is said again, one character and then on, or a group and then on
    shares = {len(second): 0.4, 1: 0.2, 2: 0.05, 3: 0.1}
    replaced = [(first[:-n] + second, share) for n, share in shares.items() if n < len(first) and n <= len(second)]
    digit = [(first + part.digit + second, 0.2)] if part.digit else []
    return [*replaced, *digit, (second, 0.2 if len(second) < len(first) else 0.6), (first + second, 0.05)]
