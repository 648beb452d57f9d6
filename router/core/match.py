"""What matching found out about a call: ranked candidates with evidence, and the chance that it is none of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from router.core.assurance import Assurance


class Decision(StrEnum):
    """What the evidence allows to say; a flow's ``match`` step has one exit for each."""

    SURE = "sure"
    LIKELY = "likely"
    UNCLEAR = "unclear"
    NONE = "none"


class EvidenceKind(StrEnum):
    """The facts about a call that can count for or against a candidate."""

    RECIPIENT_NUMBER = "recipient_number"
    """The caller number is the one the message went to."""
    CUSTOMER_NUMBER = "customer_number"
    """The caller number is another one on file for the customer."""
    CALLBACK_CODE = "callback_code"
    """The caller keyed in the callback code of the message."""
    SERVICE_NUMBER = "service_number"
    """The message names the service number that was dialled."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observed fact with its weight.

    ``log_odds`` is the natural logarithm of the likelihood ratio: positive speaks for the candidate.
    ``detail`` is an English sentence for people; it never holds a number or a code.
    """

    kind: EvidenceKind
    log_odds: float
    detail: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message the call may be about. ``probability`` is posterior, 0 to 1."""

    message_id: str
    probability: float
    evidence: tuple[Evidence, ...]
    queue: str | None = None
    language: str | None = None
    offer_title: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The answer of matching. ``candidates`` are ranked, likeliest first, and few (see `rank.MOST_CANDIDATES`)."""

    decision: Decision
    assurance: Assurance
    none_probability: float
    candidates: tuple[Candidate, ...] = ()
    code_accepted: bool | None = None
    """Whether a code was keyed in and is a live one; None when none was keyed in."""

    @property
    def best(self) -> Candidate | None:
        """The candidate that a `sure` or `likely` decision is about; None when the decision names nobody."""
        if self.decision in (Decision.SURE, Decision.LIKELY) and self.candidates:
            return self.candidates[0]
        return None


NO_MATCH = Match(Decision.NONE, Assurance.L0, 1.0)
"""Nothing known about the call: no candidates at all."""
