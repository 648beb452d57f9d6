"""Messages with a number of their own: who gets which, for how long, and what happens when many ask at one time."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from router.errors import Refused
from router.matching.codes import CodeKeys
from router.messages import leasing
from router.messages.handles import HandleRules
from router.messages.imports import import_rows
from router.messages.leasing import PoolState
from router.messages.pools import Pools, State
from router.messages.registrar import Registered, Registrar
from router.messages.registration import Registration, read
from router.store.database import Database
from router.store.tables import number_leases

GENERAL = "+4930555000"
ONE, TWO, THREE = NUMBERS = ("+493023125101", "+493023125102", "+493023125103")
POOLS = Pools({"spring": NUMBERS, "letters": ("+493023125110",)}, timedelta(days=30))


def told(external_id: str, pool: str | None = "spring", **fields: Any) -> Registration:
    return read(row(external_id, pool, **fields), "DE")


def row(external_id: str, pool: str | None = "spring", days: float = 10, **fields: Any) -> dict[str, Any]:
    ends = datetime.fromisoformat("2026-03-02T10:00:00+00:00") + timedelta(days=days)
    offer = {"title": "Strom", "valid_until": ends.isoformat()}
    data = {"external_id": external_id, "channel": "sms", "to": {"phone": "0171 39200 01"}, "offer": offer}
    return data | {"pool": pool} | fields


class House:
    """A registrar with pools, whose clock can be moved on."""

    def __init__(self, database: Database, keys: CodeKeys, rules: HandleRules, now: datetime) -> None:
        self.database = database
        self.now = now
        self.registrar = Registrar(database, keys, replace(rules, pools=POOLS), lambda: self.now)

    async def number(self, external_id: str, pool: str | None = "spring", **fields: Any) -> str | None:
        return (await self.registrar.register(told(external_id, pool, **fields))).service_number

    async def pools(self) -> dict[str, PoolState]:
        async with self.database.read() as connection:
            return {
                pool.name: pool for pool in await leasing.overview(connection, self.registrar.rules.pools, self.now)
            }

    async def release(self, number: str) -> bool:
        async with self.database.begin() as connection:
            return await leasing.release(connection, POOLS, number, self.now)


@pytest.fixture
def house(database: Database, keys: CodeKeys, rules: HandleRules, now: datetime) -> House:
    return House(database, keys, rules, now)


async def leases(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list(await connection.execute(select(number_leases).order_by(number_leases.c.leased_at)))


async def test_a_message_gets_a_number_of_its_pool_in_all_its_handles(house: House) -> None:
    registered = await house.registrar.register(told("a"))
    assert registered.service_number == ONE
    assert registered.tel_link == f"tel:{ONE},,,{registered.callback_code}"
    stored = await house.registrar.stored(registered.id)
    assert stored is not None
    assert (stored["service_number"], stored["pool"], stored["lease"]) == (ONE, "spring", "message")
    assert await house.number("b", None) == GENERAL


async def test_a_campaign_shares_its_number_and_a_message_may_have_one_to_itself(house: House) -> None:
    assert await house.number("a", campaign="sale") == ONE
    assert await house.number("b", campaign="sale", lease="campaign", days=20) == ONE
    assert await house.number("c", campaign="sale", lease="message") == TWO
    assert await house.number("d", campaign="winter") == THREE
    sale = next(lease for lease in await leases(house.database) if lease.campaign == "sale")
    assert (sale.message_id, sale.until.day, sale.free_at - sale.until) == (None, 22, timedelta(days=30))


async def test_after_its_lease_a_number_is_nobodys_and_then_free_again(house: House) -> None:
    assert await house.number("a", "letters") == "+493023125110"
    house.now += timedelta(days=39, hours=23)
    assert await house.number("b", "letters", days=100) == GENERAL, "in quarantine"
    house.now += timedelta(hours=1)
    assert await house.number("c", "letters", days=100) == "+493023125110"


async def test_a_campaign_goes_on_with_its_number_only_while_the_lease_lasts(house: House) -> None:
    assert await house.number("a", campaign="sale") == ONE
    house.now += timedelta(days=9)
    assert await house.number("b", campaign="sale", days=19) == ONE
    house.now += timedelta(days=9)
    assert await house.number("c", campaign="sale", days=30) == ONE, "the later message made it last longer"
    house.now += timedelta(days=20)
    assert await house.number("d", campaign="sale", days=60) == TWO


async def test_without_an_end_of_the_offer_a_lease_lasts_as_long_as_the_code(house: House, now: datetime) -> None:
    await house.number("a", offer={"title": "Strom"}, sent_at=(now - timedelta(days=1)).isoformat())
    assert [lease.until for lease in await leases(house.database)] == [now + timedelta(days=89)]


async def test_where_no_number_is_free_a_message_is_registered_with_the_general_one(house: House) -> None:
    numbers = [await house.number(f"m{place}") for place in range(5)]
    assert numbers == [*NUMBERS, GENERAL, GENERAL]
    spring = (await house.pools())["spring"]
    assert (spring.count(State.LEASED), spring.count(State.FREE), spring.overflows) == (3, 0, 2)
    house.now += timedelta(days=8)
    assert (await house.pools())["spring"].overflows == 0


async def test_told_again_a_message_keeps_its_number(house: House) -> None:
    first = await house.registrar.register(told("a"))
    assert await house.registrar.register(told("a")) == replace(first, created=False)
    assert len(await leases(house.database)) == 1
    house.registrar.rules = replace(house.registrar.rules, pools=Pools())
    assert (await house.registrar.register(told("a"))).service_number == ONE, "though the pool is gone"


async def test_a_pool_that_is_not_there_is_refused_with_those_there_are(house: House) -> None:
    with pytest.raises(Refused) as refused:
        await house.registrar.register(told("a", "sprnig"))
    assert refused.value.status == 422
    assert refused.value.more["errors"] == [
        {"field": "pool", "message": "there is no such pool; there is: letters, spring"}
    ]
    house.registrar.rules = replace(house.registrar.rules, pools=Pools())
    with pytest.raises(Refused, match="THREADLINE_NUMBER_POOLS"):
        await house.registrar.register(told("a"))


async def test_a_number_taken_out_of_its_pool_is_not_given_any_more(house: House) -> None:
    assert await house.number("a", campaign="sale") == ONE
    house.registrar.rules = replace(house.registrar.rules, pools=replace(POOLS, numbers={"spring": (TWO,)}))
    assert await house.number("b", campaign="sale") == TWO
    moved = {"letters": (ONE,)}
    house.registrar.rules = replace(house.registrar.rules, pools=replace(POOLS, numbers=moved))
    assert await house.number("c", "letters") == GENERAL, "moved to another pool it is still leased"


async def test_a_released_number_is_in_quarantine_at_once(house: House) -> None:
    await house.number("a", "letters")
    assert await house.release("+493023125110")
    state = (await house.pools())["letters"].numbers[0]
    assert state.state is State.QUARANTINE
    assert state.lease is not None
    assert state.lease.free_at == house.now + timedelta(days=30)
    assert not await house.release("+493023125110"), "it is not leased any more"
    assert not await house.release(ONE)
    assert await house.number("b", "letters") == GENERAL


async def test_a_file_leases_like_message_after_message(house: House) -> None:
    rows = [
        row("1", campaign="sale"),
        row("2"),
        row("3", None),
        row("4", campaign="sale", days=20),
        row("5", "letters"),
        row("6", "nowhere"),
        row("7", customer={"name": "Ben"}),  # left to be registered by itself
        row("8"),
        row("1", campaign="sale"),
    ]
    numbers = [done.service_number if done else None for done in await imported(house.registrar, rows)]
    assert numbers[:7] == [ONE, TWO, GENERAL, ONE, "+493023125110", None, numbers[6]]
    assert sorted(map(str, (numbers[6], numbers[7]))) == sorted((THREE, GENERAL)), "the last free one, and none"
    assert numbers[8] == ONE
    assert len(await leases(house.database)) == 4


async def imported(registrar: Registrar, rows: list[dict[str, Any]]) -> list[Registered | None]:
    async def stream() -> AsyncIterator[bytes]:
        yield "\n".join(map(json.dumps, rows)).encode()

    return [outcome.registered async for outcome in import_rows(stream(), "ndjson", registrar)]


async def test_many_at_one_time_never_get_one_number_for_two_things(
    house: House, database: Database, keys: CodeKeys, rules: HandleRules, now: datetime
) -> None:
    numbers = tuple(f"+4930231252{place:02}" for place in range(12))
    rules = replace(rules, pools=Pools({"spring": numbers}, timedelta(days=30)))
    machines = [Database(database.url) for _ in range(3)]
    registrars = [Registrar(each, keys, rules, lambda: now) for each in machines]
    wanted = [(f"m{place}", None) for place in range(16)] + [(f"c{place}", f"sale {place % 3}") for place in range(9)]
    answers = await asyncio.gather(
        *(
            registrars[place % 3].register(told(name, campaign=campaign))
            for place, (name, campaign) in enumerate(wanted)
        )
    )
    stands_for = defaultdict(set)
    for (name, campaign), answer in zip(wanted, answers, strict=True):
        stands_for[answer.service_number].add(campaign or name)
    overflow = stands_for.pop(GENERAL)
    assert set(stands_for) == set(numbers), "every number is used"
    assert all(len(things) == 1 for things in stands_for.values())
    assert len(overflow) == 16 + 3 - 12
    assert Counter(lease.number for lease in await leases(database)) == Counter(numbers)
    for machine in machines:
        await machine.close()


async def test_files_and_single_messages_to_the_same_customers_do_not_wait_for_each_other_in_a_ring(
    house: House, database: Database, keys: CodeKeys, now: datetime
) -> None:
    other = Database(database.url)
    machine = Registrar(other, keys, house.registrar.rules, lambda: now)

    def customer(place: int) -> dict[str, Any]:
        return {"external_id": f"c-{place}", "name": f"Customer {place}"}

    # The file locks its customers before the pools unless it holds those first; single messages the other way round.
    file = [row(f"f{n}", None, customer=customer(n)) for n in range(20)]
    file += [row(f"p{n}", customer={"name": f"Nameless {n}"}) for n in range(5)]
    await asyncio.gather(*(house.registrar.register(told(f"x{n}", None, customer=customer(n))) for n in range(20)))
    singles = (machine.register(told(f"s{n}", "letters", customer=customer(n))) for n in range(20))
    outcomes, answers = await asyncio.gather(imported(house.registrar, file), asyncio.gather(*singles))
    assert all(outcomes)
    assert len(answers) == 20
    await other.close()
