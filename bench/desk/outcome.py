"""What Asterisk rang, held against what was shown on the pages. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.desk.pages import Shown

WITHIN = 30.0
"""Seconds after which a card counts as missed, however it comes."""


@dataclass(frozen=True, slots=True)
class Rang:
    """Asterisk told at ``at`` (UNIX time) that it rings ``phone`` for ``customer``."""

    phone: str
    customer: str
    at: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Seconds from `Rang` to the page being ``told`` and to the card being ``there``, in any order; how many rings had
    no card (``missed``), and how many cards were on a page whose phone did not ring for that customer (``wrong``)."""

    rang: int
    told: tuple[float, ...]
    there: tuple[float, ...]
    missed: int
    wrong: int


def outcome(rang: Sequence[Rang], shown: Sequence[Shown]) -> Outcome:
    """Hold one against the other. A phone that rings twice for a customer needs a card each time."""
    left = list(shown)
    told, there, missed = [], [], 0
    for ring in sorted(rang, key=lambda each: each.at):
        mine = [each for each in left if _belongs(each, ring) and 0 <= each.there - ring.at <= WITHIN]
        if not mine:
            missed += 1
            continue
        first = min(mine, key=lambda each: each.there)
        left.remove(first)
        told.append(first.told - ring.at)
        there.append(first.there - ring.at)
    pairs = {(ring.phone, ring.customer) for ring in rang}
    wrong = sum((each.agent.phone, each.customer) not in pairs for each in shown)
    return Outcome(len(rang), tuple(told), tuple(there), missed, wrong)


def _belongs(shown: Shown, ring: Rang) -> bool:
    return (shown.agent.phone, shown.customer) == (ring.phone, ring.customer)


def lines(found: Outcome) -> Iterator[str]:
    """The figures, for people."""
    yield f"{found.rang} times a phone rang; {found.missed} without a card, {found.wrong} cards at another agent"
    yield ""
    yield f"{'ms after AgentCalled':<28}{'p50':>8}{'p90':>8}{'p99':>8}{'longest':>9}"
    for name, values in (("the page is told", found.told), ("the card is on the page", found.there)):
        if values:
            marks = (*(_share(values, share) for share in (0.5, 0.9, 0.99)), max(values))
            yield f"{name:<28}" + "".join(f"{mark * 1000:>8.0f}" for mark in marks[:3]) + f"{marks[3] * 1000:>9.0f}"


def _share(values: Sequence[float], share: float) -> float:
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1]
