"""How often a match was wrong, as far as agents said so: by decision, by assurance, by kind of evidence. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from router.matching.disclosure import Policy, visible
from router.matching.outcomes import Outcome, Verdict
from router.matching.reliability import Bin, calibration_error, reliability, wilson


@dataclass(frozen=True, slots=True)
class Judged:
    """A call that an agent talked to, with its match. ``outcome.verdict`` counts only with ``said``; without, the
    agent said nothing."""

    outcome: Outcome
    said: bool


@dataclass(frozen=True, slots=True)
class Count:
    """Calls of one group. ``right`` and ``wrong`` are those where a message was named; where the match named none,
    there is nothing to be wrong about, so that ``judged`` may be more than the two together."""

    judged: int
    right: int
    wrong: int
    not_judged: int

    @property
    def wrong_rate(self) -> float | None:
        """Wrong ones of those named and judged, 0 to 1; None without any."""
        named = self.right + self.wrong
        return self.wrong / named if named else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of that rate."""
        return wilson(self.wrong, self.right + self.wrong)


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures of a period. ``wrong_disclosures`` are calls where a message was opened to the agent that was not the
    one; ``calibration_error`` is the expected one of the curve."""

    total: Count
    by_decision: dict[str, Count]
    by_assurance: dict[str, Count]
    by_evidence: dict[str, Count]
    curve: tuple[Bin, ...]
    calibration_error: float
    wrong_disclosures: int


def measured(calls: Iterable[Judged], policy: Policy) -> Quality:
    """The figures of these calls; ``policy`` says what was opened to agents."""
    known = list(calls)
    curve = reliability(_pairs(each.outcome for each in known if each.said))
    return Quality(
        total=_count(known),
        by_decision=_grouped(known, lambda each: (each.decision.value,)),
        by_assurance=_grouped(known, lambda each: (each.assurance.name,)),
        by_evidence=_grouped(known, _kinds_named),
        curve=curve,
        calibration_error=calibration_error(curve),
        wrong_disclosures=sum(each.said and _wrong(each.outcome) and _opened(each.outcome, policy) for each in known),
    )


def _grouped(calls: list[Judged], groups_of: Callable[[Outcome], Iterable[str]]) -> dict[str, Count]:
    groups: dict[str, list[Judged]] = {}
    for call in calls:
        for group in groups_of(call.outcome):
            groups.setdefault(group, []).append(call)
    return {group: _count(groups[group]) for group in sorted(groups)}


def _count(calls: list[Judged]) -> Count:
    judged = [each.outcome for each in calls if each.said]
    right = sum(each.verdict is Verdict.RIGHT for each in judged)
    return Count(len(judged), right, sum(map(_wrong, judged)), len(calls) - len(judged))


def _wrong(outcome: Outcome) -> bool:
    return outcome.named_id is not None and outcome.verdict is not Verdict.RIGHT


def _opened(outcome: Outcome, policy: Policy) -> bool:
    return outcome.named_id is not None and visible(outcome.assurance, outcome.decision, policy).opened


def _kinds_named(outcome: Outcome) -> Iterable[str]:
    return outcome.named.kinds if outcome.named else ()


def _pairs(outcomes: Iterable[Outcome]) -> Iterable[tuple[float, float]]:
    """The chance of the likeliest message, and whether the call was about it."""
    for outcome in outcomes:
        if outcome.candidates:
            first = outcome.candidates[0]
            yield first.probability, float(first.message_id == outcome.message_id)
