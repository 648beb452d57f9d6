"""Ranks the messages a call may be about by Bayes' rule; the only place that decides.

Every call may be about none of the messages: that is a candidate of its own, with the weight 1 that all others are
measured against. Two candidates that are close are a tie, and a tie is never decided. A caller number alone, however
likely it makes a message, is never `sure`: it says who calls, hardly about what.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import exp, fsum

from router.core.assurance import Assurance
from router.core.events import Attestation
from router.core.hearing import Understood, Verdict
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match, Question
from router.matching.assurance import assurance_of
from router.matching.circumstances import Circumstances
from router.matching.codes import normalise as normalised_code
from router.matching.evidence import (
    code_holds,
    gather,
    heard_weight,
    known_by_number,
    leased_number_dialled,
    number_on_file,
    own_reference,
    reference_fits,
    taken_as_theirs,
)
from router.matching.hearing import Hearings
from router.matching.live import NOTHING_LIVE, LiveSet
from router.matching.observed import MessageRow, Observed
from router.matching.parameters import DEFAULT, Parameters
from router.matching.questions import worth_asking
from router.matching.understood import Chance, understand
from router.matching.weighed import Weighed

MOST_CANDIDATES = 5
"""Candidates in a match; nobody reads more while a phone rings."""

SETTLING = frozenset(
    {
        EvidenceKind.CALLBACK_CODE,
        EvidenceKind.REFERENCE,
        EvidenceKind.REFERENCE_HEARD,
        EvidenceKind.LAST_DIGITS,
        EvidenceKind.TOPIC,
        EvidenceKind.SERVICE_NUMBER,
    }
)
"""What says about which message a call is; without any of it nothing is `sure`."""

_GIVEN = frozenset({EvidenceKind.REFERENCE, EvidenceKind.REFERENCE_HEARD})
_MOST_WEIGHT = 500.0
"""Of which the exponential can still be told."""

_BESIDE_NUMBER = frozenset(
    {
        EvidenceKind.CALLBACK_CODE,
        EvidenceKind.REFERENCE,
        EvidenceKind.REFERENCE_HEARD,
        EvidenceKind.SERVICE_NUMBER,
    }
)
"""What brings a message up without the caller number."""


def rank(
    observed: Observed,
    rows: Iterable[MessageRow],
    now: datetime,
    parameters: Parameters = DEFAULT,
    *,
    sharers: int = 0,
    questions: Sequence[Question] = (),
    live: LiveSet | None = None,
    hearings: Hearings | None = None,
) -> Match:
    """Which of ``rows`` the call is about, in any order; a message that comes twice counts once.

    The decision is `none` where nobody is worth naming: nothing fits, or so many that each is unlikely, or several do
    by nothing but a forged number.
    ``sharers`` is the number of customers with the caller number on file, where that is known to be more than the
    rows show (some of them got no message). ``questions`` are those that can be put; the match says which is worth it.
    ``live`` is what is known of all live references, for numbers that were said; ``hearings`` as `heard_in` gives them,
    where somebody has them already.
    """
    hearings = hearings or heard_in(observed, live, parameters)
    known = [row for row in _distinct(rows) if _tied(row, observed, now, hearings)]
    weighed, none_probability = posterior(
        observed, known, now, parameters, sharers=sharers, live=live, hearings=hearings
    )
    decision = _decision(weighed, observed, parameters)
    worth_telling = [each for each in weighed if each.probability >= parameters.plausible][:MOST_CANDIDATES]
    on_file = sharers > 0 or any(known_by_number(row, observed, now) for row in known)
    accepted = any(code_holds(row, observed, now) for row in known) if observed.code_given else None
    return Match(
        decision,
        _assurance(decision, weighed, observed),
        none_probability,
        tuple(_candidate(each) for each in worth_telling),
        accepted,
        None
        if decision is Decision.SURE
        else worth_asking(weighed, none_probability, questions, observed, on_file, now, parameters),
        _understood(weighed, observed, now, hearings, live, parameters, accepted=bool(accepted)),
    )


def heard_in(observed: Observed, live: LiveSet | None, parameters: Parameters) -> Hearings | None:
    """The hearings of a number, to be weighed; None where no number was heard."""
    hearings = Hearings(
        observed.heard,
        confirmed=observed.confirmed,
        refused=observed.refused,
        live=live or NOTHING_LIVE,
        parameters=parameters,
    )
    return hearings or None


def posterior(
    observed: Observed,
    rows: Sequence[MessageRow],
    now: datetime,
    parameters: Parameters = DEFAULT,
    *,
    sharers: int = 0,
    live: LiveSet | None = None,
    hearings: Hearings | None = None,
) -> tuple[list[Weighed], float]:
    """All ``rows``, likeliest first, and the probability of none of them; together they make 1.

    Equally likely are ordered by the caller's language, then the later one first.
    """
    somebodys = sharers > 0 or any(number_on_file(row, observed) for row in rows)
    tied = hearings is not None and any(_tied(row, observed, now, None) for row in rows)
    around = Circumstances(now, _sharers(observed, rows, sharers, now), somebodys, parameters, hearings, live, tied)
    around = replace(around, own=_own(rows, observed, around))
    evidence = {row.message_id: gather(row, observed, around) for row in rows}
    odds = {key: fsum([each.log_odds for each in found]) for key, found in evidence.items()}
    unread = [row.message_id for row in rows if _like_unread(row, observed, now, hearings)] if observed.unread else []
    probabilities, none_probability = _normalised(odds, unread, observed.unread)
    ordered = sorted(rows, key=lambda row: row.message_id)
    ordered.sort(key=lambda row: row.sent_at, reverse=True)
    ordered.sort(key=lambda row: row.language is None or row.language != observed.language)
    ordered.sort(key=lambda row: probabilities[row.message_id], reverse=True)
    weighed = [Weighed(row, evidence[row.message_id], probabilities[row.message_id]) for row in ordered]
    return weighed, none_probability


def _own(rows: Iterable[MessageRow], observed: Observed, around: Circumstances) -> float:
    """`Circumstances.own` of all ``rows`` together; what is the reference of several messages is given once."""
    shares: dict[str | None, float] = {}
    for row in rows:
        shares[row.reference] = max(own_reference(row, observed, around), shares.get(row.reference, 0.0))
    return fsum(shares.values())


def _normalised(odds: Mapping[str, float], unread: Collection[str], count: int) -> tuple[dict[str, float], float]:
    """Probabilities from log odds against none, whose log odds are 0. Sums in a way that no order changes.

    ``count`` more messages were not read, being so many; each is taken for an average one of ``unread``, and a call
    about one of them is about none of those at hand.
    """
    highest = max(0.0, *odds.values()) if odds else 0.0
    weights = {key: exp(value - highest) for key, value in odds.items()}
    others = count * fsum(weights[key] for key in unread) / len(unread) if unread else 0.0
    none = exp(-highest) + others
    total = fsum((none, *weights.values()))
    return {key: weight / total for key, weight in weights.items()}, none / total


def _like_unread(row: MessageRow, observed: Observed, now: datetime, hearings: Hearings | None) -> bool:
    """Whether messages that were not read are like this one: nothing but the number dialled ties the call to it. One
    with the code or reference given would have been read."""
    return leased_number_dialled(row, observed) and not _tied_otherwise(row, observed, now, hearings)


def _tied(row: MessageRow, observed: Observed, now: datetime, hearings: Hearings | None) -> bool:
    """Whether anything ties the call to the message. What was only looked at, such as the message of an expired code,
    must leave no trace in the answer."""
    return leased_number_dialled(row, observed) or _tied_otherwise(row, observed, now, hearings)


def _tied_otherwise(row: MessageRow, observed: Observed, now: datetime, hearings: Hearings | None) -> bool:
    by_number, by_code = known_by_number(row, observed, now), code_holds(row, observed, now)
    return by_number or by_code or reference_fits(row, observed, hearings)


def _understood(
    weighed: Sequence[Weighed],
    observed: Observed,
    now: datetime,
    hearings: Hearings | None,
    live: LiveSet | None,
    parameters: Parameters,
    *,
    accepted: bool,
) -> Understood | None:
    """What to do with the number that was heard. That a customer with another matter says it, too, does not make it the
    wrong number: for this it does not matter what the call is about."""
    if hearings is None:
        return None
    if accepted and observed.code:
        return Understood(Verdict.ACCEPT, normalised_code(observed.code) or "")
    tied = any(_tied(each.row, observed, now, None) for each in weighed)
    around = Circumstances(now, 1, False, parameters, hearings, live, tied)
    odds: dict[str, float] = {}
    for each in weighed:
        key = each.row.reference if each.row.reference and reference_fits(each.row, observed, hearings) else ""
        heard = heard_weight(hearings.log_ratio(key), around) if key else 0.0
        weight = fsum([heard, *(fact.log_odds for fact in each.evidence if not key or fact.kind not in _GIVEN)])
        odds[key] = odds.get(key, 0.0) + exp(min(weight, _MOST_WEIGHT))
    total = 1.0 + fsum(odds.values())
    beside = {each.row.reference for each in weighed if _tied(each.row, observed, now, None)}
    chances = [Chance(key, weight / total, key in beside) for key, weight in odds.items() if key]
    none = (1.0 + odds.get("", 0.0)) / total
    return understand(hearings, chances, none, live or NOTHING_LIVE, parameters)


def _distinct(rows: Iterable[MessageRow]) -> list[MessageRow]:
    return list({row.message_id: row for row in rows}.values())


def _sharers(observed: Observed, rows: Sequence[MessageRow], known: int, now: datetime) -> int:
    """How many customers use the caller number. Messages without a customer are nobody else's as far as we know. Not
    among ``known`` is who has called from it before, and who got a message there and has it on file no longer: it may
    be somebody else's by now."""
    here = [row for row in rows if row.customer_id is not None and taken_as_theirs(row, observed, now)]
    before = {row.customer_id for row in here if observed.number not in row.customer_phones}
    return max(known + len(before), len({row.customer_id for row in here}), 1)


