"""How a call came to an agent, as it stands on their card."""

from __future__ import annotations

import pytest

from router.store import calls
from router.store.database import Database, new_id
from router.store.tables import handovers, notes
from tests.agents.house import START, House
from tests.desk.talking import Talking, named

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
async def desk(database: Database) -> Talking:
    made = Talking(House(database))
    await made.open()
    await made.sent("m1")
    return made


async def noted(desk: Talking, person_id: str, text: str, call_id: str | None = None) -> None:
    row = {"id": new_id(), "call_id": call_id or desk.call_id, "card_id": new_id(), "person_id": person_id}
    async with desk.house.database.begin() as connection:
        await connection.execute(notes.insert().values(**row, text=text, at=START))


async def passed_on(desk: Talking, to: str) -> None:
    row = {"id": new_id(), "call_id": desk.call_id, "from_person_id": desk.anna, "to_person_id": to, "state": "done"}
    async with desk.house.database.begin() as connection:
        await connection.execute(handovers.insert().values(**row, note="Knows the bonus", at=START))
        await calls.change(connection, desk.call_id, {"state": "queue"})
    await desk.ringing.completed(desk.call_id, desk.anna)
    await desk.ringing.called(desk.call_id, desk.call_id, to, "sales")


async def test_whoever_a_call_is_passed_to_reads_what_was_noted_in_it(desk: Talking) -> None:
    card = await desk.call(named("m1"))
    assert card.before == ()
    await noted(desk, desk.anna, "Asks about the bonus")
    await noted(desk, desk.anna, "Of another call", call_id="f" * 32)
    await passed_on(desk, desk.ben)
    before = (await desk.card(desk.ben)).before
    assert [(each.kind, each.by, each.words) for each in before] == [
        ("handover", "Anna", "Knows the bonus"),
        ("note", "Anna", "Asks about the bonus"),
    ]


async def test_ones_own_note_stands_in_its_field_alone(desk: Talking) -> None:
    await desk.call(named("m1"))
    await noted(desk, desk.ben, "Mine")
    await passed_on(desk, desk.ben)
    assert [each.kind for each in (await desk.card(desk.ben)).before] == ["handover"]
