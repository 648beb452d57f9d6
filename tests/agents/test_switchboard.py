from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.agents.ami import (
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentRingNoAnswer,
    AmiEvent,
    Channel,
    Connected,
    DeviceState,
    Disconnected,
    Hangup,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMember,
    Snapshot,
    WaitingCaller,
)
from router.agents.handing_over import StoredTalks
from router.agents.presence import Presence
from router.agents.ringing import Place, Ringing
from router.agents.switchboard import Switchboard
from router.store.database import Database
from router.store.tables import cards
from tests.agents.house import House
from tests.databases import MakeAddress

CALLER = "1795372995.0"
NOTHING = Snapshot((), (), ())


class Told:
    """What the calls were told."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.there: asyncio.Queue[tuple[frozenset[str], datetime]] = asyncio.Queue()

    async def call_ended(self, uniqueid: str) -> None:
        self.ended.append(uniqueid)

    async def end_lost(self, there: frozenset[str], untouched_since: datetime, only: str = "") -> None:
        self.there.put_nowait((there, untouched_since))


def switchboard_of(house: House, told: Told) -> Switchboard:
    ringing = Ringing(house.database, house.bus, house.clock)
    presence = Presence(house.database, house.bus, house.clock, house.asterisk, house.settings)
    return Switchboard(house.database, ringing, presence, house.clock, told.call_ended, told.end_lost)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def switchboard(house: House, told: Told) -> Switchboard:
    return switchboard_of(house, told)


def leg(phone: str) -> str:
    return f"1795372995.{phone[-3:]}"


def called(phone: str, call: str | None = None, queue: str = "sales") -> AgentCalled:
    return AgentCalled(call, CALLER, CALLER, queue, phone, f"{phone}-00000001", leg(phone))


def connect(phone: str, call: str | None = None) -> AgentConnect:
    return AgentConnect(call, CALLER, CALLER, "sales", phone, f"{phone}-00000001", leg(phone), 3, 2)


def no_answer(phone: str, call: str | None = None) -> AgentRingNoAnswer:
    return AgentRingNoAnswer(call, CALLER, CALLER, "sales", phone, leg(phone), 8000)


def complete(phone: str, call: str | None = None) -> AgentComplete:
    return AgentComplete(call, CALLER, CALLER, "sales", phone, leg(phone), 2, 40, "agent")


def hangup(call: str | None = None, uniqueid: str = CALLER, cause: int = 16) -> Hangup:
    return Hangup(call, uniqueid, CALLER, cause)


def channel(name: str, uniqueid: str = CALLER, call: str | None = None, *, ringing: bool = False) -> Channel:
    return Channel(uniqueid, CALLER, call, name, ringing)


def connected(snapshot: Snapshot, seconds_ago: float = 0.0) -> Connected:
    return Connected(snapshot, asyncio.get_running_loop().time() - seconds_ago)


ANNA, BERT = "PJSIP/101", "PJSIP/102"


async def test_two_phones_ring_one_answers(house: House, switchboard: Switchboard, told: Told) -> None:
    anna, bert = await house.person("anna", ANNA, "ready"), await house.person("bert", BERT, "ready")
    carla = await house.person("carla", "PJSIP/103", "ready")
    call = await house.call(CALLER)
    event: AmiEvent
    for event in (QueueCallerJoin(call, CALLER, "sales", 1), called(ANNA, call), called(BERT, call)):
        await switchboard(event)
    assert await house.desks() == {anna: "ringing", bert: "ringing"}
    for event in (QueueCallerLeave(call, CALLER, "sales"), connect(BERT, call), hangup(uniqueid=leg(ANNA))):
        await switchboard(event)
    assert await house.desks() == {anna: "elsewhere", bert: "talking"}
    assert told.ended == []
    for event in (complete(BERT, call), hangup(uniqueid=leg(BERT)), hangup(call)):
        await switchboard(event)
    assert await house.desks() == {anna: "elsewhere", bert: "completed"}
    assert told.ended == [CALLER]
    assert await house.told(carla) == []


async def test_the_router_was_down_when_the_call_came(house: House, switchboard: Switchboard) -> None:
    anna = await house.person("anna", ANNA, "ready")
    await switchboard(called(ANNA, queue="default"))
    assert await house.desks(CALLER) == {anna: "ringing"}
    await switchboard(QueueCallerAbandon(None, CALLER, "default"))
    assert await house.desks(CALLER) == {anna: "stopped"}


async def test_a_caller_whose_time_in_the_queue_is_up_can_ring_again(
    house: House, switchboard: Switchboard, told: Told
) -> None:
    """Asterisk says "abandoned" then, too, while the caller is still on the line and goes on in the flow."""
    anna, bert = await house.person("anna", ANNA, "ready"), await house.person("bert", BERT, "ready")
    call = await house.call(CALLER)
    for event in (called(ANNA, call), called(BERT, call), QueueCallerAbandon(call, CALLER, "sales")):
        await switchboard(event)
    assert await house.desks() == {anna: "stopped", bert: "stopped"}
    assert told.ended == []
    await switchboard(called(BERT, call, "default"))
    assert await house.desks() == {anna: "stopped", bert: "ringing"}
    await switchboard(connect(BERT, call))
    await switchboard(QueueCallerAbandon(call, CALLER, "default"))
    assert await house.desks() == {anna: "stopped", bert: "talking"}


async def test_a_leg_nobody_remembers_ends_no_call(house: House, switchboard: Switchboard, told: Told) -> None:
    """Its channel may know our id of the call it belongs to; what counts is that it is not the caller's."""
    anna = await house.person("anna", ANNA, "ready")
    call = await house.call(CALLER)
    await switchboard(called(ANNA, call))
    await switchboard(hangup(call, uniqueid=leg("SIP/door")))
    assert await house.desks() == {anna: "ringing"}
    assert told.ended == []
    await switchboard(hangup(call))
    assert await house.desks() == {anna: "ended"}
    assert told.ended == [CALLER]


