"""After a talk: no call comes before the time is up or the agent asks for one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from router.agents.presence import Presence, WrapUpView
from router.agents.ringing import Ringing
from router.agents.wrap_up import WrapUps
from router.errors import Refused
from router.flow.nodes.base import Words
from router.flow.queues import Disposition, Queue
from router.store import cards
from router.store.database import Database
from router.store.tables import dispositions, presence_log
from tests.agents.house import PHONES, START, House

QUEUES = {
    "sales": Queue(wrap_up=30),
    "service": Queue(
        wrap_up=30,
        disposition_needed=True,
        dispositions=(Disposition(code="sold", label=Words.model_validate({"en": "Sold"})),),
    ),
    "nothing_to_say": Queue(wrap_up=30, disposition_needed=True),
}


def describe(queue: str | None) -> Queue:
    return QUEUES.get(queue or "", Queue())


class Desk:
    """Anna's desk, and what may happen at it."""

    def __init__(self, house: House) -> None:
        self.house = house
        parts = (house.database, house.bus, house.clock)
        self.presence = Presence(*parts, house.asterisk, house.settings)
        self.ringing = Ringing(*parts, describe=describe)
        self.ringing.rests = self.presence.rests
        self.wrap_ups = WrapUps(*parts, self.presence, describe)

    async def sits_down(self) -> None:
        self.anna = await self.house.person("anna", PHONES[0])
        await self.presence.ready(self.anna)

    async def talks(self, queue: str, call: str = "1.0", *, known: bool = True) -> str:
        """Anna talks to a caller for two minutes; gives the card. ``known``: the router has seen the call."""
        call_id = await self.house.call(call) if known else None
        await self.ringing.called(call, call_id, self.anna, queue)
        await self.ringing.answered(call, self.anna)
        self.house.clock.forward(minutes=2)
        await self.ringing.completed(call, self.anna)
        await self.ringing.over(call)
        async with self.house.database.read() as connection:
            return str(next(row.id for row in await cards.of_call(connection, call)))

    async def says(self, card: str, code: str = "sold") -> None:
        row = {"card_id": card, "person_id": self.anna, "queue": "service", "code": code, "fields": {}}
        async with self.house.database.begin() as connection:
            await connection.execute(dispositions.insert().values(**row, at=self.house.clock()))

    async def wrap_up(self) -> WrapUpView | None:
        return (await self.presence.look(self.anna)).wrap_up

    def is_left_in_peace(self) -> bool:
        """Whether no queue rings Anna's phone; False only where all do."""
        states = set(self.house.asterisk.members[PHONES[0]].values())
        assert len(states) == 1, "all queues are told the same"
        return states.pop()


@pytest.fixture
async def desk(house: House) -> Desk:
    made = Desk(house)
    await made.sits_down()
    return made


async def test_a_talk_is_wrapped_up_until_the_time_is_up(house: House, desk: Desk) -> None:
    card = await desk.talks("sales")
    ends = house.clock() + timedelta(seconds=30)
    assert await desk.wrap_up() == WrapUpView(ends, False)
    assert desk.is_left_in_peace()
    assert house.asterisk.reasons[PHONES[0]] == "wrap_up"
    assert await desk.presence.who_is_ready("sales") == ()
    assert await house.desks() == {desk.anna: "wrap_up"}
    assert [(data["card"], data["state"]) for name, data in await house.told(desk.anna) if name == "card"] == [
        (card, "ringing"),
        (card, "talking"),
        (card, "wrap_up"),
    ]

    house.clock.forward(seconds=29)
    assert await desk.wrap_ups.look() == []
    assert desk.is_left_in_peace()
    house.clock.forward(seconds=1)
    assert await desk.wrap_ups.look() == [desk.anna]
    assert await desk.wrap_up() is None
    assert not desk.is_left_in_peace()
    assert [row.id for row in await desk.presence.who_is_ready("sales")] == [desk.anna]
    assert await house.desks() == {desk.anna: "time_up"}
    assert (await house.told(desk.anna))[-2:] == [
        ("card", {"card": card, "state": "gone", "reason": "time_up"}),
        ("presence", {"presence": "ready"}),
    ]


async def test_the_next_call_may_come_as_soon_as_the_agent_asks_for_it(house: House, desk: Desk) -> None:
    card = await desk.talks("sales")
    house.clock.forward(seconds=4)
    await desk.wrap_ups.finish(desk.anna, card)
    assert await desk.wrap_up() is None
    assert not desk.is_left_in_peace()
    assert await house.desks() == {desk.anna: "wrapped_up"}
    with pytest.raises(Refused, match="not on your desk") as refused:
        await desk.wrap_ups.finish(desk.anna, card)
    assert refused.value.status == 404


async def test_nobody_ends_what_another_wraps_up(house: House, desk: Desk) -> None:
    card = await desk.talks("sales")
    bert = await house.person("bert", PHONES[1], "ready")
    with pytest.raises(Refused) as refused:
        await desk.wrap_ups.finish(bert, card)
    assert refused.value.status == 404
    assert await desk.wrap_up() is not None


async def test_a_queue_that_asks_for_nothing_is_not_wrapped_up(house: House, desk: Desk) -> None:
    await desk.talks("default")
    assert await desk.wrap_up() is None
    assert not desk.is_left_in_peace()
    assert await house.desks() == {desk.anna: "completed"}


async def test_without_the_result_it_goes_on_but_not_for_ever(house: House, desk: Desk) -> None:
    card = await desk.talks("service")
    house.clock.forward(seconds=31)
    assert await desk.wrap_ups.look() == []
    wrap_up = await desk.wrap_up()
    assert wrap_up is not None
    assert wrap_up.has_to_say
    assert desk.is_left_in_peace()
    with pytest.raises(Refused, match="what came of the call") as refused:
        await desk.wrap_ups.finish(desk.anna, card)
    assert refused.value.more["reason"] == "disposition_needed"

    house.clock.forward(seconds=15 * 60 - 32)
    assert await desk.wrap_ups.look() == []
    house.clock.forward(seconds=1)
    assert await desk.wrap_ups.look() == [desk.anna]
    assert not desk.is_left_in_peace()


@pytest.mark.parametrize("queue", ["service", "nothing_to_say"])
async def test_nobody_is_kept_for_a_result_that_cannot_be_said(house: House, desk: Desk, queue: str) -> None:
    card = await desk.talks(queue, known=queue == "nothing_to_say")
    await desk.wrap_ups.finish(desk.anna, card)
    assert not desk.is_left_in_peace()
    await desk.talks(queue, "2.0", known=queue == "nothing_to_say")
    house.clock.forward(seconds=30)
    assert await desk.wrap_ups.look() == [desk.anna]


async def test_with_the_result_the_time_that_is_up_ends_it(house: House, desk: Desk) -> None:
    card = await desk.talks("service")
    house.clock.forward(minutes=3)
    assert await desk.wrap_ups.look() == []
    await desk.says(card)
    assert await desk.wrap_ups.look() == [desk.anna]
    assert await house.desks() == {desk.anna: "time_up"}


async def test_more_time_can_be_had_up_to_the_longest(house: House, desk: Desk) -> None:
    await desk.talks("sales")
    ended = house.clock()
    assert await desk.wrap_ups.extend(desk.anna) == ended + timedelta(seconds=90)
    house.clock.forward(seconds=89)
    assert await desk.wrap_ups.look() == []
    assert await desk.wrap_ups.extend(desk.anna, timedelta(hours=1)) == ended + timedelta(minutes=15)
    with pytest.raises(Refused, match="no more time"):
        await desk.wrap_ups.extend(desk.anna)
    house.clock.forward(minutes=15)
    assert await desk.wrap_ups.look() == [desk.anna]
    with pytest.raises(Refused, match="no call to wrap up"):
        await desk.wrap_ups.extend(desk.anna)


@pytest.mark.parametrize(("choice", "members"), [("pause", {True}), ("off", set()), ("ready", {False})])
async def test_what_is_chosen_meanwhile_counts_afterwards(
    house: House, desk: Desk, choice: str, members: set[bool]
) -> None:
    card = await desk.talks("sales")
    chosen = await getattr(desk.presence, choice)(desk.anna)
    assert chosen.wrap_up is not None, "it goes on"
    assert chosen.presence == {"pause": "paused"}.get(choice, choice)
    assert await desk.presence.who_is_ready("sales") == ()
    await desk.wrap_ups.finish(desk.anna, card)
    assert set(house.asterisk.members[PHONES[0]].values()) == members


async def test_two_talks_are_wrapped_up_one_after_the_other(house: House, desk: Desk) -> None:
    for call in ("1.0", "2.0"):
        await desk.ringing.answered(call, desk.anna, queue="sales")
    await desk.ringing.completed("1.0", desk.anna)
    house.clock.forward(seconds=10)
    await desk.ringing.completed("2.0", desk.anna)
    wrap_up = await desk.wrap_up()
    assert wrap_up == WrapUpView(house.clock() + timedelta(seconds=30), False)
    async with house.database.read() as connection:
        first, second = await cards.live_of_person(connection, desk.anna)
    await desk.wrap_ups.finish(desk.anna, first.id)
    assert desk.is_left_in_peace()
    await desk.wrap_ups.finish(desk.anna, second.id)
    assert not desk.is_left_in_peace()


async def test_whoever_signs_out_has_nothing_left_to_wrap_up(house: House, desk: Desk) -> None:
    await desk.talks("service")
    view = await desk.presence.left(desk.anna)
    assert (view.presence, view.wrap_up) == ("off", None)
    assert await house.desks() == {desk.anna: "left"}
    assert house.asterisk.members[PHONES[0]] == {}


async def test_a_restart_forgets_no_timer(house: House, desk: Desk) -> None:
    await desk.talks("sales")
    house.clock.forward(seconds=30)
    again = Desk(house)
    assert await again.wrap_ups.look() == [desk.anna]
    assert not desk.is_left_in_peace()


async def test_of_several_processes_one_ends_it(house: House, desk: Desk) -> None:
    await desk.talks("sales")
    house.clock.forward(seconds=30)
    looks = await asyncio.gather(*(Desk(house).wrap_ups.look() for _ in range(4)))
    assert sorted(looks) == [[], [], [], [desk.anna]]


async def test_the_end_told_twice_in_any_order_is_one_end(house: House, desk: Desk) -> None:
    await desk.ringing.answered("1.0", desk.anna, queue="sales")
    await desk.ringing.over("1.0")
    house.clock.forward(seconds=20)
    await desk.ringing.completed("1.0", desk.anna)
    await desk.ringing.answered("1.0", desk.anna, queue="sales")
    await desk.ringing.over("1.0")
    assert await desk.wrap_up() == WrapUpView(START + timedelta(seconds=30), False)


async def test_each_change_is_in_the_log(house: House, desk: Desk) -> None:
    card = await desk.talks("sales")
    house.clock.forward(seconds=7)
    await desk.presence.pause(desk.anna, "lunch")
    await desk.wrap_ups.finish(desk.anna, card)
    await desk.presence.pause(desk.anna, "lunch")
    async with house.database.read() as connection:
        rows = (await connection.execute(presence_log.select().order_by(presence_log.c.id))).all()
    assert [(row.presence, row.reason, (row.at - START).total_seconds()) for row in rows] == [
        ("ready", None, 0),
        ("wrap_up", None, 120),
        ("paused", "lunch", 127),
    ]


async def test_a_caller_who_comes_back_ends_the_wrap_up(house: House, desk: Desk) -> None:
    await desk.ringing.answered("1.0", desk.anna, queue="sales")
    await desk.ringing.completed("1.0", desk.anna)
    await desk.ringing.called("1.0", None, desk.anna, "sales")
    assert await desk.wrap_up() is None
    assert await house.desks() == {desk.anna: "ringing"}


@pytest.mark.postgresql_only  # a file is never away, and what has closed it does not open it again
async def test_the_timer_outlives_a_database_that_is_away(house: House, desk: Desk, database: Database) -> None:
    await desk.talks("sales")
    house.clock.forward(seconds=30)
    await database.close()  # SQLAlchemy connects again by itself
    assert await desk.wrap_ups.look() == [desk.anna]
