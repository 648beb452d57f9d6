from __future__ import annotations

from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

import pytest

from router.agents.ringing import Ringing
from router.core.assurance import Assurance
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match
from router.desk.card import Card, CardState, Label
from router.desk.cards import cards_for
from router.matching.disclosure import Policy
from router.store.database import Database
from router.store.tables import calls, customers, messages, number_leases
from tests.agents.house import START, House

RECIPIENT = "+491711234567"
SERVICE = "+4930555000"
BY_NUMBER = Evidence(EvidenceKind.RECIPIENT_NUMBER, 8.0, "The caller number is the one the message went to.")
BY_CODE = Evidence(EvidenceKind.CALLBACK_CODE, 14.0, "The caller keyed in the code.")
BY_SERVICE_NUMBER = Evidence(EvidenceKind.SERVICE_NUMBER, 0.5, "The message names the number dialled.")


@pytest.fixture
async def house(database: Database) -> House:
    house = House(database)
    async with house.database.begin() as connection:
        for name in ("Erika Muster", "Max Beispiel"):
            row = {"id": name, "external_id": f"K-{name[0]}", "name": name, "language": "de", "created_at": START}
            await connection.execute(customers.insert().values(row))
    return house


async def sent(house: House, message_id: str, customer: str | None = "Erika Muster", **values: Any) -> str:
    offer = {
        "title": f"Offer {message_id}",
        "summary": "Twice the data",
        "valid_from": None,
        "valid_until": "2026-03-31T23:59:00+02:00",
        "queue": "sales",
        "url": "https://example.org/o",
        "facts": {"tariff": "M", "price": 19.9, "5G": True, "iban": {"value": "DE02 1203", "sensitive": True}},
    }
    row = {
        "id": message_id,
        "digest": message_id,
        "channel": "sms",
        "customer_id": customer,
        "to_phone": RECIPIENT,
        "offer": offer,
        "body": "Hello, this is for you.",
        "reference": "AB-1",
        "campaign": "spring",
        "service_number": SERVICE,
        "sent_at": START - timedelta(days=1),
        "created_at": START,
    }
    async with house.database.begin() as connection:
        await connection.execute(messages.insert().values(row | values))
    return message_id


def match(decision: Decision, assurance: Assurance, *candidates: Candidate, code: bool | None = None) -> Match:
    return Match(decision, assurance, 0.02, candidates, code)


def candidate(message_id: str, probability: float, *evidence: Evidence) -> Candidate:
    return Candidate(message_id, probability, evidence or (BY_NUMBER,))


async def card_of(
    house: House, found: Match | None, *, policy: Policy = "normal", queue: str = "sales", **call: Any
) -> Card:
    """The card on the desk of the agent whose phone rings for a call with this match."""
    anna = await house.person("anna")
    call_id = await house.call(match=asdict(found) if found else None, **call)
    await Ringing(house.database, house.bus, house.clock).called(call_id, call_id, anna, queue)
    return await the_card(house, anna, policy)


async def the_card(house: House, person_id: str, policy: Policy = "normal") -> Card:
    async with house.database.read() as connection:
        (card,) = await cards_for(connection, person_id, house.clock(), policy)
    return card


SURE_BY_NUMBER = match(Decision.SURE, Assurance.L1, candidate("m1", 0.97, BY_SERVICE_NUMBER, BY_NUMBER))
BY_THE_CODE = match(Decision.SURE, Assurance.L2, candidate("m1", 0.99, BY_CODE), code=True)
BY_BOTH = match(Decision.SURE, Assurance.L3, candidate("m1", 0.99, BY_CODE, BY_NUMBER), code=True)


def facts(card: Card) -> dict[str, str | None]:
    return {fact.name: fact.value for fact in card.offer.facts} if card.offer else {}


def assert_nothing_opened(card: Card) -> None:
    assert (card.who, card.message, card.offer, card.why) == (None, None, None, ())


async def test_by_number_alone_it_is_probably_and_sensitive_facts_stay_closed(house: House) -> None:
    await sent(house, "m1")
    card = await card_of(house, SURE_BY_NUMBER, caller=RECIPIENT)
    assert (card.state, card.label, card.assurance) == (CardState.RINGING, Label.POSSIBLE, Assurance.L1)
    assert card.check_first
    assert card.who is not None
    assert (card.who.name, card.who.external_id) == ("Erika Muster", "K-E")
    assert card.message is not None
    assert (card.message.channel, card.message.body, card.message.reference) == (
        "sms",
        "Hello, this is for you.",
        "AB-1",
    )
    assert card.offer is not None
    assert card.offer.title == "Offer m1"
    assert card.offer.valid_until is not None
    assert card.offer.valid_until > house.clock()
    assert facts(card) == {"tariff": "M", "price": "19.9", "5G": "✓", "iban": None}
    assert [each.kind for each in card.why] == [EvidenceKind.RECIPIENT_NUMBER, EvidenceKind.SERVICE_NUMBER]
    assert (card.queue, card.service_number, card.campaign) == ("sales", SERVICE, "spring")
    assert not card.in_browser


