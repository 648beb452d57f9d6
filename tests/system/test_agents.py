"""The agents' room on a real Asterisk: who is in the queues, and whose desk shows which call.

No router answers here, so every call is one that never reached us: its card says so, and still comes and goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest

from router.agents.ami import Ami, AmiSettings, Notice
from router.agents.line import Telephone
from router.agents.presence import Presence
from router.agents.ringing import Ringing
from router.agents.switchboard import Switchboard
from router.desk.card import Label
from router.desk.cards import cards_for
from router.store.database import Database
from router.store.tables import cards
from tests.agents.house import House
from tests.system.conftest import MakeCaller, MakePhone
from tests.system.harness.ami import Ami as Listener
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap")]

CALLER = Identity("+493055501")
ANNA, BERT = "PJSIP/101", "PJSIP/102"
T = TypeVar("T")


@dataclass
class Office:
    """A house with its agents' room connected to Asterisk."""

    house: House
    access: AmiSettings
    ended: list[str] = field(default_factory=list)
    ami: Ami | None = None
    presence: Presence = field(init=False)
    switchboard: Switchboard = field(init=False)

    async def connect(self) -> None:
        house = self.house

        async def call_ended(uniqueid: str) -> None:
            self.ended.append(uniqueid)

        async def end_lost(still_there: frozenset[str], untouched_since: datetime, only: str = "") -> None:
            pass

        async def on_notice(notice: Notice) -> None:
            await self.switchboard(notice)

        self.ami = Ami(self.access, on_notice)
        self.presence = Presence(house.database, house.bus, house.clock, self.ami, house.settings)
        ringing = Ringing(house.database, house.bus, house.clock)
        self.switchboard = Switchboard(house.database, ringing, self.presence, house.clock, call_ended, end_lost)
        await self.ami.start()

    async def disconnect(self) -> None:
        if self.ami:
            await self.ami.stop()
            await self.switchboard.close()

    async def on_duty(self, login: str, phone: str) -> str:
        person_id = await self.house.person(login)
        await self.presence.choose_phone(person_id, phone)
        await self.presence.ready(person_id)
        return person_id

    async def shows(self, person_id: str, *wanted: str) -> None:
        """Wait until the card of the latest call on this desk is one of these."""
        await self._wait_for(person_id, lambda states: states[-1:] and states[-1] in wanted)

    async def shows_in_all(self, person_id: str, *wanted: str) -> None:
        """Wait until the cards of this desk, the oldest first, are these."""
        await self._wait_for(person_id, lambda states: states == list(wanted))

    async def _wait_for(self, person_id: str, fits: Callable[[list[str]], object]) -> None:
        async with self.house.bus.listen(f"desk:{person_id}") as woken, asyncio.timeout(10):
            while not fits(await self._cards(person_id)):
                await woken.wait()
                woken.clear()

    async def _cards(self, person_id: str) -> list[str]:
        query = cards.select().where(cards.c.person_id == person_id).order_by(cards.c.rang_at)
        async with self.house.database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [row.reason if row.state == "gone" else row.state for row in rows]

    async def telephone(self, person_id: str, wanted: Telephone) -> None:
        """Wait until the page says this of the telephone."""
        async with self.house.bus.listen(f"desk:{person_id}") as woken, asyncio.timeout(10):
            while (await self.presence.look(person_id)).telephone is not wanted:
                await woken.wait()
                woken.clear()


@pytest.fixture
async def office(asterisk: Asterisk, ami: Listener, tmp_path: Path) -> AsyncIterator[Office]:
    house = House(Database(f"sqlite:///{tmp_path}/threadline.db"))
    await house.build()
    access = AmiSettings(username="threadline", secret=asterisk.settings["AMI_SECRET"], port=asterisk.ports.ami)
    office = Office(house, access)
    await office.connect()
    yield office
    await office.disconnect()
    await house.database.close()


async def beside(work: Callable[..., T], *arguments: object) -> T:
    """Let a caller or phone do something while the desks go on."""
    return await asyncio.to_thread(work, *arguments)