async def test_no_answer_withdraws_only_that_card(house: House, switchboard: Switchboard) -> None:
    anna, bert = await house.person("anna", ANNA, "ready"), await house.person("bert", BERT, "ready")
    for event in (called(ANNA), called(BERT), no_answer(ANNA)):
        await switchboard(event)
    assert await house.desks() == {anna: "no_answer", bert: "ringing"}


async def test_the_queue_gave_up_and_only_the_legs_tell(house: House, switchboard: Switchboard, told: Told) -> None:
    anna, bert = await house.person("anna", ANNA, "ready"), await house.person("bert", BERT, "ready")
    for event in (called(ANNA), called(BERT), QueueCallerLeave(None, CALLER, "sales")):
        await switchboard(event)
    for phone in (ANNA, BERT):
        await switchboard(hangup(uniqueid=leg(phone)))
    assert await house.desks() == {anna: "stopped", bert: "stopped"}
    assert told.ended == []


async def test_the_other_phones_stop_before_the_answer_is_told(house: House, switchboard: Switchboard) -> None:
    anna, bert = await house.person("anna", ANNA, "ready"), await house.person("bert", BERT, "ready")
    for event in (called(ANNA), called(BERT), hangup(uniqueid=leg(ANNA), cause=26), connect(BERT)):
        await switchboard(event)
    assert await house.desks() == {anna: "elsewhere", bert: "talking"}


async def test_a_phone_nobody_chose_has_no_card_and_takes_the_others_away(
    house: House, switchboard: Switchboard
) -> None:
    anna = await house.person("anna", ANNA, "ready")
    for event in (called(ANNA), called("SIP/door")):
        await switchboard(event)
    assert await house.desks() == {anna: "ringing"}
    await switchboard(connect("SIP/door"))
    assert await house.desks() == {anna: "elsewhere"}


async def test_who_changes_phones_while_it_rings_keeps_the_card(house: House, switchboard: Switchboard) -> None:
    anna = await house.person("anna", ANNA, "ready")
    await switchboard(called(ANNA))
    presence = Presence(house.database, house.bus, house.clock, house.asterisk, house.settings)
    await presence.choose_phone(anna, "PJSIP/103")
    await switchboard(connect(ANNA))
    assert await house.desks() == {anna: "talking"}
    await switchboard(complete(ANNA))
    assert await house.desks() == {anna: "completed"}


async def test_calls_end_even_when_the_cards_cannot_be_stored(
    house: House, switchboard: Switchboard, told: Told
) -> None:
    async with house.database.begin() as connection:
        await connection.run_sync(cards.drop)
    with pytest.raises(Exception, match="no such table|does not exist"):
        await switchboard(hangup())
    assert told.ended == [CALLER]


async def test_getting_in_step_after_being_away(house: House, switchboard: Switchboard, told: Told) -> None:
    """Away: one call ended, one is talked to by now, one rings at other phones, and a new one came."""
    anna, bert = await house.person("anna", ANNA, "ready"), await house.person("bert", BERT, "ready")
    carla = await house.person("carla", "PJSIP/103", "paused")
    gone, browser = await house.call("9.0"), await house.call("b", channel="testphone")
    call = await house.call(CALLER)
    ringing = Ringing(house.database, house.bus, house.clock)
    await ringing.called(gone, gone, anna, "sales")
    await ringing.called(browser, browser, carla, "sales")
    await ringing.called(call, call, anna, "sales")
    await ringing.called(call, call, bert, "sales")
    snapshot = Snapshot(
        channels=(
            channel("PJSIP/trunk-00000000", call=call),
            channel("PJSIP/102-00000002", leg(BERT)),
            Channel("5.0", "5.0", None, "PJSIP/trunk-00000003", False),
            Channel("5.1", "5.0", None, "PJSIP/101-00000004", True),
            Channel("6.0", "6.0", None, "PJSIP/103-00000005", False),  # agents among themselves
            Channel("6.1", "6.0", None, "SIP/door-00000006", True),
        ),
        queue_members=(QueueMember("sales", "PJSIP/103", DeviceState.IDLE, False),),
        waiting=(WaitingCaller("5.0", None, "default", 1, 3),),
    )
    await switchboard(connected(snapshot))
    assert await house.desks(gone) == {anna: "ended"}
    assert await house.desks(browser) == {carla: "ringing"}
    assert await house.desks(call) == {anna: "elsewhere", bert: "talking"}
    assert await house.desks("5.0") == {anna: "ringing"}
    assert await house.desks("6.0") == {}

    async with asyncio.timeout(60):
        there, untouched_since = await told.there.get()
    assert there == {CALLER, leg(BERT), "5.0", "5.1", "6.0", "6.1"}
    assert house.clock() - timedelta(seconds=5) < untouched_since < house.clock()
    await switchboard.close()
    both = {"default": False, "sales": False}
    paused = {"default": True, "sales": True}
    assert house.asterisk.members == {ANNA: both, BERT: both, "PJSIP/103": paused}


