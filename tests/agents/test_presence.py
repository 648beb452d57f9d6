from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from router.agents.ami import DeviceState, QueueMember, Snapshot
from router.agents.line import Telephone
from router.agents.presence import Presence
from router.agents.ringing import Ringing
from router.errors import Refused
from router.settings import Settings
from router.store.tables import people, web_sessions
from tests.agents.house import PHONES, House

READY = {"default": False, "sales": False}
PAUSED = {"default": True, "sales": True}


@pytest.fixture
def presence(house: House) -> Presence:
    return Presence(house.database, house.bus, house.clock, house.asterisk, house.settings)


async def sign_in(house: House, person_id: str, **holds: float) -> None:
    row = {"person_id": person_id, "created_at": house.clock(), "expires_at": house.clock() + timedelta(**holds)}
    async with house.database.begin() as connection:
        await connection.execute(web_sessions.insert().values(token_hash=person_id.encode(), **row))


def snapshot(house: House) -> Snapshot:
    members = [
        QueueMember(queue, phone, DeviceState.IDLE, paused)
        for phone, queues in house.asterisk.members.items()
        for queue, paused in queues.items()
    ]
    return Snapshot((), tuple(members), (), frozenset(house.asterisk.known))


async def test_a_day_at_the_phone(house: House, presence: Presence) -> None:
    anna = await house.person("anna")
    view = await presence.choose_phone(anna, "PJSIP/101")
    assert (view.presence, view.phone, view.telephone) == ("off", "PJSIP/101", Telephone.CONNECTED)
    assert house.asterisk.members.get("PJSIP/101", {}) == {}

    assert (await presence.ready(anna)).presence == "ready"
    assert house.asterisk.members["PJSIP/101"] == READY
    assert [row.id for row in await presence.who_is_ready("sales")] == [anna]

    view = await presence.pause(anna, " lunch\r\nAction: Originate ")
    assert (view.presence, view.pause_reason) == ("paused", "lunch Action: Originate")
    assert house.asterisk.members["PJSIP/101"] == PAUSED
    assert house.asterisk.reasons["PJSIP/101"] == "lunch Action: Originate"
    assert await presence.who_is_ready("sales") == ()

    await presence.ready(anna)
    assert house.asterisk.members["PJSIP/101"] == READY
    view = await presence.left(anna)
    assert (view.presence, view.phone) == ("off", None)
    assert house.asterisk.members["PJSIP/101"] == {}
    names = {name for name, _ in await house.told(anna)}
    assert names == {"presence"}


async def test_another_agents_phone_is_refused_by_name(house: House, presence: Presence) -> None:
    anna, bert = await house.person("anna", "PJSIP/101", "ready"), await house.person("bert", "PJSIP/102", "ready")
    with pytest.raises(Refused, match="PJSIP/101") as refused:
        await presence.choose_phone(bert, "PJSIP/101")
    assert refused.value.status == 409
    assert (await presence.look(anna)).phone == "PJSIP/101"
    assert (await presence.look(bert)).phone == "PJSIP/102"
    assert [choice.taken for choice in await presence.phones(bert)] == [True, False, False]
    assert [choice.taken for choice in await presence.phones(anna)] == [False, True, False]


async def test_of_two_who_want_the_same_phone_at_once_one_gets_it(house: House, presence: Presence) -> None:
    anna, bert = await house.person("anna"), await house.person("bert")
    for person in (anna, bert):
        await sign_in(house, person, hours=1)
    wanted = [presence.choose_phone(person, "PJSIP/101") for person in (anna, bert)]
    outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["PresenceView", "Refused"]


async def test_a_phone_is_kept_while_signed_in_and_free_afterwards(house: House, presence: Presence) -> None:
    anna, bert = await house.person("anna", "PJSIP/101"), await house.person("bert")
    await sign_in(house, anna, hours=1)
    with pytest.raises(Refused, match="PJSIP/101"):
        await presence.choose_phone(bert, "PJSIP/101")
    house.clock.forward(hours=2)
    assert (await presence.choose_phone(bert, "PJSIP/101")).phone == "PJSIP/101"
    assert (await presence.look(anna)).phone is None
    assert await house.told(anna) == [("presence", {"presence": "off"})]


async def test_who_is_no_longer_signed_in_takes_no_calls(house: House, presence: Presence) -> None:
    anna, bert = await house.person("anna", "PJSIP/101", "ready"), await house.person("bert", "PJSIP/102", "ready")
    await sign_in(house, anna, hours=1)
    await sign_in(house, bert, hours=3)
    await presence.ready(anna)
    house.clock.forward(hours=2)
    assert await presence.leave_expired() == 1
    assert house.asterisk.members["PJSIP/101"] == {}
    assert [row.id for row in await presence.who_is_ready("sales")] == [bert]
    assert await presence.leave_expired() == 0


async def test_a_phone_that_is_not_in_the_settings(house: House, presence: Presence) -> None:
    anna = await house.person("anna")
    with pytest.raises(Refused, match="There are: PJSIP/101, PJSIP/102, PJSIP/103") as refused:
        await presence.choose_phone(anna, "Local/0900@trunk")
    assert refused.value.status == 422
    assert house.asterisk.actions == 0


