"""Customers are found by the beginnings of the words of their names."""

from __future__ import annotations

import pytest

from router.store import messages
from router.store.customer_words import named
from router.store.database import Database
from router.store.tables import customer_words, customers
from tests.agents.house import START


async def keep(database: Database, *names: tuple[str, str | None]) -> None:
    rows = [
        {"id": f"id-{key}", "external_id": key, "name": name, "language": None, "created_at": START}
        for key, name in names
    ]
    async with database.begin() as connection:
        await messages.keep_customers(connection, rows)


async def found(database: Database, *words: str, limit: int = 10) -> list[str]:
    async with database.read() as connection:
        return (await named(connection, words, limit))[0]


@pytest.fixture
async def known(database: Database) -> Database:
    await keep(database, ("a", "Erika Muster"), ("b", "Max Musterfrau"), ("c", "Jörg Müller"), ("d", None))
    return database


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("must",), ["id-a", "id-b"]),
        (("must", "er"), ["id-a"]),
        (("muell",), ["id-c"]),
        (("muller", "jo"), ["id-c"]),
        (("usterfrau",), []),
        (("muster", "jo"), []),
        (("zz",), []),
        ((), []),
    ],
)
async def test_by_the_beginnings_of_words(known: Database, words: tuple[str, ...], ids: list[str]) -> None:
    assert await found(known, *words) == ids


async def test_no_more_than_asked_for(known: Database) -> None:
    assert len(await found(known, "m", limit=2)) == 2


async def test_the_rarest_word_decides_who_is_looked_at(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.store.customer_words.MOST_LOOKED_AT", 3)
    await keep(database, *((f"{number}", f"Ida Mustermann{number}") for number in range(9)), ("z", "Zoë Mustermann9"))
    async with database.read() as connection:
        assert await named(connection, ("mustermann", "zoe"), 10) == (["id-z"], True)
        some, all_looked_at = await named(connection, ("mustermann",), 10)
        assert await named(connection, ("mustermann", "i"), 1) == (["id-0"], False), "the longer of two frequent ones"
        assert len(some) == 3 and not all_looked_at, "it is told that there may be more"


async def test_another_name_replaces_the_words_and_none_leaves_them(known: Database) -> None:
    await keep(known, ("a", "Erika Beispiel"), ("b", None))
    assert await found(known, "beispiel") == ["id-a"]
    assert await found(known, "must") == ["id-b"]


async def test_a_customer_without_an_id_of_the_sender_is_found_too(database: Database) -> None:
    row = {"id": "id-x", "external_id": None, "name": "Ida Ohne", "language": None, "created_at": START}
    async with database.begin() as connection:
        await messages.keep_customers(connection, [row, row | {"id": "id-y", "name": "Otto Ohne"}])
    assert await found(database, "ohne") == ["id-x", "id-y"]


async def test_words_are_gone_with_their_customer(known: Database) -> None:
    async with known.begin() as connection:
        assert (await connection.execute(customer_words.select())).all()
        await connection.execute(customers.delete())
        assert not (await connection.execute(customer_words.select())).all()
