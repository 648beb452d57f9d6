"""Registering: handles come back, repeats are harmless, clashes are named, and a call finds the message."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from router.calls.lookup import find_matches
from router.core.assurance import Assurance
from router.core.events import WITHHELD, Caller
from router.core.match import Decision
from router.errors import Refused
from router.matching.codes import CodeKeys, well_formed
from router.matching.observed import Observed
from router.messages.handles import HandleRules, qr_svg
from router.messages.issuing import random_digits
from router.messages.registrar import Registrar
from router.messages.registration import read
from router.settings import Settings, SettingsRefused
from router.store.database import Database
from router.store.tables import customer_phones, customers, messages

ANNA = {"external_id": "c-1", "name": "Anna Beispiel", "language": "de", "phones": ["030 23125 001"]}


def told(external_id: str | None = "sms-1", **fields: Any) -> Any:
    data = {
        "external_id": external_id,
        "channel": "sms",
        "to": {"phone": "0171 39200 01"},
        "customer": ANNA,
        "offer": {"title": "Strom 12", "queue": "sales", "valid_until": "2026-03-20T00:00:00Z"},
        "reference": "A-2041",
    }
    return read(data | fields, "DE")


async def count(database: Database, table: Any) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_message_gets_its_handles(registrar: Registrar) -> None:
    registered = await registrar.register(told())
    assert registered.created
    assert registered.callback_code is not None
    assert well_formed(registered.callback_code, 10)
    assert registered.as_json() == {
        "id": registered.id,
        "callback_code": registered.callback_code,
        "reference": "A-2041",
        "tel_link": f"tel:+4930555000,,,{registered.callback_code}",
        "qr_url": f"/v1/messages/{registered.id}/qr.svg",
        "service_number": "+4930555000",
    }


async def test_a_call_finds_it_by_its_reference_though_a_slip_is_in_it(
    registrar: Registrar, database: Database, keys: CodeKeys, now: datetime
) -> None:
    first = await registrar.register(told(reference="AB-482139"))
    async with database.begin() as connection:
        batch = [told("sms-2", reference="ab 482 139"), told("sms-3", customer=None, reference="CD-482139")]
        second, third = await registrar.register_new(connection, batch)
    assert second is not None
    assert third is not None
    for spelling, expected in {
        "ab482139": {first.id, second.id},
        "AB 482 193": {first.id, second.id},
        "cd/48213": {third.id},
        "XY-482139": set(),
    }.items():
        async with database.read() as connection:
            match = await find_matches(connection, Observed(WITHHELD, reference=spelling), now, keys)
        assert {candidate.message_id for candidate in match.candidates} == expected, spelling
    for reference in ("-", "ß" * 40, "€" * 64, "9" * 64):  # stored and given back, but never compared
        assert (await registrar.register(told(None, reference=reference))).reference == reference


async def test_a_call_finds_it_by_number_by_landline_and_by_code(
    registrar: Registrar, database: Database, keys: CodeKeys, now: datetime
) -> None:
    registered = await registrar.register(told())

    async def found(observed: Observed) -> tuple[Decision, Assurance]:
        async with database.read() as connection:
            match = await find_matches(connection, observed, now + timedelta(hours=1), keys)
        assert match.best is not None
        assert match.best.message_id == registered.id
        assert (match.best.queue, match.best.language, match.best.offer_title) == ("sales", "de", "Strom 12")
        return match.decision, match.assurance

    code = registered.callback_code
    assert await found(Observed(Caller("+491713920001"))) == (Decision.LIKELY, Assurance.L1)
    assert await found(Observed(Caller("+493023125001"))) == (Decision.LIKELY, Assurance.L1)
    assert await found(Observed(WITHHELD, code=code)) == (Decision.SURE, Assurance.L2)
    assert await found(Observed(Caller("+493023125001"), code=code)) == (Decision.SURE, Assurance.L3)


async def test_a_code_ends_some_time_after_its_offer(registrar: Registrar, database: Database, keys: CodeKeys) -> None:
    registered = await registrar.register(told())
    observed = Observed(WITHHELD, code=registered.callback_code)
    end = datetime.fromisoformat("2026-03-20T00:00:00+00:00") + timedelta(days=30)
    async with database.read() as connection:
        assert (await find_matches(connection, observed, end - timedelta(seconds=1), keys)).code_accepted
        assert (await find_matches(connection, observed, end, keys)).code_accepted is False


async def test_told_again_it_is_the_same_message_with_the_same_code(registrar: Registrar, database: Database) -> None:
    first = await registrar.register(told())
    again = await registrar.register(told(to={"phone": "+49 171 3920001"}))
    assert again == replace(first, created=False)
    assert await count(database, messages) == 1
    assert await count(database, customers) == 1


async def test_many_at_the_same_time_are_one_message(registrar: Registrar, database: Database) -> None:
    answers = await asyncio.gather(*(registrar.register(told()) for _ in range(20)))
    assert len({answer.callback_code for answer in answers}) == 1
    assert sum(answer.created for answer in answers) == 1
    assert await count(database, messages) == 1
    assert await count(database, customers) == 1


async def test_many_messages_to_one_customer_at_the_same_time(
    registrar: Registrar, database: Database, keys: CodeKeys, rules: HandleRules, now: datetime
) -> None:
    other = Database(database.url)
    machines = (registrar, Registrar(other, keys, rules, lambda: now))
    people = (ANNA, ANNA | {"phones": ["030 23125 002"]}, {"external_id": "c-2", "name": "Ben"})
    wanted = [(f"sms-{n}", people[n % 3], machines[n % 2]) for n in range(24)]
    answers = await asyncio.gather(
        *(machine.register(told(name, customer=customer)) for name, customer, machine in wanted)
    )
    assert len({answer.callback_code for answer in answers}) == await count(database, messages) == 24
    assert await count(database, customers) == 2
    await other.close()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"offer": {"title": "Strom 13", "queue": "sales", "valid_until": "2026-03-20T00:00:00Z"}}, ["offer.title"]),
        ({"to": {"phone": "0171 39200 02"}, "reference": None}, ["to.phone", "reference", "customer.phones"]),
        ({"customer": ANNA | {"name": "Anna Anders"}}, ["customer.name"]),
        ({"customer": ANNA | {"phones": []}}, ["customer.phones"]),
        ({"customer": None}, ["customer"]),
        ({"sent_at": "2026-01-01T00:00:00Z"}, ["sent_at"]),
        ({"channel": "letter", "body": "Hallo"}, ["channel", "body"]),
        ({"call_to_action": False}, ["call_to_action"]),
        ({"pool": "spring"}, ["pool", "lease"]),
        (
            {"offer": {"title": "Strom 12", "queue": "sales", "valid_until": "2026-03-20T00:00:00Z", "topic": "power"}},
            ["offer.topic"],
        ),
    ],
)
async def test_the_same_id_with_other_content_is_a_conflict_that_names_the_fields(
    registrar: Registrar, database: Database, fields: dict[str, Any], named: list[str]
) -> None:
    first = await registrar.register(told())
    with pytest.raises(Refused) as refusal:
        await registrar.register(told(**fields))
    assert refusal.value.status == 409
    assert [error["field"] for error in refusal.value.more["errors"]] == named
    stored = await registrar.stored(first.id)
    assert stored is not None
    assert stored["customer"]["name"] == "Anna Beispiel", "a refusal changes nothing"
    assert stored["customer"]["phones"] == ["+491713920001", "+493023125001"]


async def test_messages_without_an_id_are_new_each_time(registrar: Registrar) -> None:
    first, second = await registrar.register(told(None)), await registrar.register(told(None))
    assert first.id != second.id
    assert first.callback_code != second.callback_code


async def test_what_is_told_of_a_customer_replaces_what_was_known(registrar: Registrar) -> None:
    await registrar.register(told("1"))
    moved = await registrar.register(told("2", customer={"external_id": "c-1", "phones": ["030 23125 002"]}))
    stored = await registrar.stored(moved.id)
    assert stored is not None
    assert stored["customer"] == {
        "external_id": "c-1",
        "name": "Anna Beispiel",
        "language": "de",
        "segment": None,
        "phones": ["+491713920001", "+493023125002"],
    }
    silent = await registrar.register(told("3", customer={"external_id": "c-1"}, to={"email": "anna@example.org"}))
    stored = await registrar.stored(silent.id)
    assert stored is not None
    assert stored["customer"]["phones"] == ["+491713920001", "+493023125002"], "nothing told, nothing changed"


async def test_a_customer_without_an_id_is_known_again_by_name_and_number(
    registrar: Registrar, database: Database
) -> None:
    nameless = {"name": "Ben Muster", "phones": ["030 23125 007"]}
    await registrar.register(told("1", customer=nameless))
    await registrar.register(told("2", customer=nameless))
    await registrar.register(told("3", customer=nameless | {"name": "Cem Muster"}))
    assert await count(database, customers) == 2
    assert await count(database, customer_phones) == 4


async def test_a_code_that_is_taken_is_drawn_again(
    database: Database, keys: CodeKeys, rules: HandleRules, now: datetime
) -> None:
    drawn = iter(["111111111", "111111111", "111111111", "222222222"])
    registrar = Registrar(database, keys, rules, lambda: now, draw=lambda count: next(drawn))
    first = await registrar.register(told("1"))
    second = await registrar.register(told("2"))
    assert first.callback_code is not None
    assert second.callback_code is not None
    assert first.callback_code.startswith("111111111")
    assert second.callback_code.startswith("222222222")


async def test_when_no_code_is_free_nothing_is_stored(
    database: Database, keys: CodeKeys, rules: HandleRules, now: datetime
) -> None:
    registrar = Registrar(database, keys, rules, lambda: now, draw=lambda count: "1" * count)
    await registrar.register(told("1"))
    with pytest.raises(Refused, match="THREADLINE_CODE_DIGITS"):
        await registrar.register(told("2"))
    assert await count(database, messages) == 1


async def test_under_another_secret_a_code_is_gone_but_the_message_is_not(
    registrar: Registrar, database: Database, rules: HandleRules, now: datetime
) -> None:
    first = await registrar.register(told())
    stranger = Registrar(database, CodeKeys("another secret, just as long as the first"), rules, lambda: now)
    again = await stranger.register(told())
    assert (again.id, again.callback_code, again.tel_link, again.qr_url) == (first.id, None, None, None)


async def test_the_database_holds_no_code_in_the_clear(registrar: Registrar, database: Database) -> None:
    registered = await registrar.register(told())
    assert registered.callback_code is not None
    async with database.read() as connection:
        row = (await connection.execute(select(messages))).one()
    assert registered.callback_code not in str(row)
    assert registered.callback_code.encode() not in row.code_sealed + row.code_hash


async def test_a_message_is_read_back_as_it_was_told(registrar: Registrar) -> None:
    registered = await registrar.register(told(sent_at="2026-03-01T12:00:00+01:00"))
    stored = await registrar.stored_as("sms-1")
    assert stored == await registrar.stored(registered.id)
    assert stored is not None
    assert stored["sent_at"] == "2026-03-01T11:00:00Z"
    assert stored["code_expires_at"] == "2026-04-19T00:00:00Z"
    assert stored["offer"]["queue"] == "sales"
    assert stored["callback_code"] == registered.callback_code
    for strange in ("nothing", "", "a\x00b", "\ud800"):
        assert await registrar.stored(strange) is None
        assert await registrar.stored_as(strange) is None
        assert await registrar.qr_code(strange) is None


async def test_the_qr_code_is_an_svg_of_the_tel_link(registrar: Registrar) -> None:
    registered = await registrar.register(told())
    drawn = await registrar.qr_code(registered.id)
    assert registered.tel_link is not None
    assert drawn == qr_svg(registered.tel_link)
    assert drawn.startswith(b"<?xml")
    assert await registrar.qr_code("nothing") is None


async def test_without_a_service_number_there_is_no_link(
    database: Database, keys: CodeKeys, rules: HandleRules, now: datetime
) -> None:
    registrar = Registrar(database, keys, replace(rules, service_number=None), lambda: now)
    registered = await registrar.register(told())
    assert registered.callback_code is not None
    assert (registered.tel_link, registered.qr_url, registered.service_number) == (None, None, None)
    assert await registrar.qr_code(registered.id) is None


def test_rules_come_from_the_settings() -> None:
    rules = HandleRules.of(Settings(service_number="030 555000", tel_pauses=2))
    assert rules.tel_link(rules.service_number, "123") == "tel:+4930555000,,123"
    assert HandleRules.of(Settings()).service_number is None
    with pytest.raises(SettingsRefused, match="SERVICE_NUMBER"):
        HandleRules.of(Settings(service_number="0800"))


def test_random_digits_are_digits_and_differ() -> None:
    drawn = [random_digits(9) for _ in range(50)]
    assert all(len(each) == 9 and each.isdigit() for each in drawn)
    assert len(set(drawn)) == 50


async def test_an_offer_cannot_name_a_queue_that_is_not_there(
    registrar: Registrar, database: Database, rules: HandleRules
) -> None:
    registrar.rules = replace(rules, queues=("default", "sales"))
    with pytest.raises(Refused) as refused:
        await registrar.register(told(offer={"title": "Strom", "queue": "slaes"}))
    assert refused.value.status == 422
    assert refused.value.more["errors"][0]["field"] == "offer.queue"
    assert "default, sales" in refused.value.detail
    assert await count(database, messages) == 0
    assert (await registrar.register(told(offer={"title": "Strom", "queue": "sales"}))).created
