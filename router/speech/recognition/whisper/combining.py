"""From what Whisper's searches found to readings with weights: all that can be tuned about it is here."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from router.core.hearing import Listening, Reading

SHARES = {"digits": 0.5, "pairs": 0.2, "free": 0.25}
"""How much each search counts among those that found something; what is missing to 1 stands for something else."""
TEMPERATURE = 1.0
"""Above 1 the hypotheses of a search come closer to each other: Whisper is surer of itself than it is right."""
MOST = 12
"""Readings of one hearing."""
_SHORT = 0.5
"""Of the shortest number: with fewer digits a hypothesis of a search held to digits has stopped early."""
_PAIR = re.compile(r"[0-9]{2}|und|zig|ßig|ssig|zehn|elf|zwölf|zwoelf")
_ONLY_SOUND = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪|[♪♫]")
"""What Whisper writes of music and noises."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A text that a search found, with the natural logarithm of its probability in that search."""

    text: str = field(repr=False)
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """What one search (`SHARES`) found, the best first."""

    search: str
    hypotheses: tuple[Hypothesis, ...]


def combined(found: Iterable[Found], listening: Listening) -> tuple[Reading, ...]:
    """The readings, likeliest first. Within a search a hypothesis weighs as its probability among them; the searches
    are mixed by their shares, and the same text of several adds up."""
    usable = [(each.search, kept) for each in found if (kept := _usable(each, listening))]
    whole = sum(SHARES[search] for search, _ in usable)
    weights: defaultdict[str, float] = defaultdict(float)
    for search, hypotheses in usable:
        share = SHARES[search] / whole * sum(SHARES.values())
        for hypothesis, probability in zip(hypotheses, _probabilities(hypotheses), strict=True):
            weights[hypothesis.text] += share * probability
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    return tuple(Reading(text, weight) for text, weight in ranked)


def in_pairs(free: Found, digits: Found, listening: Listening) -> bool:
    """Whether the number may be said in pairs ("achtundvierzig"): the free text has larger numbers in it, or a search
    held to single digits finds none of the right length."""
    if any(_PAIR.search(each.text.lower()) for each in free.hypotheses):
        return True
    lengths = [len(_digits(each.text)) for each in digits.hypotheses[:1]]
    return not any(listening.shortest <= length <= listening.longest for length in lengths)


def spoken(text: str) -> str:
    """What of a free text is speech: empty where there are only names of sounds and marks."""
    said = " ".join(_ONLY_SOUND.sub(" ", text).split())
    return said if any(character.isalnum() for character in said) else ""


def _usable(found: Found, listening: Listening) -> list[Hypothesis]:
    texts = ((spoken(each.text), each.score) for each in found.hypotheses)
    kept = [Hypothesis(text, score) for text, score in texts if text]
    if found.search == "free":
        return kept
    least = max(1.0, listening.shortest * _SHORT)
    return [each for each in kept if len(_digits(each.text)) >= least]


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _probabilities(hypotheses: Sequence[Hypothesis]) -> list[float]:
    best = max(each.score for each in hypotheses)
    odds = [math.exp((each.score - best) / TEMPERATURE) for each in hypotheses]
    return [each / sum(odds) for each in odds]
