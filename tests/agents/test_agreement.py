"""What happens when phone and page disagree: each case of the table in docs/supervising.md."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from router.agents.agreement import Agreement
from router.agents.ami import DeviceState, QueueMember, QueueMemberPause, QueueMemberRemoved, QueueMemberStatus
from router.agents.line import Telephone
from router.agents.page_watch import PageWatch
from router.agents.presence import Presence
from router.agents.ringing import Ringing
from router.store import people
from tests.agents.house import PHONES, QUEUES, House

PHONE = PHONES[0]


class Desk:
    """Anna's, at the first phone, and what Asterisk says of it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.presence = Presence(house.database, house.bus, house.clock, house.asterisk, house.settings)
        self.agreement = Agreement(house.database, self.presence, self.presence.lines[0])
        self.watch = PageWatch(house.database, house.clock, self.presence, timedelta(seconds=120))

    async def sits_down(self) -> None:
        self.anna = await self.house.person("anna", PHONE)
        await self.presence.ready(self.anna)
        await self.says(DeviceState.IDLE)

    async def says(self, device: DeviceState, *, paused: dict[str, bool] | None = None) -> None:
        """Asterisk tells of the phone, in all its queues; what it knows itself unless told otherwise."""
        there = self.house.asterisk.members.get(PHONE, {})
        there.update(paused or {})
        for queue, rests in there.items():
            self.agreement.told(QueueMemberStatus(queue, PHONE, device, rests))
        await self.agreement.compare(PHONE)

    async def shown(self) -> Telephone:
        return (await self.presence.look(self.anna)).telephone

    async def told(self) -> int:
        return len([name for name, _ in await self.house.told(self.anna) if name == "presence"])


@pytest.fixture
async def desk(house: House) -> AsyncIterator[Desk]:
    made = Desk(house)
    await made.sits_down()
    yield made
    await made.agreement.close()


@pytest.mark.parametrize("device", [DeviceState.UNAVAILABLE, DeviceState.INVALID])
async def test_a_phone_that_is_not_registered_is_shown_and_the_choice_stays(
    house: House, desk: Desk, device: DeviceState
) -> None:
    before = await desk.told()
    await desk.says(device)
    assert await desk.shown() is Telephone.UNREGISTERED
    assert await desk.told() == before + 1
    assert (await desk.presence.look(desk.anna)).presence == "ready"
    await desk.says(device)
    assert await desk.told() == before + 1, "told once"
    await desk.says(DeviceState.IDLE)
    assert await desk.shown() is Telephone.CONNECTED
    assert await desk.told() == before + 2


async def test_a_call_that_we_do_not_know_is_shown_and_our_own_are_not(house: House, desk: Desk) -> None:
    await desk.says(DeviceState.IN_USE)
    assert await desk.shown() is Telephone.ELSEWHERE
    await desk.says(DeviceState.IDLE)
    ringing = Ringing(house.database, house.bus, house.clock)
    await ringing.called("1.0", None, desk.anna, "sales")
    await desk.says(DeviceState.RINGING)
    assert await desk.shown() is Telephone.CONNECTED
    await ringing.answered("1.0", desk.anna)
    await desk.says(DeviceState.IN_USE)
    assert await desk.shown() is Telephone.CONNECTED
    await ringing.over("1.0")
    await desk.says(DeviceState.ON_HOLD)
    assert await desk.shown() is Telephone.ELSEWHERE


async def test_a_phone_paused_elsewhere_pauses_the_agent_who_is_told(house: House, desk: Desk) -> None:
    await desk.says(DeviceState.IDLE, paused=dict.fromkeys(QUEUES, True))
    view = await desk.presence.look(desk.anna)
    assert (view.presence, view.pause_reason) == ("paused", "at_phone")
    assert (await house.told(desk.anna))[-1] == ("presence", {"presence": "paused"})
    await desk.presence.ready(desk.anna)
    assert house.asterisk.members[PHONE] == dict.fromkeys(QUEUES, False), "ready on the page takes it back"


async def test_a_phone_paused_in_one_queue_alone_is_made_ready_again(house: House, desk: Desk) -> None:
    await desk.says(DeviceState.IDLE, paused={"sales": True})
    assert house.asterisk.members[PHONE] == dict.fromkeys(QUEUES, False)
    assert (await desk.presence.look(desk.anna)).presence == "ready"


async def test_a_pause_that_was_ended_elsewhere_goes_on(house: House, desk: Desk) -> None:
    await desk.presence.pause(desk.anna, "lunch")
    await desk.says(DeviceState.IDLE, paused=dict.fromkeys(QUEUES, False))
    assert house.asterisk.members[PHONE] == dict.fromkeys(QUEUES, True)
    assert (await desk.presence.look(desk.anna)).pause_reason == "lunch"


async def test_a_phone_taken_out_of_a_queue_elsewhere_is_put_back(house: House, desk: Desk) -> None:
    del house.asterisk.members[PHONE]["sales"]
    desk.agreement.told(QueueMemberRemoved("sales", PHONE, DeviceState.IDLE, False))
    await desk.agreement.compare(PHONE)
    assert house.asterisk.members[PHONE] == dict.fromkeys(QUEUES, False)


