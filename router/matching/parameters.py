"""Every figure of matching, in one table, each with its unit and its reason. Nothing else in the room holds a number.

All are rates (calls a day) and probabilities (shares), so that a manager can hold them against what the contact centre
counts. `docs/matching.md` prints the table; `threadline match calibrate` re-estimates from what agents said, as
`adjustments` on top of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class ResponseCurve:
    """What the messages of a channel draw in calls: ``share`` of them (0 to 1) one call; half of those within
    ``median`` days of sending, the delays lognormal with ``spread`` (the standard deviation of their logarithm)."""

    share: float
    median: float
    spread: float


def _figure(value: Any, unit: str, reason: str) -> Any:
    return field(default=value, metadata={"unit": unit, "reason": reason})


_CURVES: Mapping[str, ResponseCurve] = MappingProxyType(
    {
        "sms": ResponseCurve(0.06, 0.2, 2.0),
        "call": ResponseCurve(0.08, 0.2, 2.0),
        "email": ResponseCurve(0.03, 0.4, 2.0),
        "letter": ResponseCurve(0.06, 4.0, 0.9),
    }
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The table. ``adjustments`` are log odds by kind of evidence (`EvidenceKind` values), added to what it says."""

    # How likely each message draws a call now
    curves: Mapping[str, ResponseCurve] = field(
        default_factory=lambda: _CURVES,
        metadata={
            "unit": "share, median delay in days, spread",
            "reason": "lognormal as measured for e-mail (Stouffer et al. 2006). Texts: 43 % of all responses within 15 "
            "minutes, 4 to 8 % answered by a click (Dynmark 2013, a billion texts); e-mail: half of all replies within "
            "47 minutes, nine in ten within two days (Kooti et al. 2015); calls taken to be slower, as they wait for "
            "opening hours. Letters: half of all responses within 18 to 21 days of a bulk mailing (rule of thumb of "
            "the trade), one of two days in the post sooner; 4.4 % answered (DMA)",
        },
    )
    late_share: float = _figure(
        0.15, "share", "judgement: of all answers, those that come whenever the message is found again"
    )
    late_half: float = _figure(
        20.0, "days", "judgement: by when half of these have come; the rest trickles in for long"
    )
    soonest: float = _figure(0.002, "days", "nobody reads, decides and dials in less")
    unsent: float = _figure(0.01, "a day", "a message planned for later draws hardly any calls; times its share")
    clock_slack: float = _figure(0.042, "days", "how far ahead of us the sender's clock may be")
    failed: float = _figure(0.05, "factor", "not delivered: known only from elsewhere, or the report is wrong")
    delivered: float = _figure(1.05, "factor", "delivered: a little better than not told, where a few have failed")
    read: float = _figure(1.6, "factor", "read: about three in five messages are ever opened")
    offer_ended: float = _figure(0.4, "factor", "judgement: people still call about what has just ended, but less")
    offer_ended_half_life: float = _figure(7.0, "days", "judgement: in which the interest in an ended offer halves")
    answered: float = _figure(0.2, "factor", "judgement: one call settles most matters")
    asks_to_call: float = _figure(1.3, "factor", "judgement: a message that asks to call draws more of them,")
    asks_not_to_call: float = _figure(0.5, "factor", "and one that names another way fewer, than one that does not say")
    calls_again: float = _figure(0.25, "share", "judgement: of those who called about a message, who call once more")
    calls_again_mean: float = _figure(4.0, "days", "judgement: how long until then on average")

    # Calls about none of our messages
    unrelated_calls: float = _figure(
        1000.0, "calls a day", "all calls about other matters; it cancels out wherever the caller number is known"
    )
    unrelated_per_customer: float = _figure(
        0.005, "calls a day", "a customer calls about other matters twice a year or so"
    )
    unrelated_share: float = _figure(0.5, "share", "of these, how many come from one given number on file")
    strangers: float = _figure(
        0.0002, "calls a day", "from a number on file that has a new owner, or that somebody forges"
    )
    unrelated_per_extension: float = _figure(0.0006, "calls a day", "from one extension of a company's switchboard")
    unrelated_on_leased: float = _figure(
        0.2, "calls a day", "wrong numbers and late callers on a service number leased from a pool"
    )

    # What a caller about a message does
    from_recipient_number: float = _figure(0.6, "share", "judgement: calls from the very number the message went to")
    from_customer_number: float = _figure(0.35, "share", "judgement: calls from one given other number on file")
    from_unknown_number: float = _figure(
        0.4, "factor", "judgement: from a number on nobody's file, against callers about other matters"
    )
    from_somebody_elses: float = _figure(
        0.02, "factor", "judgement: from a number on another customer's file; people seldom lend their telephones"
    )
    from_switchboard: float = _figure(0.4, "share", "judgement: calls through the switchboard on file")
    extensions: float = _figure(20.0, "extensions", "of a switchboard; which one is the customer's is not known")
    dials_printed_number: float = _figure(0.9, "share", "judgement: dials the number that stands in the message")
    unrelated_dials_printed_number: float = _figure(
        0.02, "share", "judgement: of a customer's calls about other matters, those to a number out of some message"
    )
    another_number: float = _figure(0.3, "factor", "a leased number was dialled, and not the one in this message")

    # What callers answer
    keys_code: float = _figure(0.5, "share", "judgement: has the code at hand and keys it in when asked")
    guesses_code: float = _figure(0.001, "share", "of unrelated calls, how many key in a well-formed code at random")
    gives_reference: float = _figure(0.5, "share", "judgement: gives the reference in the message when asked")
    unrelated_gives_reference: float = _figure(
        0.2, "share", "judgement: of unrelated callers, who give some reference when asked"
    )
    own_reference: float = _figure(
        0.001, "share", "judgement: of unrelated calls of the customer, those that give this very reference"
    )
    reference_digits: int = _figure(7, "digits", "that tell references apart at most: many are numbered in sequence")
    slip_keyed: float = _figure(0.04, "share", "judgement: of references keyed in, those with one slip")
    slip_heard: float = _figure(
        0.15, "share", "of references heard, those with one slip (measured offline: 10 to 30 % by line and voice)"
    )
    slips_a_character: float = _figure(20.0, "ways", "to slip at one character: wrong digits, lost, added, swapped")
    has_last_digits: float = _figure(
        0.7, "share", "judgement: can read the last digits of code or reference out when asked"
    )
    unrelated_keys_digits: float = _figure(
        0.15, "share", "judgement: of unrelated callers, who key in digits all the same"
    )
    own_last_digits: float = _figure(0.005, "share", "of unrelated calls, those whose digits fit by more than chance")
    at_hand_after_call: float = _figure(
        0.2, "factor", "judgement: a recorded call leaves nothing to read out; those who noted its numbers down"
    )
    miskeyed: float = _figure(0.04, "share", "of short answers, those with a wrong key")
    topic_right: float = _figure(0.88, "share", "judgement: chooses the topic that we would")
    topic_unanswered: float = _figure(0.07, "share", "judgement: chooses none")
    topic_unrelated: float = _figure(0.3, "share", "of unrelated callers, who choose one given topic")
    topic_unrelated_unanswered: float = _figure(0.25, "share", "of unrelated callers, who choose none")
    says_yes: float = _figure(0.88, "share", "judgement: says that the call is about a message from us")
    says_nothing: float = _figure(0.07, "share", "judgement: neither yes nor no")
    unrelated_says_yes: float = _figure(0.1, "share", "judgement: of unrelated callers, who say so all the same")
    unrelated_says_nothing: float = _figure(0.15, "share", "judgement: of unrelated callers, who say neither")
    attested: float = _figure(1.2, "factor", "the network vouches for the number: it is not forged")
    attestation_failed: float = _figure(0.05, "factor", "the network found the number tampered with")

    # What to ask
    elsewhere_known: float = _figure(
        0.03, "share", "of calls from a number on file about none of the messages found, those about another message"
    )
    elsewhere_unknown: float = _figure(0.4, "share", "the same for a number that is not on file, or withheld")
    at_hand_after_none: float = _figure(0.05, "share", "has a code at hand after not answering another question")
    identifies: float = _figure(13.0, "bits", "what a code tells where nothing was known: one of some 10,000 messages")
    effort_question: float = _figure(4.0, "keys", "listening to a question costs a caller as much as so many keys")
    effort_code: float = _figure(3.0, "keys", "finding the code in the message")
    effort_reference: float = _figure(2.0, "keys", "finding the reference in the message")
    effort_said: float = _figure(
        0.5, "keys", "judgement: saying a character of a number; no key is looked for, but it may be read back"
    )
    least_worth: float = _figure(0.025, "bits a key", "a question that tells less for its effort is not worth asking")

    # Numbers that are said
    live_said: float = _figure(
        0.8, "share", "judgement: of numbers given when asked for, those that stand in a live message"
    )
    whole_for_part: float = _figure(0.1, "share", "judgement: asked for a part of a number, who says all of it again")
    says_right: float = _figure(0.97, "share", "judgement: says yes to the right number when it is read back")
    lets_wrong_pass: float = _figure(
        0.04, "share", "judgement: says yes to a wrong one: there are yes-saying strangers"
    )
    accept: float = _figure(0.997, "probability", "from here nobody is asked whether a number was heard right")
    read_back: float = _figure(
        0.5, "probability", "from here a live reference is read back without asking for more: it is likelier than not"
    )
    read_back_least: float = _figure(
        0.3, "probability", "judgement: from here reading one back is less trouble than to have all of it said again"
    )
    read_back_known: float = _figure(
        0.1, "probability", "judgement: the same of the few that something else ties the call to, as its caller number"
    )
    read_back_odds: float = _figure(
        1.4,
        "odds",
        "against a number that is not live, from which a live one is read back, at up to 1,000 live ones; with more it "
        "grows with the fourth root of their number. Of strangers' numbers said by other voices about 5 % came to a "
        "live one with these odds at 1,000, 8 % at 100,000 (noise included)",
    )
    strangers_taken: float = _figure(
        0.005, "share", "of strangers' numbers, those that may at most be taken for a live one without asking"
    )
    refusals: int = _figure(2, "read-backs", "refused in a call, after which only what was said itself is read back")
    said_clearly: float = _figure(
        0.6, "probability", "that a number was said just so, from which it counts as said clearly"
    )
    not_live: float = _figure(0.7, "probability", "that a number is not live, from which it is read back all the same")
    in_part: float = _figure(
        0.9, "probability", "that the rest of a number is right, from which only the part in doubt is asked for"
    )

    # What is decided
    sure: float = _figure(0.995, "probability", "from here, and with more than a caller number, the call is about it")
    likely: float = _figure(0.6, "probability", 'from here the agent may have the message opened as "probably"')
    lead: float = _figure(
        2.5, "times", "likelier than the second the first must be; below, the two are a near tie and none is named"
    )
    plausible: float = _figure(0.05, "probability", "a candidate below is not worth an agent's look and is left out")

    adjustments: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({}),
        metadata={"unit": "log odds by kind", "reason": "what calibration added; see `threadline match weights`"},
    )
    confusions: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: MappingProxyType({}),
        metadata={
            "unit": "figures by recogniser and language",
            "reason": "what calibration learnt of how numbers are heard; see `threadline match weights`",
        },
    )


DEFAULT = Parameters()
