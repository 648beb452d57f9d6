"""Ranks live references by what was heard alone, as tests of the confusion model want them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log

from router.matching.hearing import Hearings
from router.matching.live import LiveSet
from router.matching.parameters import DEFAULT, Parameters


@dataclass(frozen=True, slots=True)
class Fit:
    """A live reference. ``log_ratio``: how likely the hearings are of it against a number that is not live, as a
    natural logarithm; ``probability``: that it is the caller's, by hearing and the number of live ones alone."""

    reference: str
    log_ratio: float
    probability: float


@dataclass(frozen=True, slots=True)
class Fits:
    """``ranked`` are the live references, the likeliest first; ``none`` is the probability that it is none of them."""

    ranked: tuple[Fit, ...]
    none: float


def fits(hearings: Hearings, references: Iterable[str], live: LiveSet, parameters: Parameters = DEFAULT) -> Fits:
    """How well live ``references`` fit, with nothing known but what was heard. ``live`` says how many there are, found
    or not: the more, the less each is worth."""
    prior = log(parameters.live_said / (1.0 - parameters.live_said)) - log(max(live.count, 1))
    ratios = {each: hearings.log_ratio(each) for each in dict.fromkeys(references)}
    highest = max([0.0, *(prior + each for each in ratios.values())])
    weights = {reference: exp(prior + ratio - highest) for reference, ratio in ratios.items()}
    none = exp(-highest)
    total = none + sum(weights.values())
    ranked = sorted(ratios, key=lambda each: (-ratios[each], each))
    return Fits(tuple(Fit(each, ratios[each], weights[each] / total) for each in ranked), none / total)