async def test_with_the_code_it_is_verified(house: House) -> None:
    await sent(house, "m1")
    card = await card_of(house, BY_THE_CODE, withheld=True)
    assert (card.label, card.check_first, card.withheld, card.code_accepted) == (Label.VERIFIED, False, True, True)
    assert facts(card)["iban"] is None


async def test_with_code_and_number_everything_is_open(house: House) -> None:
    await sent(house, "m1")
    card = await card_of(house, BY_BOTH, caller=RECIPIENT)
    assert card.label is Label.VERIFIED
    assert facts(card)["iban"] is None, "opened one by one"


@pytest.mark.parametrize(
    ("found", "policy"),
    [
        (SURE_BY_NUMBER, "normal"),
        (SURE_BY_NUMBER, "strict"),
        (BY_BOTH, "normal"),
        (match(Decision.UNCLEAR, Assurance.L0, candidate("m1", 0.5), candidate("m2", 0.4)), "normal"),
        (match(Decision.NONE, Assurance.L0), "normal"),
    ],
)
async def test_no_card_shows_a_phone_number_of_the_customer(house: House, found: Match, policy: Policy) -> None:
    """Not the caller's, and not the recipient's either, which would pass for the caller's."""
    for message_id in ("m1", "m2"):
        await sent(house, message_id)
    card = await card_of(house, found, policy=policy, caller=RECIPIENT)
    assert RECIPIENT not in repr(card)
    assert not {field.name for field in fields(Card)} & {"caller", "caller_number", "number"}


async def test_strict_shows_the_campaign_dialled_only(house: House) -> None:
    await sent(house, "m1")
    card = await card_of(house, SURE_BY_NUMBER, policy="strict")
    assert_nothing_opened(card)
    assert card.candidates == ()
    assert (card.label, card.check_first, card.campaign) == (Label.POSSIBLE, True, "spring")
    assert "Erika" not in repr(card)


async def test_strict_opens_what_the_code_proves(house: House) -> None:
    await sent(house, "m1")
    assert (await card_of(house, BY_THE_CODE, policy="strict")).message is not None


async def test_several_with_none_ahead_are_side_by_side(house: House) -> None:
    await sent(house, "m1")
    await sent(house, "m2", customer="Max Beispiel", channel="letter")
    found = match(Decision.UNCLEAR, Assurance.L0, candidate("m1", 0.5), candidate("m2", 0.45))
    card = await card_of(house, found)
    assert_nothing_opened(card)
    assert (card.label, card.check_first, card.assurance) == (Label.POSSIBLE, True, Assurance.L0)
    assert [(each.message_id, each.channel, each.customer_name) for each in card.candidates] == [
        ("m1", "sms", "Erika Muster"),
        ("m2", "letter", "Max Beispiel"),
    ]
    assert [each.offer_title for each in card.candidates] == ["Offer m1", "Offer m2"]


async def test_beside_an_opened_message_strangers_are_not_named(house: House) -> None:
    await sent(house, "m1")
    await sent(house, "m2")
    await sent(house, "m3", customer="Max Beispiel")
    await sent(house, "m4", customer=None)
    others = [candidate(message_id, 0.01) for message_id in ("m2", "m3", "m4")]
    card = await card_of(house, match(Decision.SURE, Assurance.L1, candidate("m1", 0.95), *others))
    assert [(each.message_id, each.customer_name) for each in card.candidates] == [
        ("m2", "Erika Muster"),
        ("m3", None),
        ("m4", None),
    ]


async def test_a_message_without_a_customer_names_nobody(house: House) -> None:
    await sent(house, "m1", customer=None)
    await sent(house, "m2", customer="Max Beispiel")
    card = await card_of(house, match(Decision.SURE, Assurance.L1, candidate("m1", 0.9), candidate("m2", 0.05)))
    assert card.who is None
    assert card.message is not None
    assert "Max" not in repr(card)


@pytest.mark.parametrize("found", [None, match(Decision.NONE, Assurance.L0, code=False)])
async def test_nobody_recognised_in_the_default_queue(house: House, found: Match | None) -> None:
    await sent(house, "m1")
    card = await card_of(house, found, queue="default", caller=RECIPIENT)
    assert_nothing_opened(card)
    assert (card.label, card.queue, card.candidates) == (Label.UNKNOWN, "default", ())
    assert (card.service_number, card.campaign) == (SERVICE, "spring")
    assert card.code_accepted is (False if found else None)


async def test_a_number_of_several_campaigns_stands_for_none(house: House) -> None:
    await sent(house, "m1")
    await sent(house, "m2", campaign="summer")
    await sent(house, "m3", campaign=None)
    assert (await card_of(house, None)).campaign is None


