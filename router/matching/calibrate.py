"""Re-estimates the weights of evidence from what agents said, and says whether that helps. Pure and deterministic.

The chance of a candidate is a softmax over all candidates and none of them: ``exp(score) / sum of exp(scores)``, where
the score of a candidate is the sum of its evidence and the score of none is 0. Calibration adds one figure to every
piece of evidence of a kind. `EvidenceKind.TIMING`, which every candidate has, carries the base rate. The figures are
those under which what agents said is likeliest (penalised maximum likelihood, a convex problem solved by Newton's
method): each is pulled towards 0, the table of the code, as if it were known beforehand to be off by a factor of
`OFF_BY` at most two times in three. A handful of outcomes so changes next to nothing.

In use an adjustment may take all weight from a fact but never turns it round (see `router.matching.evidence`). The fit
does not know that, which keeps it convex; all figures of how well weights fit are of weights as they are used.

What an outcome says:

* right: it was the message named. Other, with the message: it was that one.
* Other, without the message: it was any but the one named, in the proportions that the weights in force give them.
* None of those shown: it was none, or one of those too unlikely to be shown (again in proportion). A message that was
  not among the candidates counts here, too: in ranking, what was not found is part of "none of these", and it is that
  chance which keeps the others from being claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.core.match import EvidenceKind
from router.matching.outcomes import Outcome, Verdict
from router.matching.parameters import DEFAULT, Parameters
from router.matching.reliability import Fit, fit_of

OFF_BY: Final = 2.0
"""By which factor a weight of the table is thought to be off, give or take (one standard deviation)."""
FARTHEST: Final = log(20.0)
"""Nothing is moved further, either way: who finds more than a factor of 20 has found a mistake."""
FEWEST: Final = 30
"""Outcomes in which a kind of evidence has to occur before its weight is touched."""
ENOUGH: Final = 200
"""Outcomes that calibration needs."""
FOLDS: Final = 5
"""Parts that outcomes are dealt into by their call; each is measured with weights fitted to the others."""

_STEPS, _HALVINGS, _CLOSE = 100, 40, 1e-10
_PULL = 1.0 / log(OFF_BY) ** 2

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same outcomes under the weights in force and under the new ones."""

    before: Fit
    after: Fit


@dataclass(frozen=True, slots=True)
class Calibration:
    """What calibration found. ``adjustments`` are log odds by kind of evidence, in place of those in force: what is
    too rarely seen keeps what it has. ``seen`` counts the outcomes in which each kind occurs."""

    outcomes: int
    """Used: those with a candidate to be about."""
    without_candidates: int
    """Left out: nobody was found, so there was nothing to weigh."""
    seen: dict[str, int]
    adjustments: dict[str, float]
    fitted: Comparison | None
    """On the outcomes that the new weights were fitted to; None without any."""
    held_out: Comparison | None
    """On outcomes that they were not fitted to."""
    gain: float
    """By how much the log loss falls on outcomes not fitted to, a call; negative: it rises."""
    gain_error: float
    """Standard error of the gain."""
    refusal: str | None
    """Why the new weights should not be used; None: they help."""


def calibrate(
    outcomes: Iterable[Outcome], in_force: Mapping[str, float], parameters: Parameters = DEFAULT
) -> Calibration:
    """Fit adjustments to ``outcomes``, whose evidence is as the table alone weighs it. ``in_force`` are the adjustments
    that count now. The order of outcomes never matters."""
    known = sorted(outcomes, key=lambda each: each.call_id)
    used = [each for each in known if each.candidates]
    seen = _seen(used)
    if not used:
        return Calibration(0, len(known), {}, {}, None, None, 0.0, 0.0, "there are no outcomes to learn from")
    table = _Table(used, tuple(sorted(seen)))
    before = table.chances(in_force)
    learnt = table.fitted(before, in_force, np.ones(len(used), bool))
    adjustments = {**in_force, **learnt}
    held_out = _held_out(table, before, in_force, [_fold(each.call_id) for each in used])
    gains = table.losses(before) - table.losses(held_out)
    gain = float(gains.mean())
    error = float(gains.std(ddof=1) / sqrt(len(used))) if len(used) > 1 else 0.0
    after, truths = table.chances(adjustments), table.by_outcome(table.targets(before))

    def fit(chances: Floats) -> Fit:
        return fit_of(used, table.by_outcome(chances), truths, table.losses(chances).tolist(), parameters)

    return Calibration(
        outcomes=len(used),
        without_candidates=len(known) - len(used),
        seen=seen,
        adjustments=adjustments,
        fitted=Comparison(fit(before), fit(after)),
        held_out=Comparison(fit(before), fit(held_out)),
        gain=gain,
        gain_error=error,
        refusal=_refusal(len(used), gain, error, learnt),
    )