def _decision(weighed: Sequence[Weighed], observed: Observed, parameters: Parameters) -> Decision:
    if not weighed or weighed[0].probability < parameters.plausible:
        return Decision.NONE
    best = weighed[0]
    second = weighed[1].probability if len(weighed) > 1 else 0.0
    if best.probability < parameters.likely or best.probability < parameters.lead * second:
        return Decision.NONE if _only_forged(weighed, observed, parameters) else Decision.UNCLEAR
    if best.probability < parameters.sure or not settled(best.evidence):
        return Decision.LIKELY
    return Decision.SURE


def _only_forged(weighed: Iterable[Weighed], observed: Observed, parameters: Parameters) -> bool:
    """Whether the caller number alone brought these messages up, and the network found it forged: whoever forges it is
    not to have the agent look at them."""
    if observed.caller.attestation is not Attestation.FAILED:
        return False
    telling = (each for each in weighed if each.probability >= parameters.plausible)
    return not any(fact.kind in _BESIDE_NUMBER and fact.log_odds > 0 for each in telling for fact in each.evidence)


def settled(evidence: Iterable[Evidence]) -> bool:
    """Whether anything says about which message the call is, and not only who calls."""
    return any(each.kind in SETTLING and each.log_odds > 0 for each in evidence)


def _assurance(decision: Decision, weighed: Sequence[Weighed], observed: Observed) -> Assurance:
    """A match that names nobody has no assurance. A number that the message went to, and that was taken off its
    customer's file since, makes it likely and proves nothing any more."""
    if decision not in (Decision.SURE, Decision.LIKELY):
        return Assurance.L0
    best = weighed[0]
    level = assurance_of(best.evidence, observed.caller.attestation)
    if best.row.customer_id is None or observed.number in best.row.customer_phones:
        return level
    without = [each for each in best.evidence if each.kind is not EvidenceKind.RECIPIENT_NUMBER]
    return min(level, max(assurance_of(without, observed.caller.attestation), Assurance.L1))


def _candidate(weighed: Weighed) -> Candidate:
    row = weighed.row
    return Candidate(row.message_id, weighed.probability, weighed.evidence, row.queue, row.language, row.offer_title)