def members(ami: Listener) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for event in ami.action("QueueStatus"):
        if event.name == "QueueMember":
            found.setdefault(event.get("Location"), {})[event.get("Queue")] = event.get("Paused") == "1"
    return found


async def test_ready_pause_and_off_reach_the_queues(office: Office, ami: Listener) -> None:
    anna = await office.house.person("anna")
    await office.presence.choose_phone(anna, ANNA)
    await office.telephone(anna, Telephone.CONNECTED)
    assert (await office.presence.ready(anna)).telephone is Telephone.CONNECTED
    assert await beside(members, ami) == {ANNA: {"default": False, "sales": False}}
    await office.presence.pause(anna, "lunch")
    assert await beside(members, ami) == {ANNA: {"default": True, "sales": True}}
    paused = [event for event in ami.action("QueueStatus") if event.name == "QueueMember"]
    assert {event.get("PausedReason") for event in paused} == {"lunch"}
    assert {event.get("Name") for event in paused} == {anna}
    await office.presence.off(anna)
    assert await beside(members, ami) == {}


async def test_two_agents_ring_one_answers_and_the_other_card_goes(
    office: Office, make_caller: MakeCaller, make_phone: MakePhone
) -> None:
    phones = {phone: await beside(make_phone, phone[-3:]) for phone in (ANNA, BERT)}
    anna, bert = await office.on_duty("anna", ANNA), await office.on_duty("bert", BERT)
    caller = await beside(make_caller, CALLER)
    await office.shows(anna, "ringing")
    await office.shows(bert, "ringing")
    assert phones[ANNA].ringing
    assert phones[BERT].ringing
    async with office.house.database.read() as connection:
        (card,) = await cards_for(connection, anna, office.house.clock(), "normal")
    assert (card.label, card.queue) == (Label.UNAVAILABLE, "default")

    await beside(phones[BERT].answer)
    await office.shows(anna, "elsewhere")
    await office.shows(bert, "talking")
    await beside(caller.hang_up)
    await office.shows(bert, "completed", "ended")
    await office.shows(anna, "elsewhere")


async def test_a_caller_who_gives_up_takes_the_cards_along(
    office: Office, make_caller: MakeCaller, make_phone: MakePhone
) -> None:
    await beside(make_phone, "101")
    anna = await office.on_duty("anna", ANNA)
    caller = await beside(make_caller, CALLER)
    await office.shows(anna, "ringing")
    await beside(caller.hang_up)
    await office.shows(anna, "stopped")


async def test_an_agent_who_hangs_up_has_no_card_any_more(
    office: Office, make_caller: MakeCaller, make_phone: MakePhone
) -> None:
    phone = await beside(make_phone, "101")
    anna = await office.on_duty("anna", ANNA)
    await beside(make_caller, CALLER)
    await office.shows(anna, "ringing")
    await beside(phone.answer)
    await office.shows(anna, "talking")
    await beside(phone.hang_up)
    # No router says what comes next, so Asterisk hangs up on the caller at once: either end may be told of first.
    await office.shows(anna, "completed", "ended")


async def test_what_happened_while_we_were_away(
    office: Office, ami: Listener, make_caller: MakeCaller, make_phone: MakePhone
) -> None:
    phone = await beside(make_phone, "101")
    anna = await office.on_duty("anna", ANNA)
    first = await beside(make_caller, CALLER)
    await office.shows(anna, "ringing")
    await office.disconnect()

    await beside(first.hang_up)
    await beside(phone.stops_ringing)
    office.house.clock.forward(seconds=1)
    second = await beside(make_caller, CALLER)
    await beside(phone.rings, 10, 2)
    await beside(lambda: ami.action("QueueRemove", Queue="sales", Interface=ANNA))
    await office.connect()
    await office.shows_in_all(anna, "ended", "ringing")
    await beside(until, lambda: "sales" in members(ami).get(ANNA, {}), 5, "back in the queue", 0.1)

    await beside(phone.answer)
    await office.shows_in_all(anna, "ended", "talking")
    await beside(second.hang_up)
    await office.shows(anna, "completed", "ended")
