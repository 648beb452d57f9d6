"""Looking a call up in the database: by number and code, within bounds, and never by a withheld number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from router.calls.lookup import find_matches
from router.calls.question import Question, as_json, moment, observed
from router.core.assurance import Assurance
from router.core.events import WITHHELD, Caller
from router.core.hearing import Heard, Reading
from router.core.match import NO_MATCH, Decision, EvidenceKind, Match, QuestionKind
from router.core.match import Question as AskWhat
from router.errors import Refused
from router.matching.codes import CodeKeys
from router.matching.observed import Observed
from router.store.database import Connection, Database
from router.store.matching_sql import MOST_SHARERS
from tests.stored import NOW, a_call, a_customer, a_lease, a_message

KEYS = CodeKeys("a secret of the tests, long enough to pass")
MOBILE, LANDLINE, OTHER = "+4917139200001", "+493023125001", "+493023125099"
DIALLED = "+493023125800"
CODE, UNKNOWN_CODE = "4821390657", "1234567894"


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    async with database.begin() as connection:
        yield connection


async def find(connection: Connection, caller: Caller, code: str | None = None) -> Match:
    return await find_matches(connection, Observed(caller, code=code), NOW, KEYS)


def kinds(match: Match, message_id: str) -> set[EvidenceKind]:
    """What speaks for or against a candidate; the message has to be one."""
    (candidate,) = (candidate for candidate in match.candidates if candidate.message_id == message_id)
    return {evidence.kind for evidence in candidate.evidence}


async def test_an_empty_store_knows_nobody(connection: Connection) -> None:
    assert await find(connection, Caller(MOBILE)) == NO_MATCH
    assert await find(connection, WITHHELD) == NO_MATCH


async def test_the_recipient_calls_back(connection: Connection) -> None:
    await a_message(connection, "m1", to_phone=MOBILE)
    match = await find(connection, Caller(MOBILE))
    assert (match.decision, match.assurance) == (Decision.LIKELY, Assurance.L1)
    assert match.best is not None
    assert (match.best.offer_title, match.best.queue) == ("Strom 12", "sales")


async def test_the_customer_calls_from_the_landline_about_a_text_to_the_mobile(connection: Connection) -> None:
    await a_customer(connection, "anna", MOBILE, LANDLINE)
    await a_message(connection, "m1", to_phone=MOBILE, customer_id="anna")
    match = await find(connection, Caller(LANDLINE))
    assert match.best is not None
    assert match.best.language == "de"


async def test_a_code_needs_no_number_and_both_are_l3(connection: Connection) -> None:
    await a_customer(connection, "anna", LANDLINE)
    await a_message(
        connection, "m1", customer_id="anna", code_hash=KEYS.code_hash(CODE), sent_at=NOW - timedelta(days=300)
    )
    assert (await find(connection, WITHHELD, CODE)).assurance is Assurance.L2
    match = await find(connection, Caller(LANDLINE), "482 139 0657")
    assert (match.decision, match.assurance, match.code_accepted) == (Decision.SURE, Assurance.L3, True)
    assert (await find(connection, Caller(OTHER), CODE)).assurance is Assurance.L2


@pytest.mark.parametrize("code", [UNKNOWN_CODE, "4821390658", "1", "*#", "' or 1=1", "9" * 500, "٤٨٢١٣٩٠٦٥١", "\0"])
async def test_a_code_that_is_none_sounds_like_an_expired_one(connection: Connection, code: str) -> None:
    await a_message(connection, "m1", code_hash=KEYS.code_hash(CODE), code_expires_at=NOW - timedelta(seconds=1))
    expired = await find(connection, WITHHELD, CODE)
    assert expired.code_accepted is False
    assert await find(connection, WITHHELD, code) == expired


async def test_one_who_shares_the_number_but_got_no_message_keeps_it_from_being_sure(connection: Connection) -> None:
    await a_customer(connection, "anna", LANDLINE)
    await a_customer(connection, "ben", LANDLINE)
    await a_message(connection, "m1", customer_id="anna")
    match = await find(connection, Caller(LANDLINE))
    assert match.decision is Decision.LIKELY
    assert "2 customers share it." in [each.detail for each in match.candidates[0].evidence]


async def test_old_messages_are_not_found_by_number(connection: Connection) -> None:
    await a_message(connection, "m1", to_phone=MOBILE, sent_at=NOW - timedelta(days=181))
    await a_message(connection, "m2", to_phone=MOBILE, sent_at=NOW + timedelta(days=1))
    assert await find(connection, Caller(MOBILE)) == NO_MATCH


async def test_a_number_with_very_many_messages_and_customers_stays_bounded(connection: Connection) -> None:
    for number in range(MOST_SHARERS + 20):
        await a_customer(connection, f"c{number}", LANDLINE)
        await a_message(connection, f"m{number}", customer_id=f"c{number}", to_phone=LANDLINE)
    match = await find(connection, Caller(LANDLINE))
    assert match.decision is Decision.NONE
    await a_message(connection, "coded", customer_id="c1", code_hash=KEYS.code_hash(CODE))
    coded = await find(connection, Caller(LANDLINE), CODE)
    assert coded.best is not None
    assert coded.best.message_id == "coded"


async def test_evidence_told_to_people_holds_neither_number_nor_code(connection: Connection) -> None:
    await a_message(connection, "m1", to_phone=MOBILE, code_hash=KEYS.code_hash(CODE))
    told = str(as_json(await find(connection, Caller(MOBILE), CODE)))
    assert "sure" in told
    assert MOBILE[3:] not in told
    assert CODE not in told


async def test_an_extension_finds_what_was_sent_to_its_switchboard(connection: Connection) -> None:
    await a_customer(connection, "works", "+4930231250")
    await a_message(connection, "m1", customer_id="works", reference="AB482139", service_number=DIALLED)
    match = await find(connection, Caller("+493023125011"))
    assert EvidenceKind.SWITCHBOARD in kinds(match, "m1")
    given = Observed(Caller("+493023125011"), reference="AB-482 139")
    match = await find_matches(connection, given, NOW, KEYS)
    assert {EvidenceKind.SWITCHBOARD, EvidenceKind.REFERENCE} <= kinds(match, "m1")


async def test_who_is_known_is_never_an_extension(connection: Connection) -> None:
    await a_customer(connection, "works", "+4930231250")
    await a_message(connection, "m1", customer_id="works")
    await a_customer(connection, "anna", "+493023125011")
    assert await find(connection, Caller("+493023125011")) == NO_MATCH


async def test_a_reference_counts_exactly_before_one_with_a_slip(connection: Connection) -> None:
    await a_message(connection, "m1", reference="AB482139")
    await a_message(connection, "m2", reference="AB482193")
    exact = await find_matches(connection, Observed(WITHHELD, reference="ab 482 139"), NOW, KEYS)
    assert [candidate.message_id for candidate in exact.candidates] == ["m1"]
    slipped = await find_matches(connection, Observed(WITHHELD, reference="ab 482 13", spoken=True), NOW, KEYS)
    assert kinds(slipped, "m1") >= {EvidenceKind.REFERENCE_HEARD}
    for nothing in ("", "   ", "*#", "9" * 500):
        assert await find_matches(connection, Observed(WITHHELD, reference=nothing), NOW, KEYS) == NO_MATCH


async def test_a_number_of_a_pool_tells_even_of_a_withheld_caller(connection: Connection) -> None:
    await a_message(connection, "m1", service_number=DIALLED)
    await a_lease(connection, DIALLED, message_id="m1")
    observed = Observed(WITHHELD, DIALLED)
    leased = await find_matches(connection, observed, NOW, KEYS, pool_numbers={DIALLED})
    assert EvidenceKind.SERVICE_NUMBER in kinds(leased, "m1")
    assert await find_matches(connection, observed, NOW, KEYS) == NO_MATCH
    assert await find_matches(connection, Observed(WITHHELD, OTHER), NOW, KEYS, pool_numbers={DIALLED}) == NO_MATCH


async def test_a_second_call_counts_for_what_the_first_was_about(connection: Connection) -> None:
    await a_message(connection, "m1", to_phone=MOBILE)
    await a_message(connection, "m2", to_phone=MOBILE)
    await a_call(connection, MOBILE, "m2")
    match = await find(connection, Caller(MOBILE))
    assert match.candidates[0].message_id == "m2"
    assert EvidenceKind.CALLED_BEFORE in kinds(match, "m2")


async def test_the_question_asked_is_one_of_those_that_can_be_put(connection: Connection) -> None:
    for number, reference in enumerate(("AB480001", "AB480002")):
        await a_message(connection, f"m{number}", to_phone=MOBILE, reference=reference)
    digits = AskWhat(QuestionKind.LAST_DIGITS, 4)
    asked = Observed(Caller(MOBILE))
    assert (await find_matches(connection, asked, NOW, KEYS, questions=(digits,))).question == digits
    assert (await find_matches(connection, asked, NOW, KEYS)).question is None


def test_what_is_said_is_a_reference_and_a_code_where_it_can_be_one() -> None:
    def given(**fields: str) -> tuple[str | None, str | None, list[str]]:
        seen = observed(Question.model_validate(fields), "DE")
        return seen.code, seen.reference, [heard.readings[0].text for heard in seen.heard]

    assert given(spoken=" ".join(CODE)) == (CODE, None, [CODE])
    assert given(spoken="vier acht zwei eins drei") == (None, None, ["48213"])
    assert given(spoken="vier acht zwei", code=CODE) == (CODE, None, ["482"])
    assert given(spoken="vier acht zwei", reference="AB-48") == (None, "AB-48", [])
    assert given(spoken="guten Tag") == (None, None, [])
    assert given(code=CODE, reference="AB-48") == (CODE, "AB-48", [])


def test_a_question_is_read_in_any_spelling() -> None:
    asked = Question.model_validate(
        {"from": "0171 39200 01", "to": "030/23125-000", "spoken": "vier acht zwei eins", "language": "de"}
    )
    heard = Heard((Reading("4821", 1.0),), "typed", "de")
    assert observed(asked, "DE") == Observed(Caller("+491713920001"), "+493023125000", language="de", heard=(heard,))
    assert moment(asked, NOW) == NOW
    later = Question.model_validate({"at": "2026-03-02T12:00:00+01:00"})
    assert moment(later, NOW) == NOW + timedelta(hours=1)


@pytest.mark.parametrize("asked", [{"withheld": True, "from": MOBILE}, {"from": "anonymous"}, {"from": ""}])
def test_a_withheld_number_in_a_question_is_dropped(asked: dict[str, object]) -> None:
    assert observed(Question.model_validate(asked), "DE").caller == WITHHELD


def test_a_question_with_wrong_numbers_is_refused_by_field() -> None:
    with pytest.raises(Refused) as refused:
        observed(Question.model_validate({"from": "abc", "to": "12"}), "DE")
    assert refused.value.status == 422
    assert [error["field"] for error in refused.value.more["errors"]] == ["from", "to"]


async def test_the_last_digits_of_the_code_settle_what_the_number_leaves_open(connection: Connection) -> None:
    codes = {"m1": "4821390657", "m2": "1357902469"}
    for message_id, code in codes.items():
        sealed = KEYS.seal(code, message_id)
        await a_message(connection, message_id, to_phone=MOBILE, sent_at=NOW - timedelta(hours=3), code_sealed=sealed)
    asked = Observed(Caller(MOBILE))
    last_two = AskWhat(QuestionKind.LAST_DIGITS, 2)
    first = await find_matches(connection, asked, NOW, KEYS, questions=(last_two,))
    assert (first.decision, first.question) == (Decision.UNCLEAR, last_two)
    settled = await find_matches(connection, replace(asked, last_digits="657"), NOW, KEYS)
    assert (settled.decision, settled.assurance) == (Decision.SURE, Assurance.L1), "so few digits are no secret"
    assert settled.best is not None
    assert settled.best.message_id == "m1"
    assert "657" not in str(settled)
    wrong = await find_matches(connection, replace(asked, last_digits="658"), NOW, KEYS)
    assert wrong.decision in (Decision.UNCLEAR, Decision.NONE)


async def test_the_last_digits_of_an_expired_code_settle_nothing(connection: Connection) -> None:
    sealed = KEYS.seal(CODE, "m1")
    await a_message(
        connection, "m1", to_phone=MOBILE, sent_at=NOW - timedelta(days=3), code_sealed=sealed, code_expires_at=NOW
    )
    asked = Observed(Caller(MOBILE), last_digits=CODE[-3:])
    assert (await find_matches(connection, asked, NOW, KEYS)).decision is not Decision.SURE
