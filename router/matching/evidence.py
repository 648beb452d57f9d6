"""What the facts of a call say for a message: one small function for each kind of evidence.

Each weighs how likely the fact is when the call is about the message against how likely it is when the call is about
none, and answers None when its fact was not observed. To add a kind, write its function and put it into `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import exp, log, log1p

from router.core.events import Attestation
from router.core.match import Evidence, EvidenceKind
from router.matching import prior
from router.matching.circumstances import Circumstances
from router.matching.codes import normalise as normalised_code
from router.matching.hearing import Hearings
from router.matching.observed import MessageRow, Observed
from router.matching.parameters import Parameters
from router.matching.references import ending, one_slip_apart
from router.matching.references import normalise as normalised_reference

Kind = Callable[[MessageRow, Observed, Circumstances], Evidence | None]


def caller_number(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The caller number is the message's recipient, or another number on file; only one of the two counts, since they
    are one fact. Exact E.164 numbers only. One that is neither speaks against the message, more so when it is known to
    be somebody else's; for an extension see `switchboard`."""
    number, parameters = observed.number, around.parameters
    if number is None:
        return None
    if number == row.to_phone:
        kind, share = EvidenceKind.RECIPIENT_NUMBER, parameters.from_recipient_number
        detail = "The call comes from the number the message was sent to."
    elif number in row.customer_phones:
        kind, share = EvidenceKind.CUSTOMER_NUMBER, parameters.from_customer_number
        detail = "The call comes from another number on file for the customer."
    elif row.switchboard or has_called(row, observed, around.now):
        return None
    else:
        factor = parameters.from_somebody_elses if around.somebodys else parameters.from_unknown_number
        whose = "one of another customer" if around.somebodys else "none on file"
        detail = f"The call does not come from a number on file for the customer, but from {whose}."
        return Evidence(EvidenceKind.OTHER_NUMBER, log(factor), detail)
    return Evidence(kind, log(share * parameters.unrelated_calls / around.unrelated_from_number), detail)


