"""A phone belongs to each place that its agent can serve, as far as Asterisk has it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from router.agents.ami import DeviceState, QueueMember, Snapshot
from router.agents.line import Telephone
from router.agents.presence import Presence
from router.flow.queues import Queue
from router.store.tables import people
from tests.agents.house import QUEUES, House

PLACES = {"sales.english", "sales.gas", "sales.english.gas", "phone.PJSIP-101", "phone.PJSIP-102"}


class Book:
    names = QUEUES

    def __init__(self) -> None:
        self.skills: tuple[str, ...] = ("english", "gas")

    def get(self, queue: str | None) -> Queue:
        return Queue(skill_set=self.skills) if queue == "sales" else Queue()


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def presence(house: House, book: Book) -> Presence:
    made = Presence(house.database, house.bus, house.clock, house.asterisk, house.settings, book)
    await made.lines[0].membership.bring_into_line(snapshot(house))
    return made


def snapshot(house: House) -> Snapshot:
    members = [
        QueueMember(queue, phone, DeviceState.IDLE, paused)
        for phone, queues in house.asterisk.members.items()
        for queue, paused in queues.items()
    ]
    return Snapshot((), tuple(members), (), frozenset(house.asterisk.known))


async def change(house: House, person_id: str, **values: Any) -> None:
    async with house.database.begin() as connection:
        await connection.execute(update(people).where(people.c.id == person_id).values(**values))


async def test_an_agent_is_in_the_places_of_their_skills(house: House, presence: Presence) -> None:
    house.asterisk.known |= PLACES
    await presence.lines[0].membership.bring_into_line(snapshot(house))
    anna = await house.person("anna", "PJSIP/101")
    await change(house, anna, skills=["english", "cooking"])
    await presence.ready(anna)
    assert set(house.asterisk.members["PJSIP/101"]) == {"default", "sales", "sales.english", "phone.PJSIP-101"}
    await presence.pause(anna, "break")
    assert set(house.asterisk.members["PJSIP/101"].values()) == {True}
    await change(house, anna, skills=["gas", "english"], queues=["sales"])
    await presence.settle(anna)
    served = {"sales", "sales.english", "sales.gas", "sales.english.gas", "phone.PJSIP-101"}
    assert set(house.asterisk.members["PJSIP/101"]) == served
    await presence.off(anna)
    assert house.asterisk.members["PJSIP/101"] == {}


async def test_places_that_asterisk_does_not_have_are_nobodys_fault(house: House, presence: Presence) -> None:
    anna = await house.person("anna", "PJSIP/101")
    await change(house, anna, skills=["english"])
    view = await presence.ready(anna)
    assert view.telephone == Telephone.CONNECTED
    assert set(house.asterisk.members["PJSIP/101"]) == {"default", "sales"}
    assert await presence.lines[0].membership.bring_into_line(snapshot(house)) == 0


async def test_a_release_with_other_skills_moves_agents(house: House, presence: Presence, book: Book) -> None:
    house.asterisk.known |= PLACES
    anna = await house.person("anna", "PJSIP/101", "ready")
    await change(house, anna, skills=["english"])
    assert await presence.lines[0].membership.bring_into_line(snapshot(house)) == 1
    book.skills = ("french",)
    house.asterisk.known |= {"sales.french"}
    assert await presence.lines[0].membership.bring_into_line(snapshot(house)) == 1
    assert set(house.asterisk.members["PJSIP/101"]) == {"default", "sales", "phone.PJSIP-101"}
