"""Each kind of evidence by itself: when it is observed, which way it speaks, and how much."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp, isfinite, log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.events import WITHHELD, Attestation, Caller
from router.core.match import Evidence, EvidenceKind
from router.matching import evidence, prior
from router.matching.circumstances import Circumstances
from router.matching.observed import Delivery, MessageRow, Observed
from router.matching.parameters import DEFAULT

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MOBILE, LANDLINE, OTHER = "+4917139200001", "+493023125001", "+493023125099"
DIALLED, ANOTHER = "+4930555000", "+4930555001"
CODE = "4821390657"
AROUND = Circumstances(NOW, 1, True, DEFAULT)
FROM_MOBILE = Observed(Caller(MOBILE))


def a_message(**fields: Any) -> MessageRow:
    return replace(MessageRow("m1", NOW - timedelta(hours=5), customer_id="anna", to_phone=MOBILE), **fields)


def weight(found: Evidence | None) -> float:
    assert found is not None
    return found.log_odds


# --- the caller number ----------------------------------------------------------------------------------------------


def test_the_recipients_number_says_more_than_another_on_file() -> None:
    row = a_message(customer_phones=frozenset({MOBILE, LANDLINE}))
    recipient = evidence.caller_number(row, FROM_MOBILE, AROUND)
    customer = evidence.caller_number(row, Observed(Caller(LANDLINE)), AROUND)
    assert recipient is not None and customer is not None
    assert (recipient.kind, customer.kind) == (EvidenceKind.RECIPIENT_NUMBER, EvidenceKind.CUSTOMER_NUMBER)
    assert recipient.log_odds > customer.log_odds > log(1000)


def test_somebody_elses_number_speaks_against_the_message_and_an_unknown_one_a_little() -> None:
    observed = Observed(Caller(OTHER))
    somebodys = evidence.caller_number(a_message(), observed, AROUND)
    nobodys = evidence.caller_number(a_message(), observed, replace(AROUND, somebodys=False))
    assert somebodys is not None and nobodys is not None
    assert somebodys.kind is nobodys.kind is EvidenceKind.OTHER_NUMBER
    assert somebodys.log_odds < nobodys.log_odds < 0


@pytest.mark.parametrize("caller", [WITHHELD, Caller(None)])
@pytest.mark.parametrize(
    "kind",
    [
        evidence.caller_number,
        evidence.shared_number,
        evidence.switchboard,
        evidence.attestation,
        evidence.called_before,
    ],
)
def test_a_withheld_number_is_no_evidence_at_all(kind: evidence.Kind, caller: Caller) -> None:
    row = a_message(switchboard=True, called_at=NOW - timedelta(hours=1), customer_phones=frozenset({LANDLINE}))
    assert kind(row, Observed(caller), replace(AROUND, sharers=3)) is None


def test_the_more_share_a_number_the_less_it_says() -> None:
    weights = [weight(evidence.shared_number(a_message(), FROM_MOBILE, replace(AROUND, sharers=n))) for n in (2, 3, 50)]
    assert 0 > weights[0] > weights[1] > weights[2]
    assert exp(weights[0]) == pytest.approx(0.5, abs=0.05), "two share it: half as much each"
    assert evidence.shared_number(a_message(), FROM_MOBILE, AROUND) is None
    assert evidence.shared_number(a_message(), Observed(Caller(OTHER)), replace(AROUND, sharers=3)) is None


def test_an_extension_of_the_switchboard_counts_for_less_than_the_number_itself() -> None:
    row = a_message(switchboard=True)
    extension = weight(evidence.switchboard(row, Observed(Caller(OTHER)), AROUND))
    assert 0 < extension < weight(evidence.caller_number(row, FROM_MOBILE, AROUND))
    assert evidence.switchboard(row, FROM_MOBILE, AROUND) is None, "one fact counts once"
    assert evidence.caller_number(row, Observed(Caller(OTHER)), AROUND) is None


@pytest.mark.parametrize("attestation", [None, Attestation.PARTIAL, Attestation.GATEWAY])
def test_half_a_word_of_the_network_is_neutral(attestation: Attestation | None) -> None:
    assert evidence.attestation(a_message(), Observed(Caller(MOBILE, attestation=attestation)), AROUND) is None


def test_the_network_vouches_for_a_number_or_finds_it_forged() -> None:
    def by(attestation: Attestation, number: str = MOBILE) -> Evidence | None:
        return evidence.attestation(a_message(), Observed(Caller(number, attestation=attestation)), AROUND)

    assert weight(by(Attestation.FULL)) > 0 > weight(by(Attestation.FAILED))
    assert by(Attestation.FULL, OTHER) is None, "a number that does not count is not vouched for"


def test_a_forged_number_counts_no_more_for_having_called_before() -> None:
    forged = Observed(Caller(OTHER, attestation=Attestation.FAILED))
    assert evidence.attestation(a_message(), forged, AROUND) is None
    assert weight(evidence.attestation(a_message(called_at=NOW - timedelta(days=1)), forged, AROUND)) < 0


def test_an_earlier_call_about_the_message_counts_and_fades() -> None:
    def after(**since: float) -> Evidence | None:
        row = a_message(sent_at=NOW - timedelta(days=40), called_at=NOW - timedelta(**since))
        return evidence.called_before(row, FROM_MOBILE, AROUND)

    assert weight(after(hours=1)) > weight(after(days=5)) > weight(after(days=30)) > 0
    assert after(hours=-1) is None, "a call of the future is not known yet"


def test_a_number_on_no_file_is_known_once_it_has_called_about_the_message() -> None:
    row = a_message(called_at=NOW - timedelta(days=1))
    new_number = Observed(Caller(OTHER))
    assert evidence.caller_number(row, new_number, AROUND) is None
    on_no_file = weight(evidence.called_before(row, new_number, AROUND))
    assert on_no_file > weight(evidence.called_before(row, FROM_MOBILE, AROUND)) + log(1000)


# --- what the caller gave -------------------------------------------------------------------------------------------


def test_a_longer_code_says_more_and_ten_digits_outweigh_everything() -> None:
    row = a_message(code_keyed=True)
    short, long = (evidence.callback_code(row, Observed(WITHHELD, code=code), AROUND) for code in ("482139", CODE))
    assert weight(long) - weight(short) == pytest.approx(4 * log(10))
    assert weight(long) > log(1e9)


@pytest.mark.parametrize("code", [None, "", " "])
def test_no_code_is_no_evidence(code: str | None) -> None:
    assert evidence.callback_code(a_message(code_keyed=True), Observed(WITHHELD, code=code), AROUND) is None


def test_an_expired_code_is_none() -> None:
    expired = a_message(code_keyed=True, code_expires_at=NOW)
    assert evidence.callback_code(expired, Observed(WITHHELD, code=CODE), AROUND) is None
    assert evidence.callback_code(replace(expired, code_expires_at=None), Observed(WITHHELD, code=CODE), AROUND)


def test_the_reference_counts_exactly_and_with_a_slip() -> None:
    row = a_message(reference="AB482139")

    def given_as(text: str | None, spoken: bool = False) -> Evidence | None:
        return evidence.reference(row, Observed(WITHHELD, reference=text, spoken=spoken), AROUND)

    exact, slip, heard = given_as("ab 482-139"), given_as("AB482130"), given_as("AB482130", spoken=True)
    assert exact is not None and slip is not None and heard is not None
    assert (exact.kind, slip.kind) == (EvidenceKind.REFERENCE, EvidenceKind.REFERENCE_HEARD)
    assert exact.log_odds > heard.log_odds > slip.log_odds > 0, "a recogniser slips oftener than a finger"
    assert given_as("AB482177") is None
    assert given_as(None) is None
    assert given_as("") is None
    assert given_as("?!") is None


def test_a_reference_says_less_beside_the_number_of_the_same_customer() -> None:
    row = a_message(reference="AB482139")
    alone = weight(evidence.reference(row, Observed(WITHHELD, reference="AB482139"), AROUND))
    with_number = weight(evidence.reference(row, Observed(Caller(MOBILE), reference="AB482139"), AROUND))
    assert alone > with_number > 0, "who is known by number and gives the reference are not two strangers' coincidences"


def test_last_digits_right_wrong_and_none() -> None:
    row = a_message(reference="AB482139")

    def given_as(digits: str | None, message: MessageRow = row) -> Evidence | None:
        return evidence.last_digits(message, replace(FROM_MOBILE, last_digits=digits), AROUND)

    assert weight(given_as("2139")) > weight(given_as("139")) > weight(given_as("39")) > 0
    assert weight(given_as("138")) < weight(given_as("")) < 0
    assert given_as(None) is None
    assert given_as("139", a_message()) is None, "a message without a reference has no last digits"
    assert given_as("139", a_message(reference="482AB")) is None


def test_topics() -> None:
    def chosen(topic: str | None, of_message: str | None = "power") -> Evidence | None:
        return evidence.topic(a_message(topic=of_message), replace(FROM_MOBILE, topic=topic), AROUND)

    assert weight(chosen("power")) > 0 > weight(chosen("")) > weight(chosen("gas"))
    assert chosen(None) is None
    assert chosen("power", None) is None
    menu = replace(FROM_MOBILE, topic="other", topics=("power", "gas", "other"))
    assert evidence.topic(a_message(topic="internet"), menu, AROUND) is None, "it was not there to choose"


def test_saying_that_it_is_about_a_message() -> None:
    def said(answer: str | None) -> Evidence | None:
        return evidence.about_message(a_message(), replace(FROM_MOBILE, about_message=answer), AROUND)

    assert weight(said("yes")) > 0 > weight(said("")) > weight(said("no"))
    assert said(None) is None
    assert said("perhaps") is None


def test_a_recorded_call_leaves_nothing_to_read_out() -> None:
    asked = replace(FROM_MOBILE, last_digits="")
    letter, call = (a_message(reference="AB482139", channel=channel) for channel in ("letter", "call"))
    assert weight(evidence.last_digits(letter, asked, AROUND)) < weight(evidence.last_digits(call, asked, AROUND))


def test_the_number_dialled() -> None:
    def called(dialled: str | None, carriers: int | None, caller: Caller = WITHHELD) -> Evidence | None:
        return evidence.service_number(
            a_message(service_number=DIALLED), Observed(caller, dialled, carriers=carriers), AROUND
        )

    assert called(DIALLED, None) is None, "the number that all messages carry says nothing"
    assert called(None, None) is None
    assert weight(called(DIALLED, 1)) > weight(called(DIALLED, 100_000)) >= 0
    assert weight(called(DIALLED, 1)) > weight(called(DIALLED, 1, Caller(MOBILE))) > 0
    assert weight(called(ANOTHER, None)) < 0
    assert weight(called(ANOTHER, 3)) < 0


# --- what is known without the call ---------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["sms", "email", "letter", "call", "pigeon"])
def test_calls_about_a_message_fade_and_never_add_up_to_more_than_its_share(channel: str) -> None:
    step = 0.02
    rates = [prior.calls_a_day(channel, timedelta(days=n * step), DEFAULT) for n in range(1, 20_000)]
    curve = DEFAULT.curves.get(channel, DEFAULT.curves["sms"])
    assert 0.75 * curve.share < sum(rates) * step < 1.05 * curve.share
    assert rates[-1] < rates[len(rates) // 2] < max(rates)
    assert all(rate > 0 for rate in rates)


def test_a_letter_takes_longer_than_a_text() -> None:
    def share_within_a_day(channel: str) -> float:
        return sum(prior.calls_a_day(channel, timedelta(hours=n), DEFAULT) for n in range(1, 25)) / 24

    assert share_within_a_day("sms") > 5 * share_within_a_day("letter")
    after_a_week = timedelta(days=7)
    assert prior.calls_a_day("letter", after_a_week, DEFAULT) > prior.calls_a_day("sms", after_a_week, DEFAULT)


def test_a_message_planned_for_later_draws_hardly_a_call() -> None:
    planned = prior.timing(a_message(sent_at=NOW + timedelta(days=2)), AROUND)
    just_sent = prior.timing(a_message(sent_at=NOW + timedelta(minutes=10)), AROUND)
    assert planned.log_odds < just_sent.log_odds - log(100)
    assert planned.detail == "Planned as a text message for later; hardly anybody calls about what was not sent yet."


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=1), "1 minute"),
        (timedelta(minutes=45), "45 minutes"),
        (timedelta(hours=5), "5 hours"),
        (timedelta(days=3), "3 days"),
        (timedelta(days=300), "10 months"),
        (timedelta(days=36500), "1199 months"),
    ],
)
def test_the_time_since_sending_is_told_in_words(age: timedelta, words: str) -> None:
    assert f"Sent {words} ago as a text message" in prior.timing(a_message(sent_at=NOW - age), AROUND).detail


def test_delivery() -> None:
    weights = {each: prior.delivery(a_message(delivery=each), AROUND) for each in (None, *Delivery)}
    assert weights[None] is weights[Delivery.SENT] is None
    assert weight(weights[Delivery.FAILED]) < 0 < weight(weights[Delivery.DELIVERED]) < weight(weights[Delivery.READ])


def test_an_offer_that_ended_fades() -> None:
    def ended(**since: float) -> Evidence | None:
        return prior.offer_ended(a_message(valid_until=NOW - timedelta(**since)), AROUND)

    assert 0 > weight(ended(hours=1)) > weight(ended(days=7)) > weight(ended(days=30))
    assert ended(hours=-1) is None
    assert prior.offer_ended(a_message(), AROUND) is None
    assert weight(ended(days=0)) - weight(ended(days=7)) == pytest.approx(log(2))


def test_what_was_settled_draws_fewer_calls() -> None:
    assert weight(prior.answered(a_message(answered_at=NOW - timedelta(days=1)), AROUND)) < 0
    assert prior.answered(a_message(answered_at=NOW + timedelta(days=1)), AROUND) is None
    assert prior.answered(a_message(), AROUND) is None


def test_whether_the_message_asks_to_call() -> None:
    asks, does_not = (prior.call_to_action(a_message(call_to_action=value), AROUND) for value in (True, False))
    assert weight(asks) > 0 > weight(does_not)
    assert prior.call_to_action(a_message(), AROUND) is None


# --- for all kinds --------------------------------------------------------------------------------------------------


@given(
    st.timedeltas(timedelta(days=-40_000), timedelta(days=40_000)),
    st.timedeltas(timedelta(days=-40_000), timedelta(days=40_000)),
    st.integers(1, 10**9),
    st.integers(0, 10**12),
)
def test_no_age_and_no_crowd_breaks_a_weight(age: timedelta, other: timedelta, sharers: int, carriers: int) -> None:
    row = a_message(
        sent_at=NOW - age,
        valid_until=NOW - other,
        called_at=NOW - other,
        answered_at=NOW - other,
        service_number=DIALLED,
        reference="AB482139",
        topic="power",
        code_keyed=True,
        delivery=Delivery.READ,
        call_to_action=False,
    )
    observed = Observed(
        Caller(MOBILE), DIALLED, CODE, reference="AB482138", last_digits="9", topic="gas", carriers=carriers
    )
    for each in evidence.gather(row, observed, replace(AROUND, sharers=sharers)):
        assert isfinite(each.log_odds)
        assert each.detail.endswith(".")
        assert MOBILE not in each.detail and CODE not in each.detail and "482139" not in each.detail