async def test_a_phone_at_which_nobody_sits_is_taken_out(house: House, desk: Desk) -> None:
    await house.asterisk.queue_add("sales", PHONES[1], "somebody")
    desk.agreement.told(QueueMemberPause("sales", PHONES[1], DeviceState.IDLE, False))
    await desk.agreement.compare(PHONES[1])
    assert house.asterisk.members[PHONES[1]] == {}


async def test_what_is_as_it_was_chosen_asks_nothing_of_asterisk(house: House, desk: Desk) -> None:
    before = house.asterisk.actions
    await desk.says(DeviceState.IDLE)
    assert house.asterisk.actions == before


async def test_phones_of_others_are_left_in_peace(house: House, desk: Desk) -> None:
    before = house.asterisk.actions
    desk.agreement.told(QueueMemberStatus("sales", "PJSIP/900", DeviceState.IDLE, True))
    await desk.agreement.compare("PJSIP/900")
    assert house.asterisk.actions == before


async def test_asterisk_away_forgets_what_was_known_of_phones(house: House, desk: Desk) -> None:
    await desk.says(DeviceState.UNAVAILABLE)
    desk.agreement.away()
    assert await desk.shown() is Telephone.CONNECTED


async def test_a_pause_from_before_the_login_is_not_taken_for_somebodys_wish(house: House, desk: Desk) -> None:
    members = [QueueMember(queue, PHONE, DeviceState.IDLE, True) for queue in QUEUES]
    desk.agreement.begin(tuple(members))
    desk.agreement.told(QueueMemberStatus("sales", PHONE, DeviceState.IN_USE, True))
    assert not desk.agreement.under_way, "not before all phones were told what was chosen"
    desk.agreement.look_at_all()
    assert desk.agreement.under_way == {PHONE}


# The page ----------------------------------------------------------------------------------------------------


async def left(house: House, person_id: str, seconds: float) -> None:
    async with house.database.begin() as connection:
        await people.page_left(connection, person_id, house.clock() - timedelta(seconds=seconds))


async def test_ready_without_a_page_is_paused_after_a_while_and_told_on_return(house: House, desk: Desk) -> None:
    await left(house, desk.anna, 119)
    assert await desk.watch.look() == []
    house.clock.forward(seconds=1)
    assert await desk.watch.look() == [desk.anna]
    view = await desk.presence.look(desk.anna)
    assert (view.presence, view.pause_reason) == ("paused", "page_gone")
    assert set(house.asterisk.members[PHONE].values()) == {True}
    assert await desk.watch.look() == []


async def test_a_page_that_is_open_again_in_time_changes_nothing(house: House, desk: Desk) -> None:
    await left(house, desk.anna, 60)
    await desk.watch.opened(desk.anna)
    house.clock.forward(hours=1)
    assert await desk.watch.look() == []


async def test_whoever_pauses_or_is_off_is_left_as_they_are(house: House, desk: Desk) -> None:
    await desk.presence.pause(desk.anna, "lunch")
    await left(house, desk.anna, 3600)
    assert await desk.watch.look() == []
    assert (await desk.presence.look(desk.anna)).pause_reason == "lunch"


async def test_a_process_that_begins_gives_pages_the_whole_time_to_come_back(house: House, desk: Desk) -> None:
    assert await desk.watch.look() == []
    house.clock.forward(seconds=149)
    assert await desk.watch.look() == [], "the time, and what a page has to say that it is open elsewhere"
    house.clock.forward(seconds=1)
    assert await desk.watch.look() == [desk.anna]


async def test_pages_of_a_process_that_died_are_missed_and_those_of_another_say_so(house: House, desk: Desk) -> None:
    await desk.watch.look()
    await desk.watch.opened(desk.anna)
    house.clock.forward(minutes=4, seconds=59)
    assert await desk.watch.look() == []
    house.clock.forward(seconds=1)
    await desk.watch.look()
    await desk.watch.opened(desk.anna)  # in the process that she came to when hers died
    house.clock.forward(minutes=4)
    assert await desk.watch.look() == []
    house.clock.forward(minutes=1)
    await desk.watch.look()
    house.clock.forward(seconds=150)
    assert await desk.watch.look() == [desk.anna]


async def test_nothing_is_noted_of_a_page_that_opened_again_at_once(house: House, desk: Desk) -> None:
    desk.watch.closed(desk.anna, lambda: True)
    await desk.watch.noted()
    house.clock.forward(hours=1)
    assert await desk.watch.look() == []
    desk.watch.closed(desk.anna, lambda: False)
    await desk.watch.noted()
    house.clock.forward(hours=1)
    assert await desk.watch.look() == [desk.anna]


async def test_it_can_be_turned_off(house: House, desk: Desk) -> None:
    await left(house, desk.anna, 3600)
    never = PageWatch(house.database, house.clock, desk.presence, timedelta())
    assert await never.look() == []