async def test_of_a_callback_the_channel_in_the_queue_is_the_callers(house: House, switchboard: Switchboard) -> None:
    """That is the one that is marked when the customer is passed on; the one that stands for the call is the other."""
    anna, call = await house.person("anna", ANNA, "ready"), await house.call("callback-1")
    await switchboard(
        connected(
            Snapshot(
                channels=(
                    Channel("callback-1", "callback-1", call, "Local/1@threadline-callback-00000001;1", False),
                    Channel("callback-1-2", "callback-1", call, "Local/1@threadline-callback-00000001;2", False),
                    Channel("1.3", "callback-1", call, "PJSIP/101-00000002", False),
                    Channel("1.4", "callback-1", call, "PJSIP/trunk-out-00000003", False),
                ),
                queue_members=(),
                waiting=(),
            )
        )
    )
    assert await house.desks(call) == {anna: "talking"}
    place = await StoredTalks(house.database)(call, anna)
    assert place == Place("", "Local/1@threadline-callback-00000001;2", "PJSIP/101-00000002")
    await switchboard.close()


async def test_a_call_is_lost_when_it_was_touched_before_we_asked_who_is_there(
    house: House, switchboard: Switchboard, told: Told
) -> None:
    """However long ago that was, and however short before: one that came since is younger than the answer."""
    await switchboard(connected(NOTHING, seconds_ago=20))
    async with asyncio.timeout(60):
        _, untouched_since = await told.there.get()
    assert timedelta(seconds=20) < house.clock() - untouched_since < timedelta(seconds=25)
    await switchboard.close()


async def test_a_caller_who_waits_again_while_we_were_away(house: House, switchboard: Switchboard) -> None:
    anna, bert = await house.person("anna", ANNA, "ready"), await house.person("bert", BERT, "ready")
    call = await house.call(CALLER)
    for event in (called(ANNA, call), connect(ANNA, call)):
        await switchboard(event)
    waiting = WaitingCaller(CALLER, call, "default", 1, 3)
    await switchboard(connected(Snapshot((channel("PJSIP/trunk-00000000", call=call),), (), (waiting,))))
    assert await house.desks() == {anna: "completed"}
    await switchboard(called(BERT, call))
    assert await house.desks() == {anna: "completed", bert: "ringing"}
    await switchboard.close()


async def test_cards_stay_while_asterisk_cannot_be_heard(house: House, switchboard: Switchboard) -> None:
    anna = await house.person("anna", ANNA, "ready")
    await switchboard(connected(NOTHING))
    await switchboard(called(ANNA))
    house.asterisk.connected = False
    await switchboard(Disconnected("No answer to Ping"))
    assert await house.desks() == {anna: "ringing"}
    assert (await house.told(anna))[-1][0] == "presence"
    house.asterisk.connected = True
    await switchboard(connected(NOTHING))
    assert await house.desks() == {anna: "ended"}
    await switchboard.close()


PHONES_RINGING = st.sampled_from([ANNA, BERT])
MAKERS = (called, connect, no_answer, complete)


def one_event(call: str | None) -> st.SearchStrategy[AmiEvent]:
    abandoned = st.just(QueueCallerAbandon(call, CALLER, "sales"))
    legs = PHONES_RINGING.map(lambda phone: hangup(uniqueid=leg(phone)))
    at_phones = [st.builds(make, PHONES_RINGING, st.just(call)) for make in MAKERS]
    return st.one_of(*at_phones, legs, abandoned)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), known=st.booleans())
def test_in_whatever_order_events_come_no_card_outlives_its_call(
    make_database: MakeAddress, data: st.DataObject, known: bool
) -> None:
    asyncio.run(_any_order(make_database(), data, known))


async def _any_order(url: str, data: st.DataObject, known: bool) -> None:
    house = House(Database(url))
    try:
        anna, bert = await house.person("anna", ANNA, "ready"), await house.person("bert", BERT, "ready")
        call = await house.call(CALLER) if known else None
        switchboard = switchboard_of(house, Told())
        events = data.draw(st.lists(one_event(call), max_size=12))
        end = data.draw(st.integers(0, len(events)))
        for event in [*events[:end], hangup(call), *events[end:]]:
            await switchboard(event)
            desks = await house.desks()
            assert list(desks.values()).count("talking") <= 1
        assert {anna, bert} >= set(desks)
        assert not {"ringing", "talking"} & set(desks.values())
    finally:
        await house.database.close()
