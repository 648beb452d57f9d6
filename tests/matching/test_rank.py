"""Whom we name for a call, and whom not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import fsum, log
from typing import Any

import pytest

from router.core.assurance import Assurance
from router.core.events import WITHHELD, Attestation, Caller
from router.core.hearing import Heard, Reading
from router.core.match import NO_MATCH, Decision, EvidenceKind, Match
from router.matching.live import LiveSet, Shape
from router.matching.observed import Delivery, MessageRow, Observed
from router.matching.parameters import DEFAULT
from router.matching.rank import MOST_CANDIDATES, posterior, rank

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MOBILE, LANDLINE, OTHER = "+4917139200001", "+493023125001", "+493023125099"
FROM_MOBILE, FROM_LANDLINE = Observed(Caller(MOBILE)), Observed(Caller(LANDLINE))
CODE = "4821390657"


def ago(**delta: float) -> datetime:
    return NOW - timedelta(**delta)


def a_message(message_id: str = "m1", sent_at: datetime | None = None, **fields: Any) -> MessageRow:
    row = MessageRow(message_id, sent_at or ago(hours=5), customer_id="anna", to_phone=MOBILE)
    return replace(row, **fields)


def keyed(**fields: Any) -> MessageRow:
    return a_message(code_keyed=True, code_expires_at=NOW + timedelta(days=30), **fields)


def test_nothing_known_is_no_match() -> None:
    assert rank(FROM_MOBILE, [], NOW) == NO_MATCH


def test_the_number_of_one_recent_message_is_likely_at_l1() -> None:
    match = rank(FROM_MOBILE, [a_message()], NOW)
    assert (match.decision, match.assurance) == (Decision.LIKELY, Assurance.L1)
    assert match.best is not None
    assert match.best.message_id == "m1"
    assert [each.kind for each in match.best.evidence] == [EvidenceKind.RECIPIENT_NUMBER, EvidenceKind.TIMING]
    assert match.code_accepted is None


def test_the_household_landline_of_a_customer_counts_too() -> None:
    letter = a_message(to_phone=None, customer_phones=frozenset({LANDLINE}))
    match = rank(FROM_LANDLINE, [letter], NOW)
    assert (match.decision, match.assurance) == (Decision.LIKELY, Assurance.L1)
    assert [each.kind for each in match.candidates[0].evidence] == [EvidenceKind.CUSTOMER_NUMBER, EvidenceKind.TIMING]


def test_only_the_exact_number_counts() -> None:
    assert rank(Observed(Caller(MOBILE[:-1])), [a_message()], NOW).decision is Decision.NONE
    assert rank(Observed(Caller(MOBILE + "0")), [a_message()], NOW).decision is Decision.NONE


def test_a_code_is_sure_and_with_the_number_on_file_l3() -> None:
    withheld = rank(Observed(WITHHELD, code=CODE), [keyed()], NOW)
    assert (withheld.decision, withheld.assurance, withheld.code_accepted) == (Decision.SURE, Assurance.L2, True)
    by_number = rank(Observed(Caller(MOBILE), code=CODE), [keyed(customer_phones=frozenset({MOBILE}))], NOW)
    assert (by_number.decision, by_number.assurance) == (Decision.SURE, Assurance.L3)


def test_code_and_number_of_different_customers_are_not_l3() -> None:
    of_ben = a_message("m2", customer_id="ben", to_phone=OTHER)
    match = rank(Observed(Caller(OTHER), code=CODE), [keyed(), of_ben], NOW)
    assert match.candidates[0].message_id == "m1"
    assert (match.decision, match.assurance) == (Decision.SURE, Assurance.L2)


def test_an_expired_and_an_unknown_code_look_the_same() -> None:
    expired = a_message(code_keyed=True, code_expires_at=NOW)
    wrong_code = Observed(WITHHELD, code=CODE)
    assert rank(wrong_code, [expired], NOW) == rank(wrong_code, [a_message()], NOW)
    assert rank(wrong_code, [expired], NOW).code_accepted is False
    assert rank(wrong_code, [], NOW).code_accepted is False
    assert rank(wrong_code, [expired], NOW).decision is Decision.NONE


@pytest.mark.parametrize("code", [None, "", "  "])
def test_no_code_keyed_in_is_neither_right_nor_wrong(code: str | None) -> None:
    assert rank(Observed(Caller(MOBILE), code=code), [keyed()], NOW).code_accepted is None


def test_a_wrong_code_does_not_take_the_number_away() -> None:
    assert rank(Observed(Caller(MOBILE), code="1"), [a_message()], NOW).decision is Decision.LIKELY


def test_a_caller_number_alone_is_never_sure_however_likely() -> None:
    ours = a_message(to_phone=None, customer_phones=frozenset({LANDLINE}))
    eager = replace(DEFAULT, sure=0.5, likely=0.4)
    alone = rank(FROM_LANDLINE, [ours], NOW, eager)
    assert (alone.decision, alone.assurance) == (Decision.LIKELY, Assurance.L1)
    assert alone.candidates[0].probability > eager.sure, "the thresholds must not be what keeps it from being sure"
    with_digits = replace(ours, reference="AB4821")
    asked = replace(FROM_LANDLINE, last_digits="821")
    assert (rank(asked, [with_digits], NOW).decision, rank(asked, [with_digits], NOW).assurance) == (
        Decision.SURE,
        Assurance.L1,
    ), "the last digits say which message it is about; who is calling they do not"


def test_a_number_that_several_customers_share_says_less() -> None:
    ours = a_message(to_phone=None, customer_phones=frozenset({LANDLINE}))
    alone, shared = rank(FROM_LANDLINE, [ours], NOW), rank(FROM_LANDLINE, [ours], NOW, sharers=2)
    assert shared.candidates[0].probability < alone.candidates[0].probability
    assert "2 customers share it." in [each.detail for each in shared.candidates[0].evidence]
    with_code = replace(ours, code_keyed=True)
    observed = Observed(Caller(LANDLINE), code=CODE)
    assert rank(observed, [with_code], NOW, sharers=2).decision is Decision.SURE


def test_who_calls_from_the_number_of_somebody_else_shares_it_from_then_on() -> None:
    annas = a_message("m1", to_phone=None, customer_phones=frozenset({LANDLINE}))
    bens = a_message("m2", customer_id="ben", to_phone=None, called_at=ago(hours=1))
    match = rank(FROM_LANDLINE, [annas, bens], NOW)
    details = {each.message_id: [fact.detail for fact in each.evidence] for each in match.candidates}
    assert details.keys() == {"m1", "m2"}
    assert all("2 customers share it." in found for found in details.values())
    attested = replace(FROM_LANDLINE, caller=Caller(LANDLINE, attestation=Attestation.FULL), code=CODE)
    keyed_in = rank(attested, [annas, replace(bens, code_keyed=True)], NOW)
    assert (keyed_in.candidates[0].message_id, keyed_in.decision) == ("m2", Decision.SURE)


def test_two_people_of_one_household_are_shown_side_by_side() -> None:
    anna = a_message("m1", customer_phones=frozenset({LANDLINE}))
    ben = a_message("m2", customer_id="ben", to_phone=OTHER, customer_phones=frozenset({LANDLINE}))
    match = rank(FROM_LANDLINE, [anna, ben], NOW)
    assert (match.decision, match.assurance) == (Decision.UNCLEAR, Assurance.L0)
    assert {candidate.message_id for candidate in match.candidates} == {"m1", "m2"}


def test_a_switchboard_number_says_next_to_nothing() -> None:
    rows = [
        a_message(f"m{n}", customer_id=f"c{n}", to_phone=None, customer_phones=frozenset({LANDLINE}))
        for n in range(500)
    ]
    assert rank(FROM_LANDLINE, rows, NOW).decision is Decision.NONE
    assert rank(FROM_LANDLINE, rows[:1], NOW, sharers=500).decision is Decision.NONE


def test_of_two_messages_the_later_is_named_when_it_leads_clearly() -> None:
    old, new = a_message("old", ago(hours=9)), a_message("new", ago(hours=1))
    match = rank(FROM_MOBILE, [old, new], NOW)
    assert match.decision is Decision.LIKELY
    assert [candidate.message_id for candidate in match.candidates] == ["new", "old"]


def test_of_two_messages_close_together_none_is_named() -> None:
    first, second = a_message("first", ago(days=3)), a_message("second", ago(days=2))
    match = rank(FROM_MOBILE, [first, second], NOW)
    assert (match.decision, match.assurance) == (Decision.UNCLEAR, Assurance.L0)
    assert [candidate.message_id for candidate in match.candidates] == ["second", "first"]


def test_the_offer_that_still_holds_comes_before_the_one_that_ended() -> None:
    ended = a_message("ended", ago(days=2), valid_until=ago(days=1))
    open_ = a_message("open", ago(days=3), valid_until=NOW + timedelta(days=5))
    match = rank(FROM_MOBILE, [ended, open_], NOW)
    assert match.candidates[0].message_id == "open"


def test_an_exact_tie_is_never_decided_even_by_eager_thresholds() -> None:
    eager = replace(DEFAULT, sure=0.1, likely=0.1)
    rows = [a_message("m1"), a_message("m2")]
    assert rank(FROM_MOBILE, rows, NOW, eager).decision is Decision.UNCLEAR


def test_among_equals_the_language_of_the_caller_comes_first() -> None:
    rows = [a_message("a", language="de"), a_message("b", language="en")]
    english = Observed(Caller(MOBILE), language="en")
    assert [each.message_id for each in rank(english, rows, NOW).candidates] == ["b", "a"]
    assert rank(english, rows, NOW).decision is Decision.UNCLEAR


def test_interest_fades() -> None:
    def probability(sent_at: datetime, valid_until: datetime | None = None) -> float:
        return posterior(FROM_MOBILE, [a_message(sent_at=sent_at, valid_until=valid_until)], NOW)[0][0].probability

    assert probability(ago(hours=1)) > probability(ago(days=10)) > probability(ago(days=100))
    assert probability(ago(days=10)) > probability(ago(days=10), ago(days=1)) > probability(ago(days=10), ago(days=8))
    assert probability(NOW + timedelta(minutes=2)) == pytest.approx(probability(NOW))
    assert probability(NOW + timedelta(days=2)) < 0.5, "a message that is not sent yet"


def test_the_number_dialled_alone_names_nobody() -> None:
    row = a_message(service_number="+4930555000")
    observed = Observed(WITHHELD, "+4930555000")
    assert rank(observed, [row], NOW) == NO_MATCH


def test_a_number_leased_for_one_message_may_name_it_but_never_opens_it() -> None:
    row = a_message(service_number="+4930555000", to_phone=None)
    match = rank(Observed(WITHHELD, "+4930555000", carriers=1), [row], NOW)
    assert match.candidates[0].message_id == "m1"
    assert match.decision in (Decision.LIKELY, Decision.UNCLEAR)
    assert match.assurance is Assurance.L0


def test_a_number_leased_for_a_campaign_is_evidence_not_proof() -> None:
    rows = [a_message(f"m{n}", customer_id=f"c{n}", to_phone=None, service_number="+4930555000") for n in range(50)]
    assert rank(Observed(WITHHELD, "+4930555000", carriers=50), rows, NOW).decision is not Decision.SURE
    ours = replace(rows[0], to_phone=MOBILE, sent_at=ago(days=3))
    by_number = rank(Observed(Caller(MOBILE)), [ours], NOW).candidates[0].probability
    with_both = rank(Observed(Caller(MOBILE), "+4930555000", carriers=50), [ours, *rows[1:]], NOW)
    assert with_both.best is not None
    assert with_both.best.message_id == "m0"
    assert with_both.best.probability > by_number


def test_messages_that_were_not_read_count_as_none_of_those_that_were() -> None:
    row = a_message(service_number="+4930555000", to_phone=None, reference="AB4821", sent_at=ago(minutes=1))
    observed = Observed(WITHHELD, "+4930555000", carriers=1)
    by_itself, with_one, with_five = (rank(replace(observed, unread=n), [row], NOW).candidates[0] for n in (0, 1, 5))
    assert with_one.probability == pytest.approx(by_itself.probability / (1 + by_itself.probability), rel=0.05)
    assert with_five.probability < with_one.probability / 2
    others = [replace(row, message_id=f"m{n}") for n in range(2, 50)]
    by_code = rank(
        replace(observed, code=CODE, carriers=300, unread=250), [replace(row, code_keyed=True), *others], NOW
    )
    assert by_code.decision is Decision.SURE, "what was not read has no part in what a code says"
    by_reference = replace(observed, reference="AB4821", carriers=300, unread=250)
    assert (
        rank(by_reference, [row], NOW).none_probability
        == rank(replace(by_reference, unread=0), [row], NOW).none_probability
    )


def test_a_code_settles_it_however_many_messages_with_the_number_were_not_read() -> None:
    others = [a_message(f"o{n}", service_number="+4930555000", to_phone=None) for n in range(5)]
    keyed = a_message("keyed", service_number="+4930555000", to_phone=None, code_keyed=True)
    observed = Observed(WITHHELD, "+4930555000", carriers=400, unread=394, code="4821390657")
    match = rank(observed, [keyed, *others], NOW)
    assert match.decision is Decision.SURE
    assert match.best is not None
    assert match.best.message_id == "keyed"


def test_the_evidence_adds_up_to_the_odds() -> None:
    row = a_message(delivery=Delivery.READ, valid_until=ago(hours=1), reference="AB4821", call_to_action=True)
    observed = Observed(Caller(MOBILE), reference="AB-4821")
    (weighed,), none = posterior(observed, [row], NOW)
    assert fsum(each.log_odds for each in weighed.evidence) == pytest.approx(log(weighed.probability / none))


def test_a_reference_alone_is_l1_and_with_the_number_on_file_l2() -> None:
    row = a_message(reference="K4711A93", customer_phones=frozenset({MOBILE}))
    stranger = rank(Observed(WITHHELD, reference="k-4711 a93"), [row], NOW)
    assert (stranger.decision, stranger.assurance) == (Decision.SURE, Assurance.L1)
    known = rank(Observed(Caller(MOBILE), reference="K4711A93"), [row], NOW)
    assert (known.decision, known.assurance) == (Decision.SURE, Assurance.L2)
    assert rank(Observed(WITHHELD, reference="K4711B94"), [row], NOW) == NO_MATCH


def test_of_two_references_a_slip_apart_the_one_that_was_given_leads_whoever_calls() -> None:
    given = a_message("given", sent_at=ago(days=4), channel="letter", to_phone=None, reference="ST204161")
    given = replace(given, customer_phones=frozenset({LANDLINE}))
    latest = a_message("latest", to_phone=LANDLINE, reference="ST204162", customer_phones=frozenset({LANDLINE}))
    for caller in (Caller(LANDLINE), WITHHELD):
        match = rank(Observed(caller, reference="ST-2041-61"), [given, latest], NOW)
        assert [each.message_id for each in match.candidates[:1]] == ["given"]
        assert match.candidates[0].probability > 0.95
        said = Observed(caller, heard=(Heard((Reading("ST204161", 0.9),), "typed", "de"),), confirmed="ST204161")
        match = rank(said, [given, latest], NOW, live=LiveSet(2, Shape(["ST204161", "ST204162"]), 0.01))
        assert [each.message_id for each in match.candidates[:1]] == ["given"]
        assert match.candidates[0].probability > 0.97


def test_a_reference_heard_with_a_slip_counts_for_less() -> None:
    row = a_message(reference="482139")
    exact = rank(Observed(WITHHELD, reference="482139", spoken=True), [row], NOW).candidates[0]
    slip = rank(Observed(WITHHELD, reference="482130", spoken=True), [row], NOW).candidates[0]
    assert exact.probability > slip.probability
    assert slip.evidence[0].kind is EvidenceKind.REFERENCE_HEARD


def test_an_attested_number_is_l2_and_a_forged_one_nothing() -> None:
    def by(attestation: Attestation | None, sharers: int = 1) -> Match:
        caller = Caller(MOBILE, attestation=attestation)
        row = a_message(sent_at=ago(hours=1), customer_phones=frozenset({MOBILE}))
        return rank(Observed(caller), [row], NOW, sharers=sharers)

    assert by(Attestation.FULL).assurance is Assurance.L2
    assert by(Attestation.FULL, sharers=2).assurance <= Assurance.L1, "who of the two calls, nobody attests"
    assert by(None) == by(Attestation.PARTIAL) == by(Attestation.GATEWAY)
    assert by(Attestation.FAILED).assurance is Assurance.L0
    assert by(Attestation.FAILED).none_probability > by(None).none_probability


def test_a_number_that_somebody_else_has_by_now_is_shared_however_well_attested() -> None:
    attested = Observed(Caller(MOBILE, attestation=Attestation.FULL))
    found = rank(attested, [a_message(sent_at=ago(hours=1))], NOW, sharers=1)
    assert found.decision is Decision.LIKELY
    assert found.assurance is Assurance.L1, "the one customer who has it on file need not be the one of the message"
    hers = a_message(sent_at=ago(hours=1), customer_phones=frozenset({MOBILE}))
    assert rank(attested, [hers], NOW, sharers=1).assurance is Assurance.L2


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({}, Assurance.L1),
        ({"reference": "K4711A93"}, Assurance.L1),
        ({"code": CODE}, Assurance.L2),
    ],
)
def test_a_number_taken_off_the_file_makes_likely_and_proves_nothing(given: dict[str, Any], level: Assurance) -> None:
    attested = Observed(Caller(MOBILE, attestation=Attestation.FULL), **given)
    row = a_message(sent_at=ago(hours=1), reference="K4711A93", code_keyed=bool(given.get("code")))
    assert rank(attested, [row], NOW).assurance is level
    still = replace(row, customer_phones=frozenset({MOBILE}))
    assert rank(attested, [still], NOW).assurance > level
    assert rank(attested, [replace(row, customer_id=None)], NOW).assurance > level, (
        "nothing else is known of its number"
    )


@pytest.mark.parametrize("ids", ["m1", "m1 m2"])
def test_a_forged_number_alone_brings_no_messages_up_side_by_side(ids: str) -> None:
    forged = Observed(Caller(MOBILE, attestation=Attestation.FAILED))
    rows = [a_message(each, reference=f"4821{each[-1]}9") for each in ids.split()]
    assert rank(replace(forged, caller=Caller(MOBILE)), rows, NOW).decision is not Decision.NONE
    assert rank(forged, rows, NOW).decision is Decision.NONE
    assert rank(replace(forged, reference="482119"), rows, NOW).decision is not Decision.NONE


def test_calibration_moves_weights_but_turns_no_evidence_round() -> None:
    def probability(**adjustments: float) -> float:
        adjusted = replace(DEFAULT, adjustments=adjustments)
        return posterior(FROM_MOBILE, [a_message(sent_at=ago(days=2))], NOW, adjusted)[0][0].probability

    without = posterior(Observed(Caller(None)), [a_message(sent_at=ago(days=2))], NOW)[0][0].probability
    assert probability(recipient_number=1.0) > probability() > probability(recipient_number=-1.0)
    assert probability(recipient_number=-100.0) == pytest.approx(without)
    assert probability(timing=-2.0) < probability()


def test_a_huge_number_of_candidates_is_ranked_and_cut() -> None:
    rows = [a_message(f"m{n}", ago(days=n % 170), customer_id=None) for n in range(50_000)]
    match = rank(FROM_MOBILE, rows, NOW)
    assert match.decision in (Decision.NONE, Decision.UNCLEAR)
    assert len(match.candidates) <= MOST_CANDIDATES
