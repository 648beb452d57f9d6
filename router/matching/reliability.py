"""How well chances fit what happened: log loss, Brier score, reliability curve, and how often a decision is right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from router.core.match import Decision
from router.matching.outcomes import Outcome
from router.matching.parameters import Parameters
from router.matching.rank import SETTLING

EDGES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
"""Of the bins of a reliability curve; finer where it is decided who is named."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Calls whose likeliest message had a chance from ``low`` to below ``high``: the chance on average, and the share
    that was about it. Without calls both are None."""

    low: float
    high: float
    calls: int
    predicted: float | None
    measured: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """How many of ``calls`` were right."""

    calls: int
    right: float

    @property
    def share(self) -> float | None:
        """None without calls."""
        return self.right / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Fit:
    """How well chances fit outcomes. ``log_loss`` and ``brier`` are averages a call, smaller is better; the Brier score
    is the squared error of the likeliest candidate's chance."""

    log_loss: float
    brier: float
    calibration_error: float
    curve: tuple[Bin, ...]
    sure: Share
    likely: Share


def fit_of(
    outcomes: Sequence[Outcome],
    chances: Sequence[Sequence[float]],
    truths: Sequence[Sequence[float]],
    losses: Sequence[float],
    parameters: Parameters,
) -> Fit:
    """The fit of ``chances`` of each outcome's candidates to what was so (1 or 0, between where it is not known);
    ``losses`` are the log losses."""
    firsts: list[tuple[float, float]] = []
    decided: dict[Decision, list[float]] = {Decision.SURE: [], Decision.LIKELY: []}
    for outcome, predicted, truth in zip(outcomes, chances, truths, strict=True):
        first = max(range(len(predicted)), key=lambda n: predicted[n])
        firsts.append((predicted[first], truth[first]))
        decision = _decision(outcome, predicted, first, parameters)
        if decision in decided:
            decided[decision].append(truth[first])
    curve = reliability(firsts)
    return Fit(
        log_loss=sum(losses) / len(losses),
        brier=sum((chance - truth) ** 2 for chance, truth in firsts) / len(firsts),
        calibration_error=calibration_error(curve),
        curve=curve,
        sure=Share(len(decided[Decision.SURE]), sum(decided[Decision.SURE])),
        likely=Share(len(decided[Decision.LIKELY]), sum(decided[Decision.LIKELY])),
    )


def reliability(pairs: Iterable[tuple[float, float]]) -> tuple[Bin, ...]:
    """The curve of ``(chance, truth)``: what was said, against how often it was so."""
    bins: list[list[tuple[float, float]]] = [[] for _ in EDGES[1:]]
    for chance, truth in pairs:
        place = next((n for n, high in enumerate(EDGES[1:]) if chance < high), len(bins) - 1)
        bins[place].append((chance, truth))
    return tuple(
        Bin(low, high, len(inside), _mean(chance for chance, _ in inside), _mean(truth for _, truth in inside))
        for low, high, inside in zip(EDGES[:-1], EDGES[1:], bins, strict=True)
    )


def calibration_error(curve: Iterable[Bin]) -> float:
    """The expected calibration error: how far chance and share are apart, on average over calls. 0 without calls."""
    filled = [each for each in curve if each.predicted is not None and each.measured is not None]
    calls = sum(each.calls for each in filled)
    apart = sum(each.calls * abs((each.predicted or 0.0) - (each.measured or 0.0)) for each in filled)
    return apart / calls if calls else 0.0


def wilson(wrong: int, calls: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share counted as ``wrong`` of ``calls`` (E. B. Wilson, JASA 1927): narrow only where there
    are calls enough, and never beyond 0 to 1. Without calls it is all of it."""
    if calls == 0:
        return 0.0, 1.0
    share, square = wrong / calls, z * z
    middle = (share + square / (2 * calls)) / (1 + square / calls)
    half = z / (1 + square / calls) * sqrt(share * (1 - share) / calls + square / (4 * calls * calls))
    low = 0.0 if wrong == 0 else max(0.0, middle - half)
    return low, 1.0 if wrong == calls else min(1.0, middle + half)


def _decision(outcome: Outcome, chances: Sequence[float], first: int, parameters: Parameters) -> Decision:
    """What `rank` would decide with these chances, as far as an outcome tells."""
    best = chances[first]
    second = max((each for place, each in enumerate(chances) if place != first), default=0.0)
    if best < parameters.likely or best < parameters.lead * second:
        return Decision.UNCLEAR
    settled = any(fact.kind in SETTLING and fact.log_odds > 0 for fact in outcome.candidates[first].facts)
    return Decision.SURE if best >= parameters.sure and settled else Decision.LIKELY


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None