async def leased(house: House, days: float, **values: Any) -> None:
    """The number dialled was leased yesterday, for so many days from now on."""
    yesterday, until = START - timedelta(days=1), START + timedelta(days=days)
    lease = {"id": "l1", "pool": "spring", "number": SERVICE, "leased_at": yesterday, "until": until, "free_at": until}
    async with house.database.begin() as connection:
        await connection.execute(number_leases.insert().values(lease | values))


@pytest.mark.parametrize(
    ("days", "lease", "campaign"),
    [
        (1, {"campaign": "autumn"}, "autumn"),
        (1, {"message_id": "m2"}, "summer"),
        (1, {"message_id": "m3"}, None),
        (-0.1, {"campaign": "autumn"}, None),
    ],
)
async def test_a_leased_number_stands_for_what_it_is_leased_to(
    house: House, days: float, lease: dict[str, str], campaign: str | None
) -> None:
    await sent(house, "m1")
    await sent(house, "m2", campaign="summer")
    await sent(house, "m3", campaign=None)
    await leased(house, days, **lease)
    assert (await card_of(house, None)).campaign == campaign


async def test_the_message_named_was_deleted_meanwhile(house: House) -> None:
    await sent(house, "m2")
    card = await card_of(house, match(Decision.SURE, Assurance.L1, candidate("m1", 0.9), candidate("m2", 0.05)))
    assert_nothing_opened(card)
    assert (card.label, card.candidates) == (Label.UNKNOWN, ())


async def test_a_call_that_never_reached_the_router(house: House) -> None:
    anna = await house.person("anna")
    await Ringing(house.database, house.bus, house.clock).called("1795372995.0", None, anna, "default")
    card = await the_card(house, anna)
    assert_nothing_opened(card)
    assert (card.label, card.call_id, card.service_number, card.queue) == (Label.UNAVAILABLE, None, None, "default")


@pytest.mark.parametrize("left", [{"state": "flow"}, {"state": "ended", "outcome": "hung_up"}])
async def test_a_call_the_router_lost_on_the_way(house: House, left: dict[str, Any]) -> None:
    await sent(house, "m1")
    card = await card_of(house, SURE_BY_NUMBER, queue="default", **left)
    assert_nothing_opened(card)
    assert (card.label, card.assurance, card.service_number) == (Label.UNAVAILABLE, Assurance.L0, SERVICE)
    assert card.candidates == ()


async def test_a_call_the_router_lost_stays_one_when_it_is_answered(house: House) -> None:
    await sent(house, "m1")
    anna = await house.person("anna")
    call_id = await house.call(match=asdict(SURE_BY_NUMBER), state="flow")
    ringing = Ringing(house.database, house.bus, house.clock)
    await ringing.called(call_id, call_id, anna, "default")
    await ringing.answered(call_id, anna)
    card = await the_card(house, anna)
    assert_nothing_opened(card)
    assert (card.label, card.state) == (Label.UNAVAILABLE, CardState.TALKING)


async def test_a_stored_match_of_another_version_opens_nothing(house: House) -> None:
    anna = await house.person("anna")
    call_id = await house.call(match={"decision": "certain"})
    await Ringing(house.database, house.bus, house.clock).called(call_id, call_id, anna, "sales")
    card = await the_card(house, anna)
    assert_nothing_opened(card)
    assert card.label is Label.UNKNOWN


async def test_the_call_talked_to_comes_first_and_gone_ones_not_at_all(house: House) -> None:
    anna = await house.person("anna")
    ringing = Ringing(house.database, house.bus, house.clock)
    for ref in ("1.0", "2.0", "3.0", "4.0"):
        call_id = await house.call(ref, channel="testphone")
        await ringing.called(call_id, call_id, anna, "sales")
        house.clock.forward(seconds=1)
        if ref == "2.0":
            await ringing.over(call_id)
        if ref == "3.0":
            await ringing.answered(call_id, anna)
    async with house.database.read() as connection:
        cards = await cards_for(connection, anna, house.clock(), "normal")
        refs = {row.id: row.channel_ref for row in await connection.execute(calls.select())}
    assert [refs[str(card.call_id)] for card in cards] == ["3.0", "1.0", "4.0"]
    assert [card.state for card in cards] == [CardState.TALKING, CardState.RINGING, CardState.RINGING]
    assert all(card.in_browser for card in cards)


async def test_an_offer_with_odd_content(house: House) -> None:
    offer = {"title": None, "valid_until": "tomorrow", "valid_from": "2026-03-01T00:00:00", "facts": {"x": {"a": 1}}}
    await sent(house, "m1", offer=offer)
    card = await card_of(house, SURE_BY_NUMBER)
    assert card.offer is not None
    assert (card.offer.title, card.offer.valid_until, card.offer.valid_from) == ("", None, None)
    assert facts(card) == {"x": None}


async def test_an_empty_desk(house: House) -> None:
    anna = await house.person("anna")
    async with house.database.read() as connection:
        assert await cards_for(connection, anna, house.clock(), "normal") == []