def shared_number(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """Several customers use the caller number, so it says less about each."""
    if around.sharers < 2 or not taken_as_theirs(row, observed, around.now):
        return None
    more = around.parameters.unrelated_per_customer * around.parameters.unrelated_share * (around.sharers - 1)
    alone = around.unrelated_from_number
    return Evidence(EvidenceKind.SHARED_NUMBER, log(alone / (alone + more)), f"{around.sharers} customers share it.")


def switchboard(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The caller number is an extension of a switchboard on file, and not itself on file."""
    if not row.switchboard or observed.number is None or number_on_file(row, observed):
        return None
    parameters = around.parameters
    from_this_extension = parameters.from_switchboard / parameters.extensions
    weight = log(from_this_extension * parameters.unrelated_calls / parameters.unrelated_per_extension)
    return Evidence(EvidenceKind.SWITCHBOARD, weight, "The call comes from an extension of the switchboard on file.")


def attestation(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """What the network says of a caller number that counts; no word, or half a word, is neutral."""
    if not known_by_number(row, observed, around.now):
        return None
    match observed.caller.attestation:
        case Attestation.FULL:
            factor, detail = around.parameters.attested, "The network vouches for the caller number."
        case Attestation.FAILED:
            factor, detail = around.parameters.attestation_failed, "The network says that the caller number is forged."
        case Attestation.PARTIAL | Attestation.GATEWAY | None:
            return None
    return Evidence(EvidenceKind.ATTESTATION, log(factor), detail)


def called_before(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The same number called about the message before: to what the message draws by itself comes a second call. A
    number that is not on file for the customer is taken from then on as if it were."""
    if row.called_at is None or not has_called(row, observed, around.now):
        return None
    parameters, mean = around.parameters, around.parameters.calls_again_mean
    since = (around.now - row.called_at) / timedelta(days=1)
    again = parameters.calls_again * exp(-min(since / mean, 500.0)) / mean
    alone = prior.calls_a_day(row.channel, around.now - row.sent_at, parameters)
    known = number_on_file(row, observed) or row.switchboard
    on_file = parameters.from_customer_number * parameters.unrelated_calls / around.unrelated_from_number
    detail = "This number has called about the message before."
    return Evidence(EvidenceKind.CALLED_BEFORE, log((1 + again / alone) * (1.0 if known else on_file)), detail)


def callback_code(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The caller keyed in the message's code, and it still holds. By chance that happens the less, the longer it is:
    the check digit is no secret and the first digit is never 0."""
    if not code_holds(row, observed, around.now):
        return None
    digits = len(normalised_code(observed.code or "") or "")
    codes = 9 * 10.0 ** max(digits - 2, 0)
    weight = log(around.parameters.keys_code * codes / around.parameters.guesses_code)
    return Evidence(EvidenceKind.CALLBACK_CODE, weight, "The callback code of the message was keyed in.")


def reference(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The caller gave the message's reference, or what is one slip away from it. Others give it by chance, or because
    they are the customer with another matter; who is known by number can only be the latter. What was said is weighed
    by how callers are heard, see `reference_heard`."""
    if around.hearings is not None:
        return reference_heard(row, observed, around, around.hearings)
    given = _reference_given(observed)
    if given is None or row.reference is None:
        return None
    parameters = around.parameters
    by_chance = parameters.unrelated_gives_reference * 10.0 ** -min(len(row.reference), parameters.reference_digits)
    others = by_chance + max(own_reference(row, observed, around), around.own)
    if given == row.reference:
        likelihood = parameters.gives_reference * (1 - _slip(observed, parameters))
        return Evidence(EvidenceKind.REFERENCE, log(likelihood / others), "The reference of the message was given.")
    if one_slip_apart(given, row.reference):
        weight = log(parameters.gives_reference * _with_slip(row.reference, observed, parameters) / others)
        detail = "What was given is one slip away from the reference of the message."
        return Evidence(EvidenceKind.REFERENCE_HEARD, max(weight, 0.0), detail)
    return None


def reference_heard(row: MessageRow, observed: Observed, around: Circumstances, hearings: Hearings) -> Evidence | None:
    """The caller said a number: how likely it is heard so where it is the message's reference, against callers who say
    another one. A number that does not fit speaks against the message, and so does a no to it when it was read back."""
    if row.reference is None:
        return None
    if row.reference in hearings.refused:
        said_no = (1 - around.parameters.says_right) / (1 - around.parameters.lets_wrong_pass)
        detail = "The caller said no when the reference of the message was read back."
        return Evidence(EvidenceKind.REFERENCE_HEARD, log(said_no), detail)
    ratio = hearings.log_ratio(row.reference)
    own = max(own_reference(row, observed, around), around.own if ratio > 0.0 else 0.0)
    weight = heard_weight(ratio, around) - log1p(own / says_another(around))
    if hearings.is_likeliest(row.reference):
        agreed = row.reference == hearings.confirmed
        yes = ", and the caller said yes when it was read back" if agreed else ""
        return Evidence(EvidenceKind.REFERENCE, max(weight, 0.0), f"The reference of the message was said{yes}.")
    if ratio > 0.0:
        detail = "What was heard may be the reference of the message."
        return Evidence(EvidenceKind.REFERENCE_HEARD, max(weight, 0.0), detail)
    detail = "What was heard is not the reference of the message."
    return Evidence(EvidenceKind.REFERENCE_HEARD, min(weight, 0.0), detail)


def own_reference(row: MessageRow, observed: Observed, around: Circumstances) -> float:
    """Of calls about none of the messages, the share in which the customer of this one, with another matter, gives what
    was given, being its reference; 0 where it does not fit."""
    if row.reference is None or not reference_fits(row, observed, around.hearings):
        return 0.0
    parameters = around.parameters
    known = known_by_number(row, observed, around.now)
    share = parameters.own_reference * (
        1.0 if known else parameters.unrelated_per_customer / parameters.unrelated_calls
    )
    if around.hearings is not None:
        return share * exp(around.hearings.log_ratio(row.reference))
    exact = _reference_given(observed) == row.reference
    return share if exact else share * _with_slip(row.reference, observed, parameters)


def _slip(observed: Observed, parameters: Parameters) -> float:
    return parameters.slip_heard if observed.spoken else parameters.slip_keyed


def _with_slip(reference: str, observed: Observed, parameters: Parameters) -> float:
    """How likely the caller gives this reference with just the slip there is."""
    return _slip(observed, parameters) / (parameters.slips_a_character * len(reference))


def heard_weight(ratio: float, around: Circumstances) -> float:
    """The weight of a number that was said, by the logarithm of its likelihood ratio against one that is not live."""
    return log(around.parameters.gives_reference / says_another(around)) + ratio


def says_another(around: Circumstances) -> float:
    """Of calls about none of the messages, the share in which a number is said. Where nothing else ties the call to a
    message, it is said by callers who were asked for what stands in it: most of them have one, and the share of those
    who have not is held against all live references together. So each of them counts the less, the more there are."""
    parameters, live = around.parameters, around.live
    if around.tied or live is None or live.calls_a_day <= 0.0:
        return parameters.unrelated_gives_reference
    strangers = (1.0 - parameters.live_said) / parameters.live_said
    return live.calls_a_day * parameters.gives_reference * strangers / parameters.unrelated_calls


def last_digits(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The caller was asked for the last digits of the code or the reference. None at all, and others, speak against the
    message; where it has no such digits they say nothing. So few digits are no secret, and tell apart only what
    something else ties the call to."""
    given, parameters = observed.last_digits, around.parameters
    if given is None:
        return None
    endings = endings_of(row, max(len(given), 1), around.now)
    if not endings:
        return None
    has = at_hand(row, parameters.has_last_digits, parameters)
    unrelated = parameters.unrelated_keys_digits
    if not given:
        weight, detail = log((1 - has) / (1 - unrelated)), "The last digits were not given."
    elif given in endings:
        by_chance = unrelated * len(endings) * 10.0 ** -len(given) + parameters.own_last_digits
        weight = log(has * (1 - parameters.miskeyed) / by_chance)
        detail = "The last digits of the code or the reference were keyed in."
    else:
        weight, detail = log(has * parameters.miskeyed / unrelated), "Other last digits were keyed in."
    return Evidence(EvidenceKind.LAST_DIGITS, weight, detail)


def endings_of(row: MessageRow, digits: int, now: datetime) -> frozenset[str]:
    """What a caller may key in as the last digits: those of the code, while it holds, and of the reference."""
    found = set[str]()
    if row.reference is not None and (end := ending(row.reference, digits)) is not None:
        found.add(end)
    if row.code_ending is None or (row.code_expires_at is not None and now >= row.code_expires_at):
        return frozenset(found)
    if (end := row.code_ending()) is not None:
        found.add(end[-digits:])
    return frozenset(found)


def topic(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The caller was asked for the topic. A message without one, or with one that could not be chosen, is neither for
    nor against."""
    given, parameters = observed.topic, around.parameters
    if given is None or row.topic is None or (observed.topics and row.topic not in observed.topics):
        return None
    if not given:
        weight = log(parameters.topic_unanswered / parameters.topic_unrelated_unanswered)
        detail = "No topic was chosen."
    elif given == row.topic:
        weight, detail = (
            log(parameters.topic_right / parameters.topic_unrelated),
            "The topic of the message was chosen.",
        )
    else:
        wrong = 1 - parameters.topic_right - parameters.topic_unanswered
        weight, detail = log(wrong / 2 / parameters.topic_unrelated), "Another topic was chosen."
    return Evidence(EvidenceKind.TOPIC, weight, detail)


def about_message(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The caller was asked whether the call is about a message from us. It speaks for every message alike."""
    parameters = around.parameters
    likelihoods = {
        "yes": (parameters.says_yes, parameters.unrelated_says_yes, "The caller calls about a message."),
        "": (parameters.says_nothing, parameters.unrelated_says_nothing, "The caller did not say what it is about."),
        "no": (
            1 - parameters.says_yes - parameters.says_nothing,
            1 - parameters.unrelated_says_yes - parameters.unrelated_says_nothing,
            "The caller calls about something else.",
        ),
    }
    if observed.about_message not in likelihoods:
        return None
    about, unrelated, detail = likelihoods[observed.about_message]
    return Evidence(EvidenceKind.ABOUT_MESSAGE, log(about / unrelated), detail)


def service_number(row: MessageRow, observed: Observed, around: Circumstances) -> Evidence | None:
    """The number dialled, against the one in the message. A number that every message carries says nothing; one leased
    from a pool says much, the less the more messages carry it."""
    dialled, parameters = observed.service_number, around.parameters
    if dialled is None or row.service_number is None:
        return None
    if observed.carriers is None:
        if dialled == row.service_number:
            return None
        detail = "Another number was dialled than the one in the message."
        return Evidence(EvidenceKind.SERVICE_NUMBER, log(parameters.another_number), detail)
    if dialled != row.service_number:
        detail = "The number dialled stands in other messages."
        return Evidence(EvidenceKind.SERVICE_NUMBER, log(parameters.another_number), detail)
    stray = parameters.unrelated_dials_printed_number
    if known_by_number(row, observed, around.now):
        weight = log(parameters.dials_printed_number / stray)
    else:
        carriers = max(observed.carriers, 1) * parameters.unrelated_per_customer * stray
        unrelated = (parameters.unrelated_on_leased + carriers) / parameters.unrelated_calls
        weight = log(parameters.dials_printed_number / min(unrelated, parameters.dials_printed_number))
    several = f"; {observed.carriers} messages carry it" if observed.carriers > 1 else ""
    return Evidence(EvidenceKind.SERVICE_NUMBER, weight, f"The number dialled is the one in the message{several}.")


KINDS: tuple[Kind, ...] = (
    callback_code,
    reference,
    last_digits,
    caller_number,
    shared_number,
    switchboard,
    attestation,
    called_before,
    service_number,
    topic,
    about_message,
)
"""All facts of a call, in the order in which people are told."""

PRIOR = (prior.timing, prior.delivery, prior.offer_ended, prior.answered, prior.call_to_action)
"""What is known without the call, told after it."""


def gather(row: MessageRow, observed: Observed, around: Circumstances) -> tuple[Evidence, ...]:
    """All evidence for ``row``; its log odds add up to those of the message against none."""
    found = [each for kind in KINDS if (each := kind(row, observed, around)) is not None]
    found += [each for kind in PRIOR if (each := kind(row, around)) is not None]
    adjustments = around.parameters.adjustments
    return tuple(_adjusted(each, adjustments.get(each.kind, 0.0)) for each in found) if adjustments else tuple(found)


def _adjusted(evidence: Evidence, by: float) -> Evidence:
    """What calibration made of it. It may take all weight from a fact, but not turn it round: more evidence for a
    message never speaks against it."""
    weight = evidence.log_odds + by
    if evidence.kind is not EvidenceKind.TIMING:
        weight = max(weight, 0.0) if evidence.log_odds > 0 else min(weight, 0.0)
    return replace(evidence, log_odds=weight)


def code_holds(row: MessageRow, observed: Observed, now: datetime) -> bool:
    """Whether the caller gave this message's code and it has not expired. A code without an end always holds."""
    if not observed.code_given or not row.code_keyed:
        return False
    return row.code_expires_at is None or now < row.code_expires_at


def number_on_file(row: MessageRow, observed: Observed) -> bool:
    """Whether the call comes from a number we have for this message's recipient or customer."""
    number = observed.number
    return number is not None and (number == row.to_phone or number in row.customer_phones)


def taken_as_theirs(row: MessageRow, observed: Observed, now: datetime) -> bool:
    """Whether the caller number counts as one of the customer's: on file, or, where it is not known as an extension, by
    an earlier call."""
    return number_on_file(row, observed) or (has_called(row, observed, now) and not row.switchboard)


def has_called(row: MessageRow, observed: Observed, now: datetime) -> bool:
    """Whether this number has called about the message before."""
    return observed.number is not None and row.called_at is not None and row.called_at <= now


def known_by_number(row: MessageRow, observed: Observed, now: datetime) -> bool:
    """Whether the caller number points at the customer: on file, an extension, or by an earlier call. Who is known by
    it is one of few, and what else they give or dial is to be held against these and not against all callers."""
    at_switchboard = row.switchboard and observed.number is not None
    return number_on_file(row, observed) or at_switchboard or has_called(row, observed, now)


def reference_fits(row: MessageRow, observed: Observed, hearings: Hearings | None = None) -> bool:
    """Whether what the caller gave is the message's reference, or one slip away from it; of what was heard, whether it
    speaks for it."""
    if hearings is not None:
        fits = row.reference is not None and row.reference not in hearings.refused
        return fits and hearings.log_ratio(row.reference or "") > 0.0
    given = _reference_given(observed)
    return (
        given is not None
        and row.reference is not None
        and (given == row.reference or one_slip_apart(given, row.reference))
    )


def at_hand(row: MessageRow, share: float, parameters: Parameters) -> float:
    """Of those who call about the message, who can read something out of it, where ``share`` can of one in writing."""
    return share * parameters.at_hand_after_call if row.channel == "call" else share


def leased_number_dialled(row: MessageRow, observed: Observed) -> bool:
    """Whether the number dialled was leased for this message or its campaign."""
    return observed.carriers is not None and row.service_number == observed.service_number


def _reference_given(observed: Observed) -> str | None:
    return normalised_reference(observed.reference) if observed.reference else None
