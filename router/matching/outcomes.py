"""What agents said of matches, with the evidence of that time: what the weights are measured by and fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import Any

from router.core.assurance import Assurance
from router.core.match import Decision, Match


class Verdict(StrEnum):
    """What the agent said the call was about."""

    RIGHT = "right"
    """The message that the match named."""
    OTHER = "other"
    """Not the one named, or nothing was named and the agent found the message among those shown."""
    NONE = "none"
    """None of the messages shown."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One piece of evidence as it was weighed at the call; ``kind`` is an `EvidenceKind` value."""

    kind: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class Told:
    """A candidate of the match as it was at the call, its ``facts`` as the table of the code alone weighs them.
    ``at_call`` is their sum as it was weighed at the call, where that was another one."""

    message_id: str
    probability: float
    facts: tuple[Fact, ...]
    at_call: float | None = None

    @property
    def log_odds(self) -> float:
        """Against none of the messages, as the table weighs it."""
        return sum(fact.log_odds for fact in self.facts)

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(fact.kind for fact in self.facts)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A call of which an agent said what it was about.

    ``message_id`` is the message it was about as far as the agent said: with `Verdict.OTHER` it may be None, when all
    that is known is that it was not the one named. ``named_id`` is what the match named, None: nothing.
    """

    call_id: str
    verdict: Verdict
    message_id: str | None
    named_id: str | None
    decision: Decision
    assurance: Assurance
    none_probability: float
    candidates: tuple[Told, ...]

    @property
    def named(self) -> Told | None:
        """The candidate that was named."""
        return next((each for each in self.candidates if each.message_id == self.named_id), None)

    @property
    def none(self) -> float:
        """The log odds of none against what the evidence of the candidates is measured by. 0 but where the call may as
        well be about messages that were not read, so many carry the number dialled: they are part of none."""
        first = self.candidates[0] if self.candidates else None
        if first is None or first.probability <= 0.0 or self.none_probability <= 0.0:
            return 0.0
        score = first.log_odds if first.at_call is None else first.at_call
        found = score + log(self.none_probability) - log(first.probability)
        return found if found > _NOTHING else 0.0

    @property
    def rest(self) -> float | None:
        """The same of all candidates that were too unlikely to be told; None where there was nothing to speak of."""
        told = self.none_probability + sum(each.probability for each in self.candidates)
        if self.none_probability <= 0.0 or 1.0 - told < _NOTHING:
            return None
        return self.none + log((1.0 - told) / self.none_probability)


_NOTHING = 1e-6
"""A probability that is a rounding error."""


def candidates_to_json(match: Match) -> list[dict[str, Any]]:
    """The candidates of a match as outcomes keep them: without words, which may change, and without titles."""
    return [
        {
            "message_id": each.message_id,
            "probability": each.probability,
            "evidence": [{"kind": fact.kind.value, "log_odds": fact.log_odds} for fact in each.evidence],
        }
        for each in match.candidates
    ]


def candidates_from_json(stored: list[dict[str, Any]], adjusted: Mapping[str, float]) -> tuple[Told, ...]:
    """The candidates as the table of the code weighed them: without the adjustments that were in force at the call.

    A fact whose weight an adjustment took away keeps none: what it had before is not known any more.
    """
    return tuple(_told(each["message_id"], each["probability"], each["evidence"], adjusted) for each in stored)


def _told(message_id: str, probability: float, evidence: list[dict[str, Any]], adjusted: Mapping[str, float]) -> Told:
    facts = (Fact(each["kind"], _unadjusted(each["log_odds"], adjusted.get(each["kind"]))) for each in evidence)
    return Told(message_id, probability, tuple(facts), sum(each["log_odds"] for each in evidence))


def _unadjusted(log_odds: float, by: float | None) -> float:
    return log_odds if by is None or log_odds == 0.0 else log_odds - by
