"""One agent, two Asterisks: while a call comes through one of them, the other does not ring the phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from router.agents import states
from router.agents.afterwards import Afterwards
from router.agents.agreement import Agreement
from router.agents.ami import AmiRefused, AmiSettings, DeviceState, QueueMember, Snapshot
from router.agents.asterisk import Asterisk, Asterisks
from router.agents.handing_over import StoredTalks
from router.agents.line import Line
from router.agents.membership import NamedOnly
from router.agents.presence import Presence
from router.agents.ringing import Place, Ringing
from router.store import cards
from router.store.bus import Bus
from router.store.database import Database
from router.store.duties import Alone
from tests.agents.house import PHONES, QUEUES, House, QueuesOnly

PHONE = PHONES[0]
PAUSED, READY = dict.fromkeys(QUEUES, True), dict.fromkeys(QUEUES, False)


class Two:
    def __init__(self, house: House) -> None:
        self.house = house
        self.asterisks = {"pbx1": QueuesOnly(), "pbx2": QueuesOnly()}
        self.lines = {name: self._line(name, asterisk) for name, asterisk in self.asterisks.items()}
        book = NamedOnly(QUEUES)
        lines = list(self.lines.values())
        self.presence = Presence(house.database, house.bus, house.clock, None, house.settings, book, lines)
        self.ringing = Ringing(house.database, house.bus, house.clock)
        self.afterwards = Afterwards(self.presence.keep_free)
        self.ringing.on_change = self.afterwards.do

    def _line(self, name: str, asterisk: QueuesOnly) -> Line:
        house, book = self.house, NamedOnly(QUEUES)
        line = Line(house.database, house.bus, house.clock, asterisk, PHONES, book, among_several=True)
        line.name = name
        return line

    async def members(self) -> list[dict[str, bool]]:
        """How Anna's phone is at both, once all is told."""
        await self.afterwards.done()
        return [dict(asterisk.members.get(PHONE, {})) for asterisk in self.asterisks.values()]


@pytest.fixture
async def two(database: Database) -> AsyncIterator[Two]:
    yield Two(House(database))


async def test_a_phone_is_a_member_at_both_and_rings_through_one_at_a_time(two: Two) -> None:
    anna = await two.house.person("anna", PHONE)
    await two.presence.ready(anna)
    assert await two.members() == [READY, READY]
    await two.ringing.called("pbx1-1.0", None, anna, "sales", at="pbx1")
    assert await two.members() == [READY, PAUSED]
    assert two.asterisks["pbx2"].reasons[PHONE] == states.ELSEWHERE
    await two.ringing.answered("pbx1-1.0", anna, place=Place("pbx1", "PJSIP/trunk-1", "PJSIP/101-2"))
    assert await two.members() == [READY, PAUSED]
    assert await StoredTalks(two.house.database)("pbx1-1.0", anna) == Place("pbx1", "PJSIP/trunk-1", "PJSIP/101-2")
    await two.ringing.completed("pbx1-1.0", anna)
    assert await two.members() == [READY, READY]
    assert await StoredTalks(two.house.database)("pbx1-1.0", anna) is None


async def test_who_listens_anew_sees_that_a_phone_is_kept_free_and_lets_it_ring_afterwards(two: Two) -> None:
    anna = await two.house.person("anna", PHONE)
    await two.presence.ready(anna)
    await two.ringing.called("pbx1-1.0", None, anna, "sales", at="pbx1")
    await two.members()
    line = two.lines["pbx2"]
    there = tuple(QueueMember(queue, PHONE, DeviceState.IDLE, True) for queue in QUEUES)
    assert await line.membership.bring_into_line(Snapshot((), there, (), frozenset(QUEUES))) == 0
    agreement = Agreement(two.house.database, two.presence, line)
    agreement.begin(there)
    await agreement.compare(PHONE)
    assert (await two.presence.look(anna)).presence == "ready"
    two.ringing.on_change = None  # nobody is told that it is over
    await two.ringing.over("pbx1-1.0")
    await agreement.compare(PHONE)
    assert (await two.presence.look(anna)).presence == "ready", "who was paused by us did not pause"
    assert await two.members() == [READY, READY]
    await agreement.close()


async def test_cards_of_another_asterisks_calls_are_left_alone(two: Two) -> None:
    anna = await two.house.person("anna", PHONE)
    call = await two.house.call("pbx1-5.0")
    await two.ringing.called(call, call, anna, "sales", at="pbx1")
    await two.ringing.called("pbx2-6.0", None, anna, "sales", at="pbx2")
    async with two.house.database.read() as connection:
        for name, key in (("pbx1", call), ("pbx2", "pbx2-6.0")):
            rows = await cards.live_on_channel(connection, "asterisk", f"{name}-")
            assert [row.call_key for row in rows] == [key]
    await two.afterwards.done()


async def test_of_several_each_needs_a_name_of_its_own() -> None:
    access = AmiSettings(username="threadline", secret="s")
    one, other = (Asterisk(access, Alone(), Bus(), shared=False) for _ in range(2))
    Asterisks([one, other])
    one.may_be(one, "pbx1")
    one.name = "pbx1"
    with pytest.raises(AmiRefused, match="same system name 'pbx1'"):
        other.may_be(other, "pbx1")
    with pytest.raises(AmiRefused, match="no system name"):
        other.may_be(other, "")
    other.may_be(other, "pbx2")
    alone = Asterisk(access, Alone(), Bus(), shared=False)
    Asterisks([alone]).each[0].may_be(alone, "")


async def test_what_is_asked_for_again_meanwhile_is_done_once_more() -> None:
    done: list[str] = []
    go = asyncio.Event()

    async def work(person_id: str) -> None:
        done.append(person_id)
        await go.wait()

    afterwards = Afterwards(work)
    afterwards.do(["anna"])
    await asyncio.sleep(0)
    afterwards.do(["anna", "anna", "bert"])
    go.set()
    await afterwards.done()
    assert sorted(done) == ["anna", "anna", "bert"]
