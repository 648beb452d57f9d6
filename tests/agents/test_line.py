"""Phones at an Asterisk that another process listens to: what it knows is read, and it is asked to tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress

import pytest

from router.agents.ami import DeviceState, QueueMember
from router.agents.line import SILENT_AFTER, Line, Telephone, together
from router.agents.membership import NamedOnly
from router.agents.presence import Presence
from router.store.announcing import bus_on
from router.store.bus import Bus
from router.store.database import Database
from tests.agents.house import PHONES, QUEUES, House
from tests.store.line import until

PHONE = PHONES[0]


class Processes:
    """Two processes on one database: the ``near`` one listens to Asterisk, the ``far`` one acts there alone."""

    def __init__(self, house: House, near_bus: Bus, far_bus: Bus) -> None:
        self.house = house
        self.near_holds = True
        self.near_line = self._line(near_bus, lambda: self.near_holds)
        self.far_line = self._line(far_bus, lambda: not self.near_holds)
        self.near = self._presence(near_bus, self.near_line)
        self.far = self._presence(far_bus, self.far_line)

    def _line(self, bus: Bus, held: Callable[[], bool]) -> Line:
        house = self.house
        made = Line(
            house.database,
            bus,
            house.clock,
            house.asterisk,
            PHONES,
            NamedOnly(QUEUES),
            shared=True,
            held=held,
        )
        made.name = "pbx1"
        return made

    def _presence(self, bus: Bus, line: Line) -> Presence:
        house = self.house
        return Presence(house.database, bus, house.clock, None, house.settings, NamedOnly(QUEUES), [line])


@pytest.fixture
async def processes(database: Database) -> AsyncIterator[Processes]:
    house = House(database)
    async with AsyncExitStack() as stack:
        near, far = [await stack.enter_async_context(bus_on(house.database)) for _ in range(2)]
        if house.database.is_sqlite:
            far = near  # there is no other process there
        made = Processes(house, near, far)
        serving = asyncio.create_task(made.near_line.serve())
        await until(lambda: near.connected is not False and far.connected is not False)
        await made.near_line.beat()
        yield made
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


async def test_a_click_at_another_process_reaches_asterisk_before_it_is_answered(processes: Processes) -> None:
    house = processes.house
    anna = await house.person("anna", PHONE)
    assert (await processes.far.ready(anna)).telephone is Telephone.CONNECTED
    assert house.asterisk.members[PHONE] == dict.fromkeys(QUEUES, False)
    await processes.far.pause(anna, "lunch")
    assert house.asterisk.members[PHONE] == dict.fromkeys(QUEUES, True)
    assert house.asterisk.reasons[PHONE] == "lunch"
    await processes.far.off(anna)
    assert not house.asterisk.members[PHONE]


async def test_a_queue_that_asterisk_does_not_have_is_told_there_too(processes: Processes) -> None:
    anna = await processes.house.person("anna", PHONE)
    processes.house.asterisk.known.discard("sales")
    assert (await processes.far.ready(anna)).telephone is Telephone.REFUSED
    processes.house.asterisk.known.add("sales")
    assert (await processes.far.ready(anna)).telephone is Telephone.CONNECTED


async def test_what_becomes_of_a_phone_is_seen_by_all(processes: Processes) -> None:
    anna = await processes.house.person("anna", PHONE, "ready")
    assert (await processes.far.look(anna)).telephone is Telephone.CONNECTED
    processes.near_line.states.told(QueueMember("sales", PHONE, DeviceState.UNAVAILABLE, False))
    processes.near_line.states.cannot_ring(PHONE, out_of_reach=True, in_other_call=False)
    await processes.near_line.store(PHONE)
    assert (await processes.far.look(anna)).telephone is Telephone.UNREGISTERED
    processes.house.asterisk.connected = False
    await processes.near_line.beat()
    assert (await processes.far.look(anna)).telephone is Telephone.NOT_REACHABLE


async def test_who_listens_looks_at_queues_that_another_process_had_read_anew(processes: Processes) -> None:
    looked: list[str] = []
    processes.near_line.on_reload = lambda: looked.append("near")
    processes.far_line.on_reload = lambda: looked.append("far")
    await processes.near_line.reloaded()  # it has looked by itself
    await until(lambda: processes.near_line._reloads is not None)
    for turn in range(1, 3):
        await processes.far_line.reloaded()
        await until(lambda turn=turn: looked == ["near"] * turn)  # type: ignore[misc]


async def test_who_listens_and_gives_no_sign_of_life_is_not_believed(processes: Processes) -> None:
    house = processes.house
    anna = await house.person("anna", PHONE)
    processes.near_line._held = lambda: False  # frozen: it says nothing more
    house.clock.now += SILENT_AFTER * 2
    async with house.database.begin() as connection:
        await processes.far_line.refresh(connection)
    assert processes.far_line.telephone(PHONE) is Telephone.NOT_REACHABLE
    # What is chosen meanwhile is told by whoever listens next.
    assert (await processes.far.ready(anna)).telephone is Telephone.NOT_REACHABLE


def test_a_phone_that_several_may_ring_is_as_the_one_that_matters_says() -> None:
    connected, away, elsewhere = Telephone.CONNECTED, Telephone.NOT_REACHABLE, Telephone.ELSEWHERE
    assert together([away, connected]) is connected
    assert together([connected, elsewhere]) is elsewhere
    assert together([Telephone.UNREGISTERED, connected]) is connected
    assert together([Telephone.REFUSED, connected]) is Telephone.REFUSED
    assert together([away, away]) is away
