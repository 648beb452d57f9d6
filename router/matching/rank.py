"""Ranks the messages a call may be about by Bayes' rule; the only place that decides.

Every call may be about none of the messages: that is a candidate of its own, with the weight 1 that all others are
measured against. Two candidates that are close are a tie, and a tie is never decided. Of two messages to the same
number the later one comes first, and is named when it leads clearly (`Parameters.lead`); otherwise the decision is
`unclear` and the agent sees them side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, fsum, log, log1p

from router.core.assurance import Assurance
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match
from router.matching.evidence import Circumstances, code_holds, gather, number_on_file
from router.matching.observed import MessageRow, Observed
from router.matching.parameters import DEFAULT, Parameters

MOST_CANDIDATES = 5
"""Candidates in a match; nobody reads more while a phone rings."""

_NUMBER = frozenset({EvidenceKind.RECIPIENT_NUMBER, EvidenceKind.CUSTOMER_NUMBER})


@dataclass(frozen=True, slots=True)
class Weighed:
    """A message with its evidence and its posterior probability."""

    row: MessageRow
    evidence: tuple[Evidence, ...]
    probability: float


def rank(
    observed: Observed,
    rows: Iterable[MessageRow],
    now: datetime,
    parameters: Parameters = DEFAULT,
    *,
    sharers: int = 0,
) -> Match:
    """Which of ``rows`` the call is about, in any order; a message that comes twice counts once.

    The decision is `none` where nobody is worth naming: nothing fits, or so many that each is unlikely.
    ``sharers`` is the number of customers with the caller number on file, where that is known to be more than the
    rows show (some of them got no message).
    """
    known = [row for row in _distinct(rows) if _tied(row, observed, now)]
    weighed, none_probability = posterior(observed, known, now, parameters, sharers=sharers)
    worth_telling = [each for each in weighed if each.probability >= parameters.plausible][:MOST_CANDIDATES]
    decision = _decision(weighed, _sharers(observed, known, sharers), parameters)
    accepted = any(code_holds(row, observed, now) for row in known) if observed.code_given else None
    return Match(
        decision,
        _assurance(decision, weighed),
        none_probability,
        tuple(_candidate(each) for each in worth_telling),
        accepted,
    )


def posterior(
    observed: Observed,
    rows: Sequence[MessageRow],
    now: datetime,
    parameters: Parameters = DEFAULT,
    *,
    sharers: int = 0,
) -> tuple[list[Weighed], float]:
    """All ``rows``, likeliest first, and the probability of none of them; together they make 1.

    Equally likely are ordered by the caller's language, then the later one first.
    """
    around = Circumstances(now, _sharers(observed, rows, sharers), parameters)
    evidence = {row.message_id: gather(row, observed, around) for row in rows}
    odds = {
        row.message_id: log_prior(row, now, parameters) + fsum(each.log_odds for each in evidence[row.message_id])
        for row in rows
    }
    probabilities, none_probability = _normalised(odds)
    ordered = sorted(rows, key=lambda row: row.message_id)
    ordered.sort(key=lambda row: row.sent_at, reverse=True)
    ordered.sort(key=lambda row: row.language is None or row.language != observed.language)
    ordered.sort(key=lambda row: probabilities[row.message_id], reverse=True)
    weighed = [Weighed(row, evidence[row.message_id], probabilities[row.message_id]) for row in ordered]
    return weighed, none_probability


def log_prior(row: MessageRow, now: datetime, parameters: Parameters) -> float:
    """The log odds that a call is about this message, knowing only when it was sent and when its offer ends."""
    age = now - row.sent_at
    prior = parameters.prior
    if age < -parameters.clock_slack:
        prior += parameters.unsent
    prior -= log1p(max(age / parameters.response_time, 0.0))
    if row.valid_until is not None and now >= row.valid_until:
        prior += parameters.expired - log(2) * ((now - row.valid_until) / parameters.expiry_half_life)
    return prior


def _normalised(odds: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Probabilities from log odds against none, whose log odds are 0. Sums in a way that no order changes."""
    highest = max(0.0, *odds.values()) if odds else 0.0
    weights = {key: exp(value - highest) for key, value in odds.items()}
    none = exp(-highest)
    total = fsum((none, *weights.values()))
    return {key: weight / total for key, weight in weights.items()}, none / total


def _tied(row: MessageRow, observed: Observed, now: datetime) -> bool:
    """Whether anything ties the call to the message. What was only looked at, such as the message of an expired code,
    must leave no trace in the answer."""
    return code_holds(row, observed, now) or number_on_file(row, observed)


def _distinct(rows: Iterable[MessageRow]) -> list[MessageRow]:
    return list({row.message_id: row for row in rows}.values())


def _sharers(observed: Observed, rows: Sequence[MessageRow], known: int) -> int:
    """How many customers use the caller number. Messages without a customer are nobody else's as far as we know."""
    customers = {row.customer_id for row in rows if row.customer_id is not None and number_on_file(row, observed)}
    return max(known, len(customers), 1)


def _decision(weighed: Sequence[Weighed], sharers: int, parameters: Parameters) -> Decision:
    if not weighed or weighed[0].probability < parameters.plausible:
        return Decision.NONE
    best = weighed[0]
    second = weighed[1].probability if len(weighed) > 1 else 0.0
    if best.probability < parameters.likely or best.probability < parameters.lead * second:
        return Decision.UNCLEAR
    only_a_shared_number = sharers > 1 and EvidenceKind.CALLBACK_CODE not in _kinds(best)
    if best.probability < parameters.sure or only_a_shared_number:
        return Decision.LIKELY
    return Decision.SURE


def _assurance(decision: Decision, weighed: Sequence[Weighed]) -> Assurance:
    """How far the evidence for the message named can be trusted. A match that names none has no assurance."""
    if decision not in (Decision.SURE, Decision.LIKELY):
        return Assurance.L0
    kinds = _kinds(weighed[0])
    by_number = bool(kinds & _NUMBER)
    if EvidenceKind.CALLBACK_CODE in kinds:
        return Assurance.L3 if by_number else Assurance.L2
    return Assurance.L1 if by_number else Assurance.L0


def _kinds(weighed: Weighed) -> frozenset[EvidenceKind]:
    return frozenset(each.kind for each in weighed.evidence)


def _candidate(weighed: Weighed) -> Candidate:
    row = weighed.row
    return Candidate(row.message_id, weighed.probability, weighed.evidence, row.queue, row.language, row.offer_title)