def _refusal(used: int, gain: float, error: float, learnt: Mapping[str, float]) -> str | None:
    if used < ENOUGH:
        return f"{used} outcomes are too few: at least {ENOUGH} are needed"
    if not learnt:
        return f"no kind of evidence occurs in {FEWEST} outcomes or more, so nothing changes"
    if gain <= error:
        return (
            "on calls they were not fitted to, the new weights are no better than those in force "
            f"(log loss falls by {gain:.4f} a call, give or take {error:.4f})"
        )
    return None


def _seen(outcomes: Sequence[Outcome]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        for kind in frozenset().union(*(each.kinds for each in outcome.candidates)):
            counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))


def _fold(call_id: str) -> int:
    return blake2b(call_id.encode(), digest_size=8).digest()[0] % FOLDS


def _held_out(table: _Table, before: Floats, in_force: Mapping[str, float], folds: Sequence[int]) -> Floats:
    """The chances of each outcome under weights fitted to the folds that it is not in."""
    places = np.asarray(folds)
    chances = before.copy()
    for fold in sorted(set(folds)):
        here = places == fold
        chances[here] = table.chances({**in_force, **table.fitted(before, in_force, ~here)})[here]
    return chances


class _Table:
    """Outcomes as arrays. Each has a row of alternatives: none, all that were not told, and the candidates."""

    def __init__(self, outcomes: Sequence[Outcome], kinds: tuple[str, ...]) -> None:
        self._kinds = kinds
        self._sizes = [len(each.candidates) for each in outcomes]
        rows, width = len(outcomes), 2 + max(self._sizes)
        place = {kind: n for n, kind in enumerate(self._kinds)}
        self._base = np.full((rows, width), -np.inf)
        self._weights = np.zeros((rows, width, len(self._kinds)))
        self._said = np.zeros((rows, width), bool)
        for row, outcome in enumerate(outcomes):
            self._base[row, 0] = outcome.none
            if (rest := outcome.rest) is not None:
                self._base[row, 1] = rest
            for column, candidate in enumerate(outcome.candidates, 2):
                self._base[row, column] = 0.0
                for fact in candidate.facts:
                    self._weights[row, column, place[fact.kind]] += fact.log_odds
            self._said[row, : 2 + len(outcome.candidates)] = _said(outcome)
        self._said &= np.isfinite(self._base)
        self._counts = (self._weights != 0.0).astype(float)
        self._one_sided = np.array([kind != EvidenceKind.TIMING for kind in self._kinds])

    def chances(self, adjustments: Mapping[str, float]) -> Floats:
        """The chance of each alternative with weights as they are used; in each row they make 1."""
        return _softmax(self._base + self._used(adjustments).sum(axis=2))

    def _used(self, adjustments: Mapping[str, float]) -> Floats:
        by = np.array([adjustments.get(kind, 0.0) for kind in self._kinds])
        weights = self._weights + self._counts * by
        kept = np.where(weights * self._weights > 0.0, weights, 0.0)
        used: Floats = np.where(self._one_sided, kept, weights)
        return used

    def by_outcome(self, values: Floats) -> list[tuple[float, ...]]:
        """The values of the candidates alone, for each outcome."""
        return [tuple(map(float, row[2 : 2 + size])) for row, size in zip(values, self._sizes, strict=True)]

    def targets(self, chances: Floats) -> Floats:
        """What was said, spread over all that it may mean as ``chances`` have it."""
        may_be = np.where(self._said, np.maximum(chances, np.finfo(float).tiny), 0.0)
        shares: Floats = may_be / may_be.sum(axis=1, keepdims=True)
        return shares

    def losses(self, chances: Floats) -> Floats:
        """The log loss of each outcome: minus the logarithm of the chance that what was said had."""
        told = np.where(self._said, chances, 0.0).sum(axis=1)
        losses: Floats = -np.log(np.maximum(told, np.finfo(float).tiny))
        return losses

    def fitted(self, before: Floats, in_force: Mapping[str, float], rows: NDArray[np.bool_]) -> dict[str, float]:
        """The likeliest adjustments for ``rows`` of the table, beside what is ``in_force`` of kinds rarely seen."""
        often = (self._counts[rows].any(axis=1)).sum(axis=0) >= FEWEST
        if not often.any():
            return {}
        base = self._base + np.where(often, self._weights, self._used(in_force)).sum(axis=2)
        problem = _Problem(base[rows], self._counts[rows][:, :, often], self.targets(before)[rows])
        kinds = [kind for kind, touched in zip(self._kinds, often, strict=True) if touched]
        return dict(zip(kinds, map(float, problem.solved()), strict=True))


