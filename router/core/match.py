"""What matching found out about a call: ranked candidates with evidence, and the chance that it is none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from router.core.assurance import Assurance
from router.core.hearing import Understood


class Decision(StrEnum):
    """What the evidence allows to say; a flow's ``match`` step has one exit for each."""

    SURE = "sure"
    LIKELY = "likely"
    UNCLEAR = "unclear"
    NONE = "none"


class EvidenceKind(StrEnum):
    """What counts for or against a candidate: first what is known of the message without the call, then the facts of
    the call. The names are public: the API answers with them, outcomes are stored under them."""

    TIMING = "timing"
    """How long ago the message was sent, by what its channel's messages draw in calls at that age."""
    DELIVERY = "delivery"
    """The message failed, was delivered, or was read."""
    OFFER_ENDED = "offer_ended"
    """The offer holds no longer."""
    ANSWERED = "answered"
    """Somebody has called about the message already, or its sender says that it is settled."""
    CALL_TO_ACTION = "call_to_action"
    """The message asks to call, or does not."""

    RECIPIENT_NUMBER = "recipient_number"
    """The caller number is the one the message went to."""
    CUSTOMER_NUMBER = "customer_number"
    """The caller number is another one on file for the customer."""
    OTHER_NUMBER = "other_number"
    """The caller number is on file, but not for this customer, or on nobody's file."""
    SHARED_NUMBER = "shared_number"
    """Several customers use the caller number: a family's landline, an office."""
    SWITCHBOARD = "switchboard"
    """The caller number is an extension of a switchboard on file (German: Durchwahl)."""
    ATTESTATION = "attestation"
    """The network vouches for the caller number, or found it forged (STIR/SHAKEN)."""
    CALLED_BEFORE = "called_before"
    """This number called about the message before."""
    CALLBACK_CODE = "callback_code"
    """The caller keyed in the callback code of the message."""
    REFERENCE = "reference"
    """The caller gave the reference of the message."""
    REFERENCE_HEARD = "reference_heard"
    """What the caller gave is one slip away from the reference of the message."""
    LAST_DIGITS = "last_digits"
    """The caller was asked for the last digits of the code or the reference."""
    TOPIC = "topic"
    """The caller was asked what the call is about."""
    ABOUT_MESSAGE = "about_message"
    """The caller was asked whether the call is about a message from us."""
    SERVICE_NUMBER = "service_number"
    """Whether the message names the service number that was dialled."""


class QuestionKind(StrEnum):
    """What a caller can be asked to tell candidates apart. Nobody is ever asked whether they are somebody."""

    ABOUT_MESSAGE = "about_message"
    """Whether the call is about some message from us, whichever; the answer is ``yes`` or ``no``."""
    TOPIC = "topic"
    """One of the flow's topics, the same for every caller."""
    LAST_DIGITS = "last_digits"
    """The last few digits of the code or the reference in the message, whichever the caller finds first."""
    CODE = "code"
    """The callback code in full."""
    REFERENCE = "reference"
    """The reference in full, or the code, whichever the caller finds: said or keyed in."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask. ``digits`` is how many keys the answer takes; ``topics`` are those of a question for the topic,
    all that the flow has and never only the candidates' own."""

    kind: QuestionKind
    digits: int
    topics: tuple[str, ...] = ()
    letters: bool = False
    """Whether some of the numbers asked for have letters in them."""


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
class About:
    """What the message that a call is about says, for conditions and prompts of a flow: the fields of ``offer`` and
    ``customer`` as `router.flow.variables` names them. Times are RFC 3339 with an offset."""

    offer: Mapping[str, Any] = field(default_factory=dict, repr=False)
    customer: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """The answer of matching. ``candidates`` are ranked, likeliest first, and few (see `rank.MOST_CANDIDATES`)."""

    decision: Decision
    assurance: Assurance
    none_probability: float
    candidates: tuple[Candidate, ...] = ()
    code_accepted: bool | None = None
    """Whether a code was keyed in and is a live one; None when none was keyed in."""
    question: Question | None = None
    """Of the questions the asker can put, the one that settles most for the least effort; None: none is worth it."""
    understood: Understood | None = None
    """What to do with the number that was heard; None where none was."""

    @property
    def best(self) -> Candidate | None:
        """The candidate that a `sure` or `likely` decision is about; None when the decision names nobody."""
        if self.decision in (Decision.SURE, Decision.LIKELY) and self.candidates:
            return self.candidates[0]
        return None


NO_MATCH = Match(Decision.NONE, Assurance.L0, 1.0)
"""Nothing known about the call: no candidates at all."""
