"""Codes get longer with the number of live ones, and what is known of that number stays near the truth."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from router.errors import Refused
from router.matching.budget import Budget
from router.matching.codes import CodeKeys
from router.messages.handles import HandleRules
from router.messages.imports import import_rows
from router.messages.live_codes import COUNT_EVERY, LiveCodes, by_length
from router.messages.registrar import Registered, Registrar
from router.messages.registration import Registration, read
from router.store import codes as store
from router.store.database import Database
from router.store.tables import messages

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SMALL = Budget(8, 200, 0.1)
"""150 codes of eight digits, 1,500 of nine."""


@dataclass
class Clocks:
    """The time of day and a stopwatch that tests move."""

    now: datetime = NOW
    stopwatch: float = 1000.0

    def moved(self, seconds: float) -> None:
        self.stopwatch += seconds
        self.now += timedelta(seconds=seconds)


def sent(number: int, **more: Any) -> Registration:
    offer = {"title": "Strom", "valid_until": more.pop("ends", "2026-04-01T00:00:00Z")}
    return read(
        {"external_id": f"m-{number}", "channel": "sms", "to": {"phone": "0171 39200 11"}, "offer": offer}, "DE"
    )


@pytest.fixture
def small(rules: HandleRules) -> HandleRules:
    return replace(rules, code_digits=8)


@pytest.fixture
def registrar(database: Database, keys: CodeKeys, small: HandleRules, draw: Callable[[int], str]) -> Registrar:
    return Registrar(database, keys, small, lambda: NOW, draw=draw)


async def registered_at_once(registrar: Registrar, told: list[Registration]) -> list[Registered | None]:
    async with registrar.database.begin() as connection:
        return await registrar.register_new(connection, told)


def lengths(registered: list[Registered | None]) -> Counter[int]:
    return Counter(len(each.callback_code or "") for each in registered if each)


async def test_the_next_length_comes_when_one_is_full(registrar: Registrar, database: Database) -> None:
    registered = await registered_at_once(registrar, [sent(number) for number in range(160)])
    assert lengths(registered) == {8: 150, 9: 10}
    one = await registrar.register(sent(160))
    assert len(one.callback_code or "") == 9
    async with database.read() as connection:
        assert await by_length(connection, NOW, 8) == {8: 150, 9: 11}


async def test_another_process_counts_what_is_there(
    registrar: Registrar, database: Database, keys: CodeKeys, small: HandleRules
) -> None:
    await registered_at_once(registrar, [sent(number) for number in range(150)])
    other = Registrar(database, keys, small, lambda: NOW)
    assert len((await other.register(sent(150))).callback_code or "") == 9


async def test_codes_that_ended_or_were_revoked_make_room(registrar: Registrar, database: Database) -> None:
    await registered_at_once(registrar, [sent(number) for number in range(150)])
    async with database.begin() as connection:
        first = (await connection.execute(select(messages.c.id).order_by(messages.c.id).limit(2))).scalars().all()
        assert await store.revoke(connection, first[0])
        await connection.execute(
            update(messages).where(messages.c.id == first[1]).values(code_expires_at=NOW - timedelta(days=1))
        )
        assert await by_length(connection, NOW, 8) == {8: 148}
        await connection.execute(update(messages).values(code_digits=None))
        assert await by_length(connection, NOW, 8) == {8: 148}, "codes from before lengths were kept"


async def test_it_is_counted_now_and_then_only(
    registrar: Registrar, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registered_at_once(registrar, [sent(number) for number in range(149)])
    clocks, counts = Clocks(), 0
    live = LiveCodes(SMALL, lambda: clocks.now, lambda: clocks.stopwatch)
    really = store.live

    async def counting(connection: Any, now: datetime) -> list[tuple[int | None, int]]:
        nonlocal counts
        counts += 1
        clocks.moved(2)  # a large database
        return await really(connection, now)

    monkeypatch.setattr("router.store.codes.live", counting)
    taken = []
    for _ in range(5):
        await live.recount(database)
        taken.append(live.take())
    assert (taken, counts) == ([8, 9, 9, 9, 9], 1)
    clocks.moved(COUNT_EVERY + 1)
    await live.recount(database)
    assert counts == 1, "counting took 2 s, so it comes every 200 s"
    clocks.moved(200)
    await live.recount(database)
    assert (live.take(), counts) == (8, 2), "what was taken and never stored counts no more"


async def test_where_no_length_has_room_nothing_is_registered_but_repeats_are_answered(
    database: Database, keys: CodeKeys, rules: HandleRules
) -> None:
    registrar = Registrar(database, keys, rules, lambda: NOW)
    first = await registrar.register(sent(1))
    full = Registrar(database, keys, replace(rules, expected_hits=1e-12), lambda: NOW)
    again = await full.register(sent(1))
    assert (again.created, again.callback_code) == (False, first.callback_code)
    with pytest.raises(Refused) as refused:
        await full.register(sent(2))
    assert (refused.value.status, refused.value.title) == (503, "Too many codes")
    async with database.read() as connection:
        assert len((await connection.execute(select(messages.c.id))).all()) == 1


async def test_a_file_tells_each_row_that_there_is_no_room(
    database: Database, keys: CodeKeys, rules: HandleRules
) -> None:
    registrar = Registrar(database, keys, replace(rules, code_digits=14, expected_hits=2e-8 / 9), lambda: NOW)
    assert registrar.rules.budget.room(14) == 3

    async def file() -> AsyncIterator[bytes]:
        yield b"external_id;channel;to_phone;offer_title\n"
        for number in range(5):
            yield f"r-{number};sms;0171 39200 11;Strom\n".encode()

    outcomes = [outcome async for outcome in import_rows(file(), "csv", registrar)]
    assert [bool(outcome.errors) for outcome in outcomes] == [False, False, False, True, True]
    assert "THREADLINE_CODE_GUESSES_A_DAY" in outcomes[3].errors[0]["message"]


async def test_a_code_that_another_message_has_under_an_old_secret_is_not_given_out(
    database: Database, rules: HandleRules
) -> None:
    source = random.Random(3)
    drawn = ["".join(source.choices("123456789", k=9)) for _ in range(2)]
    old = Registrar(database, CodeKeys("o" * 32), rules, lambda: NOW, draw=lambda _: drawn[0])
    first = await old.register(sent(1))
    waiting = [drawn[0], drawn[0], drawn[1]]
    new = Registrar(database, CodeKeys("n" * 32, ["o" * 32]), rules, lambda: NOW, draw=lambda _: waiting.pop(0))
    assert await registered_at_once(new, [sent(2)]) == [None]
    second = await new.register(sent(2))
    assert second.callback_code not in (None, first.callback_code)
    assert (await new.register(sent(1))).callback_code == first.callback_code, "given again under the old secret"
