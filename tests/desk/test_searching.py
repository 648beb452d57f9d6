"""An agent looks for whom the call is about: what is found, what is not told, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from router.calls.guesses import Guesses
from router.core.assurance import Assurance
from router.desk.card import Card, Label
from router.desk.outcomes import say
from router.desk.searching import Searching, SearchRefused
from router.errors import Refused
from router.matching.codes import CodeKeys, well_formed
from router.matching.disclosure import Policy
from router.matching.lockout import Limits
from router.store import calls
from router.store.database import Database
from tests.agents.house import START, House
from tests.desk.talking import MOBILE, Talking, named

KEYS = CodeKeys("s" * 32)
CODES = [code for code in (f"{number:010}" for number in range(4821391230, 4821391430)) if well_formed(code)]
CODE, *WRONG = CODES


class Desk(Talking):
    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.searching = Searching(Guesses(KEYS, Limits()), KEYS, region="DE", a_minute=6)

    async def begin(self, policy: Policy = "normal") -> Card:
        self.policy = policy
        card = await self.call(None)
        self.id = card.id
        return card

    async def search(self, term: str, person: str | None = None) -> list[tuple[str | None, str | None]]:
        """Message and customer of what the card shows then."""
        async with self.house.database.begin() as connection:
            now = self.house.clock()
            await self.searching.search(connection, person or self.anna, self.id, term, now, self.policy)
        found = (await self.card()).found
        assert found is not None
        return [(each.message_id, each.customer_id) for each in found.each]

    async def pick(self, message: str | None = None, customer: str | None = None) -> Card:
        async with self.house.database.begin() as connection:
            now = self.house.clock()
            await say(connection, self.anna, self.id, "other", message, now, self.policy, customer)
        return await self.card()


@pytest.fixture
async def desk(database: Database) -> Desk:
    made = Desk(House(database))
    await made.open()
    code: dict[str, Any] = {"code_hash": KEYS.code_hashes(CODE)[0], "code_expires_at": START + timedelta(days=9)}
    await made.sent("m1", reference="AB-77", reference_key="AB77", code_digits=10, **code)
    await made.sent("m2", None, to_phone="+493012345678")
    return made


ERIKA = [("m1", "id-K-E"), (None, "id-K-E")]


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("Muster", ERIKA),
        ("  erika   must ", ERIKA),
        ("mueller", [(None, "id-K-M")]),
        ("MÜLLER", [(None, "id-K-M")]),
        ("K-E", ERIKA),
        ("ab 77", [("m1", "id-K-E")]),
        ("0171 / 123 45 67", ERIKA),
        (MOBILE, ERIKA),
        ("030 12345678", [("m2", None)]),
        (CODE, [("m1", "id-K-E")]),
        ("Nobody", []),
        ("%%%", []),
        ("___", []),
    ],
)
async def test_what_is_found(desk: Desk, term: str, found: list[tuple[str | None, str | None]]) -> None:
    await desk.begin()
    assert await desk.search(term) == found
    (entry,) = await desk.audited()
    assert entry[:2] == ("search.done", desk.call_id)
    assert set(entry[2]) == {"customers", "messages"}, "not what was looked for"


async def test_a_message_found_is_picked_and_opened_with_care(desk: Desk) -> None:
    await desk.begin()
    with pytest.raises(Refused):
        await desk.pick("m1")
    await desk.search("Muster")
    card = await desk.pick("m1")
    assert card.message is not None and card.message.id == "m1"
    assert (card.assurance, card.label, card.looked_up) == (Assurance.L1, Label.POSSIBLE, True)
    assert card.found is None
    async with desk.house.database.read() as connection:
        row = await calls.by_id(connection, desk.call_id)
    assert row is not None and (row.message_id, row.customer_id) == ("m1", "id-K-E")


async def test_a_customer_without_a_message_can_be_picked(desk: Desk) -> None:
    await desk.begin()
    await desk.search("Müller")
    card = await desk.pick(customer="id-K-M")
    assert card.who is not None and card.who.name == "Max Müller"
    assert (card.message, card.assurance) == (None, Assurance.L1)
    async with desk.house.database.read() as connection:
        row = await calls.by_id(connection, desk.call_id)
    assert row is not None and (row.message_id, row.customer_id) == (None, "id-K-M")
    with pytest.raises(Refused):
        await desk.pick(customer="id-K-E")


async def test_strict_names_only_until_it_is_known_who_calls(desk: Desk) -> None:
    await desk.begin("strict")
    await desk.search("Muster")
    found = (await desk.card()).found
    assert found is not None and [(each.name, each.offer_title) for each in found.each] == [("Erika Muster", None)]
    card = await desk.pick(customer="id-K-E")
    assert (card.who, card.timeline, card.message) == (None, None, None)
    assert card.proving is not None, "it can be found out"


@pytest.mark.parametrize("term", ["", "ab", "  a  ", "x" * 101])
async def test_too_short_and_too_long_is_refused_and_not_counted(desk: Desk, term: str) -> None:
    await desk.begin()
    with pytest.raises(SearchRefused):
        await desk.search(term)
    assert await desk.audited() == []


async def test_a_person_can_search_only_so_often_in_a_minute(desk: Desk) -> None:
    await desk.begin()
    for _ in range(6):
        await desk.search("Muster")
    with pytest.raises(SearchRefused) as refused:
        await desk.search("Muster")
    assert refused.value.why == "often"
    desk.house.clock.forward(seconds=61)
    assert await desk.search("Muster") == ERIKA


async def test_codes_count_as_guesses_and_a_locked_call_finds_none(desk: Desk) -> None:
    await desk.begin()
    for code in WRONG[: Limits().per_call]:
        assert await desk.search(code) == []
    assert await desk.search(CODE) == [], "as if it were wrong"


async def test_only_on_a_card_of_ones_own_while_talking(desk: Desk) -> None:
    card = await desk.call(named("m1"), talking=False)
    desk.id = card.id
    for person in (desk.anna, desk.ben):
        with pytest.raises(Refused) as refused:
            await desk.search("Muster", person)
        assert refused.value.status == 404