async def test_without_a_phone_the_page_itself_rings(house: House, presence: Presence) -> None:
    anna = await house.person("anna")
    await presence.choose_phone(anna, None)
    view = await presence.ready(anna)
    assert (view.phone, view.telephone) == (None, Telephone.BROWSER)
    assert house.asterisk.actions == 0
    assert [row.id for row in await presence.who_is_ready("default")] == [anna]
    await Ringing(house.database, house.bus, house.clock).answered("1.0", anna)
    assert await presence.who_is_ready("default") == ()


async def test_changing_phones_moves_the_membership(house: House, presence: Presence) -> None:
    anna = await house.person("anna")
    await presence.choose_phone(anna, "PJSIP/101")
    await presence.ready(anna)
    await presence.choose_phone(anna, "PJSIP/103")
    assert house.asterisk.members == {"PJSIP/101": {}, "PJSIP/103": READY}


async def test_asterisk_away_keeps_the_choice_until_it_is_back(house: House, presence: Presence) -> None:
    anna, bert = await house.person("anna"), await house.person("bert", "PJSIP/102", "ready")
    house.asterisk.connected = False
    await presence.choose_phone(anna, "PJSIP/101")
    view = await presence.ready(anna)
    assert (view.presence, view.telephone) == ("ready", Telephone.NOT_REACHABLE)

    house.asterisk.connected = True
    house.asterisk.members = {
        "PJSIP/103": {"sales": False},  # left behind: nobody sits there
        "PJSIP/102": PAUSED | {"old": False},  # somebody took the phone in hand from outside
        "SIP/door": {"sales": False},  # none of ours
    }
    house.asterisk.known.add("old")
    assert await presence.lines[0].membership.bring_into_line(snapshot(house)) == 3
    assert house.asterisk.members == {
        "PJSIP/101": READY,
        "PJSIP/102": READY,
        "PJSIP/103": {},
        "SIP/door": {"sales": False},
    }
    before = house.asterisk.actions
    assert await presence.lines[0].membership.bring_into_line(snapshot(house)) == 0
    assert house.asterisk.actions == before
    assert (await presence.look(anna)).telephone is Telephone.CONNECTED
    assert (await presence.look(bert)).telephone is Telephone.CONNECTED


async def test_the_page_is_told_once_when_asterisk_goes_and_comes(house: House, presence: Presence) -> None:
    anna, bert = await house.person("anna", "PJSIP/101", "ready"), await house.person("bert")
    (line,) = presence.lines
    async with house.bus.listen(f"desk:{anna}") as woken:
        await presence.telephone_changed(line, False)
        assert woken.is_set()
    await presence.telephone_changed(line, False)
    assert len(await house.told(anna)) == 1
    await presence.telephone_changed(line, True)
    assert len(await house.told(anna)) == 2
    assert await house.told(bert) == []


async def test_a_queue_that_asterisk_does_not_have_is_told(house: House, presence: Presence) -> None:
    anna = await house.person("anna", "PJSIP/101")
    house.asterisk.known.discard("sales")
    view = await presence.ready(anna)
    assert view.telephone is Telephone.REFUSED
    assert house.asterisk.members["PJSIP/101"] == {"default": False}
    assert len(await house.told(anna)) == 2
    house.asterisk.known.add("sales")
    assert (await presence.ready(anna)).telephone is Telephone.CONNECTED


async def test_of_quick_changes_the_last_one_counts(house: House, presence: Presence) -> None:
    anna = await house.person("anna", "PJSIP/101")
    changes = [presence.ready(anna), presence.pause(anna, "lunch"), presence.ready(anna), presence.off(anna)]
    await asyncio.gather(*changes)
    stored = (await presence.look(anna)).presence
    assert house.asterisk.members.get("PJSIP/101", {}) == {"off": {}, "ready": READY, "paused": PAUSED}[stored]


async def test_without_a_manager_password(house: House) -> None:
    presence = Presence(house.database, house.bus, house.clock, None, Settings(phones=PHONES))
    anna = await house.person("anna")
    view = await presence.choose_phone(anna, "PJSIP/101")
    assert view.telephone is Telephone.NOT_SET_UP
    assert (await presence.ready(anna)).presence == "ready"


async def test_somebody_who_is_not_there(house: House, presence: Presence) -> None:
    with pytest.raises(Refused, match="no such person"):
        await presence.ready("nobody")
    with pytest.raises(Refused, match="no such person"):
        await presence.choose_phone("nobody", "PJSIP/101")
    with pytest.raises(Refused, match="no such person"):
        await presence.look("nobody")


async def test_a_person_who_goes_while_away(house: House, presence: Presence) -> None:
    anna = await house.person("anna", "PJSIP/101", "ready")
    async with house.database.begin() as connection:
        await connection.execute(people.delete().where(people.c.id == anna))
    house.asterisk.members = {"PJSIP/101": dict(READY)}
    await presence.lines[0].membership.bring_into_line(snapshot(house))
    assert house.asterisk.members == {"PJSIP/101": {}}
