"""Finding out who calls opens what is closed: for this call, this customer, and not for longer than it is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from router.calls.texting import MOST_TRIES, Texting
from router.core.assurance import Assurance
from router.core.commands import CODE_PLACE
from router.core.destinations import Destinations
from router.core.events import Unsent
from router.desk.card import Card, Label
from router.desk.checking import Checking
from router.desk.doing import open_fact, open_message
from router.desk.outcomes import say
from router.errors import Refused
from router.matching.codes import CodeKeys
from router.store import outcomes
from router.store.database import Database, new_id
from router.store.tables import text_messages
from tests.agents.house import House
from tests.desk.talking import Talking, named

CHECKS = ("date_of_birth", "address")


class Desk(Talking):
    def __init__(self, house: House) -> None:
        super().__init__(house)
        drawn = iter(f"{number:06}" for number in range(482139, 482239))
        texting = Texting(
            CodeKeys("s" * 32), lambda digits: next(drawn), new_id, destinations=Destinations(("DE",)), provided=True
        )
        self.checking = Checking(texting, new_id, CHECKS)

    async def check(self, *asked: str, passed: bool = True) -> Card:
        async with self.house.database.begin() as connection:
            now = self.house.clock()
            await self.checking.own(connection, self.anna, self.id, asked, now, self.policy, passed=passed)
        return await self.card()

    async def send(self) -> Unsent | None:
        async with self.house.database.begin() as connection:
            now = self.house.clock()
            text = f"Code {CODE_PLACE}"
            return (await self.checking.send(connection, self.anna, self.id, now, self.policy, lambda _: text))[1]

    async def read_out(self, code: str) -> bool:
        async with self.house.database.begin() as connection:
            return await self.checking.code(connection, self.anna, self.id, code, self.house.clock(), self.policy)

    async def undo(self) -> Card:
        async with self.house.database.begin() as connection:
            await self.checking.undo(connection, self.anna, self.id, self.house.clock(), self.policy)
        return await self.card()

    async def open_fact(self, name: str, person: str | None = None) -> Card:
        async with self.house.database.begin() as connection:
            await open_fact(connection, person or self.anna, self.id, name, self.house.clock(), self.policy)
        return await self.card()

    async def sent_code(self) -> str:
        async with self.house.database.read() as connection:
            query = select(text_messages.c.body).order_by(text_messages.c.created_at.desc(), text_messages.c.id)
            bodies: Sequence[str] = (await connection.execute(query)).scalars().all()
        (found,) = re.findall(r"\d{6}", bodies[0])
        return str(found)

    async def said(self) -> str | None:
        async with self.house.database.read() as connection:
            row = (await outcomes.of_calls(connection, [self.call_id])).get(self.call_id)
        return row.verdict if row else None

    @property
    def id(self) -> str:
        return self._id

    async def begin(self, level: Assurance = Assurance.L1, *others: str, talking: bool = True) -> Card:
        card = await self.call(named("m1", level, *others), talking=talking)
        self._id = card.id
        return card


@pytest.fixture
async def desk(database: Database) -> Desk:
    made = Desk(House(database))
    await made.open()
    await made.sent("m1")
    await made.sent("m2", "id-K-M")
    await made.sent("m3", days=3)
    return made


def iban(card: Card) -> tuple[str | None, bool] | None:
    facts = card.offer.facts if card.offer else ()
    return next(((fact.value, fact.can_open) for fact in facts if fact.name == "iban"), None)


async def test_an_own_check_opens_facts_one_by_one_and_each_is_written_down(desk: Desk) -> None:
    card = await desk.begin()
    assert (card.assurance, card.label, iban(card)) == (Assurance.L1, Label.POSSIBLE, (None, False))
    assert card.proving is not None and not card.proving.code_sent
    with pytest.raises(Refused):
        await desk.open_fact("iban")
    card = await desk.check("address", "date_of_birth", "shoe size")
    assert (card.assurance, card.label, iban(card)) == (Assurance.L3, Label.VERIFIED, (None, True))
    assert card.identity is not None and card.identity.checked == CHECKS
    assert iban(await desk.open_fact("iban")) == ("DE02 1203", False)
    for name in ("tariff", "nothing"):
        with pytest.raises(Refused):
            await desk.open_fact(name)
    with pytest.raises(Refused) as refused:
        await desk.open_fact("iban", desk.ben)
    assert refused.value.status == 404, "somebody else's card"
    assert [(action, subject) for action, subject, _ in await desk.audited()] == [
        ("identity.checked", "id-K-E"),
        ("sensitive.opened", "m1"),
    ]
    assert "1203" not in repr(await desk.audited())


async def test_the_audit_log_tells_what_was_checked_in_a_test_call(desk: Desk) -> None:
    await desk.begin()
    await desk.send()
    await desk.read_out(await desk.sent_code())
    assert [(action, detail.get("test")) for action, _, detail in await desk.audited()] == [
        ("code.sent", True),
        ("identity.checked", True),
    ]


async def test_a_check_teaches_matching_and_undo_takes_it_all_back(desk: Desk) -> None:
    await desk.begin()
    await desk.check("address")
    assert await desk.said() == "right"
    await desk.open_fact("iban")
    card = await desk.undo()
    assert (card.assurance, iban(card), await desk.said()) == (Assurance.L1, (None, False), None)
    card = await desk.check("address")
    assert iban(card) == (None, True), "what was opened by it was closed"


async def test_undo_keeps_what_the_agent_has_said(desk: Desk) -> None:
    await desk.begin()
    async with desk.house.database.begin() as connection:
        await say(connection, desk.anna, desk.id, "right", None, desk.house.clock(), desk.policy)
    await desk.check("address")
    await desk.undo()
    assert await desk.said() == "right"


async def test_a_check_that_was_not_passed_opens_nothing(desk: Desk) -> None:
    await desk.begin()
    card = await desk.check("address", passed=False)
    assert card.assurance is Assurance.L1 and card.proving is not None and card.proving.failed
    assert await desk.said() is None
    with pytest.raises(Refused):
        await desk.check()


async def test_a_check_counts_for_its_customer_alone(desk: Desk) -> None:
    await desk.begin(Assurance.L1, "m2", "m3")
    await desk.check("address")
    for message_id, level in (("m2", Assurance.L1), ("m3", Assurance.L3)):
        async with desk.house.database.begin() as connection:
            await say(connection, desk.anna, desk.id, "other", message_id, desk.house.clock(), desk.policy)
        card = await desk.card()
        assert (card.message and card.message.id, card.assurance) == (message_id, level)


async def test_a_code_read_out_proves_the_caller_once(desk: Desk) -> None:
    await desk.begin()
    with pytest.raises(Refused):
        await desk.read_out("482139")
    assert await desk.send() is None
    card = await desk.card()
    assert card.proving is not None and card.proving.code_sent
    code = await desk.sent_code()
    assert not await desk.read_out("999999")
    assert await desk.read_out(f"{code[:3]} {code[3:]}")
    card = await desk.card()
    assert card.assurance is Assurance.L3 and card.identity is not None and card.identity.method == "code"
    await desk.undo()
    with pytest.raises(Refused):
        await desk.read_out(code)
    assert code not in repr(await desk.audited())


async def test_only_so_many_tries_count(desk: Desk) -> None:
    await desk.begin()
    await desk.send()
    for _ in range(MOST_TRIES):
        assert not await desk.read_out("000000")
    assert not await desk.read_out(await desk.sent_code())


async def test_a_code_for_one_customer_proves_no_other(desk: Desk) -> None:
    await desk.begin(Assurance.L1, "m2")
    await desk.send()
    code = await desk.sent_code()
    async with desk.house.database.begin() as connection:
        await say(connection, desk.anna, desk.id, "other", "m2", desk.house.clock(), desk.policy)
    with pytest.raises(Refused):
        await desk.read_out(code)
    assert await desk.send() is Unsent.NO_NUMBER, "nothing is on file for Max"


async def test_while_it_rings_and_after_the_talk_nothing_can_be_opened(desk: Desk) -> None:
    card = await desk.begin(Assurance.L3, talking=False)
    assert (card.proving, iban(card)) == (None, (None, False))
    with pytest.raises(Refused):
        await desk.open_fact("iban")
    await desk.ringing.answered(desk.call_id, desk.anna)
    assert iban(await desk.card()) == (None, True)
    async with desk.house.database.begin() as connection:
        now = desk.house.clock().isoformat(" ").removesuffix("+00:00")
        await connection.exec_driver_sql(f"UPDATE cards SET state = 'wrap_up', talked_until = '{now}'")
    card = await desk.card()
    assert (iban(card), card.can_look) == ((None, False), False)
    with pytest.raises(Refused):
        await desk.open_fact("iban")


async def test_other_messages_open_once_it_is_known_who_calls(desk: Desk) -> None:
    card = await desk.begin()
    assert [(each.message_id, each.can_open, each.body) for each in card.more] == [("m3", False, None)]
    await desk.check("address")
    assert [each.can_open for each in (await desk.card()).more] == [True]
    async with desk.house.database.begin() as connection:
        await open_message(connection, desk.anna, desk.id, "m3", desk.house.clock(), desk.policy)
        with pytest.raises(Refused):
            await open_message(connection, desk.anna, desk.id, "m2", desk.house.clock(), desk.policy)
    assert [each.body for each in (await desk.card()).more] == ["Body of m3"]
    assert ("message.seen", "m3", {}) in await desk.audited()
