"""What to do with a number that was heard: take it, read it back, ask for a part of it, or for all of it again.

Reading a live reference to somebody who said another number tells them that it is one, and lets whoever says yes to
everything pass for a customer. To be taken without asking, a reference has to fit so well that few strangers' numbers
come to such a one: over all numbers that strangers say, the likelihood ratio of a live reference is 1 on average, so at
most a share of 1/x of them finds one of N live references with a ratio of N·x (Markov's inequality). To be read back it
has to fit as well as few of them did when that was measured (`Parameters.read_back_odds`), and nothing further is read
back once the caller has said no twice. What the caller has said just so may always be: it gives nothing away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from router.core.hearing import Part, Understood, Verdict
from router.matching.hearing import Hearings
from router.matching.live import LiveSet
from router.matching.parameters import Parameters

SHORTEST_PART, LONGEST_PART = 3, 4
"""Characters of a part that is asked for."""
_FEW = 1000
"""Live references; with more, a stranger's number is nearer to one of them."""
MOST_IN_DOUBT = 8
"""Numbers that may be told apart by asking for a part."""


@dataclass(frozen=True, slots=True)
class Chance:
    """A live reference and the ``probability`` that it is the caller's, by all that is known. ``known``: something
    beside what was heard ties the call to it, so that it is no stranger who hears it read back."""

    reference: str
    probability: float
    known: bool = False


def understand(
    hearings: Hearings, chances: Iterable[Chance], none: float, live: LiveSet, parameters: Parameters
) -> Understood:
    """The verdict. ``none`` is the probability that the caller's number is not live; ``chances`` are those of live
    references that fit what was heard, in any order."""
    if hearings.confirmed is not None:
        return Understood(Verdict.ACCEPT, hearings.confirmed)
    left = [each for each in chances if each.reference not in hearings.refused]
    left.sort(key=lambda each: (-each.probability, each.reference))
    best = left[0] if left else None
    may_be_read = best is not None and _may_be_read(best, hearings, none, live, parameters)
    if best and may_be_read and _overwhelming(best, none, parameters):
        return Understood(Verdict.ACCEPT, best.reference)
    if best and may_be_read and best.probability >= parameters.read_back:
        return Understood(Verdict.CONFIRM, best.reference)
    if part := _part_in_doubt(hearings, left, none, parameters):
        return Understood(Verdict.PART, best.reference if best and may_be_read else "", part)
    least = parameters.read_back_known if best and best.known else parameters.read_back_least
    if best and may_be_read and best.probability >= least:
        return Understood(Verdict.CONFIRM, best.reference)
    if (said := _said_clearly(hearings, none, live, parameters)) is not None:
        return Understood(Verdict.CONFIRM, said)
    return Understood(Verdict.AGAIN)


def _overwhelming(best: Chance, none: float, parameters: Parameters) -> bool:
    """Whether nobody needs to be asked: neither another live number nor a stranger's is likely enough to mention."""
    if best.probability < parameters.accept:
        return False
    prior = parameters.live_said / (1.0 - parameters.live_said)
    return best.known or best.probability * parameters.strangers_taken >= none * prior


def _may_be_read(best: Chance, hearings: Hearings, none: float, live: LiveSet, parameters: Parameters) -> bool:
    if best.known or best.reference in hearings.heard[:1]:
        return True
    if len(hearings.refused) >= parameters.refusals:
        return False
    more: float = max(live.count / _FEW, 1.0) ** 0.25
    return best.probability >= none * parameters.read_back_odds * more


def _said_clearly(hearings: Hearings, none: float, live: LiveSet, parameters: Parameters) -> str | None:
    """The number that is not live and was said clearly: read back all the same, so that the agent's card can show it
    and the caller need not say it again. One of a length that no number has lacks something."""
    if none < parameters.not_live or not hearings.said:
        return None
    number, chance = hearings.said[0]
    usual = live.shape.has_length(len(number)) or len(number) in live.codes
    return number if chance >= parameters.said_clearly and (usual or not live.count) else None


def _part_in_doubt(hearings: Hearings, left: Sequence[Chance], none: float, parameters: Parameters) -> Part | None:
    """The end of the number in which all differ that it is likely to be; None where they differ elsewhere, too."""
    pool: dict[str, float] = {each.reference: each.probability for each in left}
    for number, chance in hearings.said:
        pool[number] = pool.get(number, 0.0) + none * chance
    numbers: list[str] = []
    covered = 0.0
    for number in sorted(pool, key=lambda each: (-pool[each], each)):
        numbers.append(number)
        covered += pool[number]
        if covered >= parameters.in_part:
            break
    length = len(numbers[0]) if numbers else 0
    if not 1 < len(numbers) <= MOST_IN_DOUBT or covered < parameters.in_part:
        return None
    if any(len(each) != length for each in numbers):
        return None
    last = length - _alike(numbers)
    first = length - _alike([each[::-1] for each in numbers])
    parts = [Part("last", max(last, SHORTEST_PART)), Part("first", max(first, SHORTEST_PART))]
    if first < last:
        parts.reverse()
    asked = {each.end for each in hearings.parts}
    fitting = (each for each in parts if each.characters <= min(LONGEST_PART, length // 2) and each.end not in asked)
    return next(fitting, None)


def _alike(numbers: Collection[str]) -> int:
    """Characters that all begin with."""
    return next((place for place, each in enumerate(zip(*numbers, strict=False)) if len(set(each)) > 1), 0)
