"""What a sender may tell us, and what is refused, by field."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import Refused
from router.messages.registration import Registration, read

LEAST: dict[str, Any] = {"channel": "sms", "to": {"phone": "0171 39200 01"}, "offer": {"title": "Strom 12"}}


def refused(data: object) -> tuple[int, dict[str, str]]:
    with pytest.raises(Refused) as refusal:
        read(data, "DE")
    errors = refusal.value.more.get("errors", [])
    return refusal.value.status, {error["field"]: error["message"] for error in errors}


def with_offer(**fields: object) -> dict[str, Any]:
    return LEAST | {"offer": LEAST["offer"] | fields}


def test_every_field_is_read() -> None:
    told = {
        "external_id": "sms-1",
        "channel": "sms",
        "to": {"phone": "0171/39200-01", "email": "anna@example.org"},
        "customer": {
            "external_id": "c-1",
            "name": " Anna Beispiel ",
            "language": "de",
            "phones": ["030 23125 001", "+49 171 3920001"],
        },
        "offer": {
            "title": "Strom 12",
            "summary": "Zwölf Monate fest\n28 ct/kWh",
            "valid_from": "2026-03-01T00:00:00+01:00",
            "valid_until": "2026-03-31T23:59:59+02:00",
            "queue": "sales",
            "skills": ["power"],
            "topic": "power",
            "url": "https://example.org/strom",
            "facts": {"Preis": 28.4, "Fest": True, "IBAN": {"value": "DE00 1234", "sensitive": True}},
        },
        "body": "Guten Tag Frau Beispiel …",
        "reference": "A-2041",
        "campaign": "spring",
        "call_to_action": True,
        "pool": "spring",
        "lease": "message",
        "sent_at": "2026-03-02T09:00:00Z",
    }
    registration = read(json.dumps(told).encode(), "DE")
    assert registration.to.phone == "+491713920001"
    assert registration.customer is not None
    assert registration.customer.name == "Anna Beispiel"
    assert registration.customer.phones == ("+493023125001", "+491713920001")
    assert registration.offer.valid_until == datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
    assert registration.offer.facts["IBAN"] == {"value": "DE00 1234", "sensitive": True}
    assert registration.sent_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert (registration.offer.topic, registration.call_to_action) == ("power", True)
    assert (registration.pool, registration.leased_to) == ("spring", "message")


@pytest.mark.parametrize(
    ("data", "field", "why"),
    [
        (LEAST | {"to": None}, "message", "nobody to tie a call to"),
        (LEAST | {"to": {}}, "message", "nobody to tie a call to"),
        (LEAST | {"customer": {}}, "customer", "names nobody"),
        (LEAST | {"to": {"phone": "110"}}, "to.phone", "is not a telephone number in full"),
        (LEAST | {"to": {"phone": "23125001"}}, "to.phone", "is not a telephone number in full"),
        (LEAST | {"to": {"email": "anna@"}}, "to.email", "is not an e-mail address"),
        (LEAST | {"to": {"phone": 491713920001}}, "to.phone", "has to be a text"),
        (LEAST | {"colour": "red"}, "colour", "there is no such field"),
        (LEAST | {"channel": "fax"}, "channel", "has to be 'sms', 'email', 'letter' or 'call'"),
        ({"to": {"phone": "0171 39200 01"}, "offer": {"title": "x"}}, "channel", "is missing"),
        (LEAST | {"offer": {}}, "offer.title", "is missing"),
        (with_offer(title="  "), "offer.title", "is empty"),
        (with_offer(title="x" * 201), "offer.title", "is longer than 200 characters"),
        (with_offer(title="two\nlines"), "offer.title", "must be a single line"),
        (with_offer(title="a\x00b"), "offer.title", "U+0000"),
        (with_offer(title="\ud800"), "offer.title", "U+D800"),
        (with_offer(summary="x" * 2001), "offer.summary", "is longer than 2000 characters"),
        (with_offer(queue="sales team"), "offer.queue", "does not have the form"),
        (with_offer(topic="Strom"), "offer.topic", "does not have the form"),
        (with_offer(topic="x" * 41), "offer.topic", "does not have the form"),
        (LEAST | {"call_to_action": "yes"}, "call_to_action", "has to be true or false"),
        (LEAST | {"call_to_action": 1}, "call_to_action", "has to be true or false"),
        (LEAST | {"pool": "spring sale"}, "pool", "does not have the form"),
        (LEAST | {"pool": "x" * 41}, "pool", "does not have the form"),
        (LEAST | {"lease": "message"}, "lease", "give pool, too"),
        (LEAST | {"pool": "spring", "lease": "campaign"}, "lease", "give campaign, too"),
        (LEAST | {"pool": "spring", "lease": "customer"}, "lease", "has to be 'message' or 'campaign'"),
        (with_offer(url="javascript:alert(1)"), "offer.url", "is not a web address"),
        (with_offer(valid_until="2026-03-31"), "offer.valid_until", "is not a time with an offset"),
        (with_offer(valid_until="2026-03-31T18:00:00"), "offer.valid_until", "is not a time with an offset"),
        (with_offer(valid_until="2026-02-30T18:00:00Z"), "offer.valid_until", "is not in the calendar"),
        (with_offer(valid_until="0001-01-01T00:00:00+10:00"), "offer.valid_until", "is not in the calendar"),
        (with_offer(valid_until="9999-01-01T00:00:00Z"), "offer.valid_until", "2000 and 2100"),
        (with_offer(valid_until=1774972800), "offer.valid_until", "has to be a time with an offset"),
        (
            with_offer(valid_from="2026-03-31T18:00:00Z", valid_until="2026-03-31T20:00:00+02:00"),
            "offer",
            "ends before it begins",
        ),
        (with_offer(skills=["x"] * 21), "offer.skills", "has more than 20 entries"),
        (with_offer(facts={str(n): n for n in range(51)}), "offer.facts", "has more than 50 entries"),
        (with_offer(facts={"a": "x" * 501}), "offer.facts.a", "is longer than 500 characters"),
        (with_offer(facts={"a": [1]}), "offer.facts.a", "has to be a text, a number, true or false"),
        (with_offer(facts={"a": None}), "offer.facts.a", "has to be a text, a number, true or false"),
        (with_offer(facts={"a": {"valeu": 1}}), "offer.facts.a", "has to be"),
        (with_offer(facts={"a": {"value": 1, "sensitive": "no"}}), "offer.facts.a", "has to be true or false"),
        (with_offer(facts={"a": 10**400}), "offer.facts.a", "is too large a number"),
        (with_offer(facts={"a": float("nan")}), "offer.facts.a", "is too large a number"),
        (LEAST | {"reference": "x" * 65}, "reference", "is longer than 64 characters"),
        (LEAST | {"body": "x" * 20_001}, "body", "is longer than 20000 characters"),
        (LEAST | {"customer": {"phones": ["+493023125001"] * 21}}, "customer.phones", "has more than 20 entries"),
        (LEAST | {"customer": {"phones": ["030 23125 001", "x"]}}, "customer.phones.1", "is not a telephone number"),
        ([], "message", "has to be an object"),
        (json.dumps(LEAST), "message", "has to be an object"),
        (None, "message", "has to be an object"),
    ],
)
def test_wrong_fields_are_named_with_the_reason(data: object, field: str, why: str) -> None:
    status, errors = refused(data)
    assert status == 422
    assert why in errors[field]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}', b'"\\ud800"'])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    assert refused(data)[0] == 400


def test_the_first_twenty_errors_are_told_and_no_value_is_repeated() -> None:
    with pytest.raises(Refused) as refusal:
        read(LEAST | {f"field{n}": "a secret" for n in range(100)}, "DE")
    assert len(refusal.value.more["errors"]) == 20
    assert "a secret" not in str(refusal.value.more)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(sorted(Registration.model_fields)),
    json_values,
    json_values,
)
def test_whatever_stands_in_a_field_is_taken_or_refused(field: str, value: object, fact: object) -> None:
    try:
        registration = read(with_offer(facts={"a": fact}) | {field: value}, "DE")
    except Refused as refusal:
        assert refusal.status == 422
    else:
        assert len(registration.digest()) == 64


def test_what_means_the_same_has_the_same_digest() -> None:
    spelled = {"channel": "sms", "to": {"phone": "+49 171 3920001", "email": ""}, "offer": {"title": " Strom 12 "}}
    assert read(LEAST, "DE").digest() == read(spelled, "DE").digest()
    assert read(LEAST, "DE").digest() != read(with_offer(title="Strom 13"), "DE").digest()
    assert (
        read(with_offer(facts={"a": 1, "b": 2}), "DE").digest()
        == read(with_offer(facts={"b": 2, "a": 1}), "DE").digest()
    )


def test_fields_that_were_added_since_change_no_digest() -> None:
    more = {"external_id": "a", "campaign": "spring", "offer": {"title": "Strom 12", "skills": ["power"]}}
    assert read(LEAST, "DE").digest() == "b0e3fe1fbf24892082c4d75e8de079623192f3103942d295f7f6cb968f39a18c"
    assert read(LEAST | more, "DE").digest() == "59d225f626d09926c92ddbd5a4f7b934ea3fb09146c62f5579024fc76e53a12f"


@pytest.mark.parametrize(("campaign", "usual", "other"), [("spring", "campaign", "message"), (None, "message", None)])
def test_the_usual_lease_is_the_same_told_or_not(campaign: str | None, usual: str, other: str | None) -> None:
    message = LEAST | {"pool": "spring", "campaign": campaign}
    silent = read(message, "DE")
    assert silent.leased_to == usual
    assert read(message | {"lease": usual}, "DE").digest() == silent.digest()
    if other is not None:
        assert read(message | {"lease": other}, "DE").digest() != silent.digest()
    assert read(LEAST | {"campaign": campaign}, "DE").leased_to is None


def test_without_a_region_only_international_numbers_count() -> None:
    assert Registration.model_validate(LEAST | {"to": {"phone": "+491713920001"}}).to.phone == "+491713920001"
    with pytest.raises(Refused):
        read(LEAST, "ZZ")
