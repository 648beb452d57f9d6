"""Counts what methods made of calls whose truth is known, and how well probabilities hold what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

from bench.match.outcome import Belief, Outcome
from bench.match.traffic import Call
from router.core.match import Decision

BINS = 15
SMALLEST = 1e-6
"""A probability below counts as this in the log loss, so that one miss does not decide it all."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A call, its evidence mix, whether anybody could tie it, and what a method made of it. ``stranger``: the message
    named is not to the caller nor to anybody of the caller's household."""

    call: Call
    mix: str
    tieable: bool
    outcome: Outcome
    stranger: bool

    @property
    def truth(self) -> str | None:
        """The message that the call is about."""
        return self.call.message.message_id if self.call.message else None

    @property
    def right(self) -> bool:
        return self.outcome.named is not None and self.outcome.named == self.truth

    @property
    def wrong(self) -> bool:
        return self.outcome.named is not None and self.outcome.named != self.truth

    @property
    def disclosed(self) -> bool:
        """Whether a message was opened of whose customer the caller is neither, nor of the household."""
        return self.outcome.opened and self.stranger

    @property
    def title_disclosed(self) -> bool:
        return self.outcome.title_said and self.stranger


@dataclass(slots=True)
class Tally:
    """What came of some calls with one method."""

    calls: int = 0
    about: int = 0
    right: int = 0
    wrong: int = 0
    questions: int = 0
    keys: int = 0
    tieable: int = 0
    right_tieable: int = 0
    sure: int = 0
    sure_right: int = 0
    likely: int = 0
    likely_right: int = 0
    disclosed: int = 0
    titles: int = 0
    asked: dict[str, int] = field(default_factory=dict)

    @property
    def abstained(self) -> int:
        return self.calls - self.right - self.wrong

    def add(self, scored: Scored) -> None:
        """Count one more call."""
        outcome = scored.outcome
        self.calls += 1
        self.about += scored.truth is not None
        self.right += scored.right
        self.wrong += scored.wrong
        self.questions += outcome.questions
        self.keys += outcome.keys
        self.tieable += scored.tieable
        self.right_tieable += scored.tieable and scored.right
        self.sure += outcome.decision is Decision.SURE
        self.sure_right += outcome.decision is Decision.SURE and scored.right
        self.likely += outcome.decision is Decision.LIKELY
        self.likely_right += outcome.decision is Decision.LIKELY and scored.right
        self.disclosed += scored.disclosed
        self.titles += scored.title_disclosed
        for kind in outcome.asked:
            self.asked[kind] = self.asked.get(kind, 0) + 1


def tally(scored: Iterable[Scored]) -> Tally:
    """The sum over calls."""
    total = Tally()
    for each in scored:
        total.add(each)
    return total


@dataclass(frozen=True, slots=True)
class Bin:
    """Claims of about the same probability: how many, what they claimed and what was true, on average."""

    count: int
    claimed: float
    true: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well probabilities hold. ``error`` is the expected calibration error over `BINS` bins of equal width."""

    error: float
    log_loss: float
    bins: tuple[Bin, ...]
    claims: int


Claim = tuple[float, bool]


def calibration(claims: Sequence[Claim]) -> Calibration:
    """Of claims: a probability, and whether it came true."""
    sorted_in: list[list[Claim]] = [[] for _ in range(BINS)]
    for claim in claims:
        sorted_in[min(int(claim[0] * BINS), BINS - 1)].append(claim)
    bins = [
        Bin(len(some), sum(p for p, _ in some) / len(some), sum(true for _, true in some) / len(some))
        for some in sorted_in
        if some
    ]
    count = max(len(claims), 1)
    error = sum(each.count * abs(each.claimed - each.true) for each in bins) / count
    loss = -sum(log(max(p if true else 1 - p, SMALLEST)) for p, true in claims) / count
    return Calibration(error, loss, tuple(bins), len(claims))


def top_claims(scored: Iterable[Scored], when: Callable[[Outcome], Belief | None]) -> Iterator[Claim]:
    """That the call is about the likeliest message, of every call; of one without candidates that claim is 0."""
    for each in scored:
        if (held := when(each.outcome)) is not None:
            yield held.top, held.first is not None and held.first == each.truth


def told_claims(scored: Iterable[Scored], when: Callable[[Outcome], Belief | None]) -> Iterator[Claim]:
    """The same of the calls only that had a candidate."""
    for each in scored:
        held = when(each.outcome)
        if held is not None and held.first is not None:
            yield held.top, held.first == each.truth


def leading_claims(scored: Iterable[Scored], when: Callable[[Outcome], Belief | None]) -> Iterator[Claim]:
    """The leading hypothesis, a message or none of those told. None is true where the call is about another message,
    too: that is what it says."""
    for each in scored:
        held = when(each.outcome)
        if held is None:
            continue
        if held.none >= held.top:
            yield held.none, each.truth not in held.messages
        else:
            yield held.top, held.first == each.truth


def message_loss(scored: Iterable[Scored], when: Callable[[Outcome], Belief | None]) -> float:
    """Log loss over all hypotheses: the probability given to what was true, a message told or none of them."""
    losses = []
    for each in scored:
        if (held := when(each.outcome)) is not None:
            given = held.none if each.truth is None else held.messages.get(each.truth, held.none)
            losses.append(-log(max(given, SMALLEST)))
    return sum(losses) / max(len(losses), 1)


def interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if count == 0:
        return 0.0, 1.0
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(middle - half, 0.0), min(middle + half, 1.0)