def _said(outcome: Outcome) -> list[bool]:
    """Which alternatives the outcome may mean: none, what was not told, and each candidate."""
    ids = [each.message_id for each in outcome.candidates]
    if outcome.message_id in ids:
        return [False, False, *(each == outcome.message_id for each in ids)]
    if outcome.verdict is Verdict.OTHER and outcome.message_id is None and outcome.named_id is not None:
        return [True, True, *(each != outcome.named_id for each in ids)]
    return [True, True, *(False for _ in ids)]


class _Problem:
    """Penalised maximum likelihood for weights that are added to counts of evidence."""

    def __init__(self, base: Floats, counts: Floats, targets: Floats) -> None:
        self._base, self._counts, self._targets = base, counts, targets
        self._wanted = np.einsum("ra,rak->k", targets, counts)

    def solved(self) -> Floats:
        """Newton's method within the bounds: what has run into a bound and pushes against it stays out of a step."""
        weights = np.zeros(self._counts.shape[2])
        value = self._value(weights)
        for _ in range(_STEPS):
            slope, curvature = self._slopes(weights)
            stuck = ((weights >= FARTHEST) & (slope > 0)) | ((weights <= -FARTHEST) & (slope < 0))
            free = ~stuck
            if not free.any():
                break
            step = np.zeros_like(weights)
            step[free] = np.linalg.solve(curvature[np.ix_(free, free)], slope[free])
            for halving in range(_HALVINGS):
                tried = np.clip(weights + step * 0.5**halving, -FARTHEST, FARTHEST)
                if (found := self._value(tried)) >= value:
                    break
            else:
                break
            moved = float(np.abs(tried - weights).max())
            weights, value = tried, found
            if moved < _CLOSE:
                break
        return weights

    def _value(self, weights: Floats) -> float:
        scores = self._base + self._counts @ weights
        highest = scores.max(axis=1)
        total = highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1))
        told = np.where(self._targets > 0, scores, 0.0)
        return float((self._targets * told).sum() - total.sum() - 0.5 * _PULL * (weights @ weights))

    def _slopes(self, weights: Floats) -> tuple[Floats, Floats]:
        """Gradient and negative Hessian of the penalised log likelihood."""
        chances = _softmax(self._base + self._counts @ weights)
        expected = np.einsum("ra,rak->rk", chances, self._counts)
        slope = self._wanted - expected.sum(axis=0) - _PULL * weights
        flat = self._counts.reshape(-1, self._counts.shape[2])
        curvature = (flat * chances.reshape(-1, 1)).T @ flat - expected.T @ expected
        return slope, curvature + _PULL * np.eye(len(weights))


def _softmax(scores: Floats) -> Floats:
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares
