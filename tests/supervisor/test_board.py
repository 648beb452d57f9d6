"""How everything stands, out of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from router.agents.line import Telephone
from router.agents.presence import Presence
from router.agents.ringing import Ringing
from router.agents.supervising import Supervising
from router.agents.wrap_up import WrapUps
from router.core.assurance import Assurance
from router.errors import Refused
from router.flow.queues import Queue, ServiceLevel
from router.store import presence_log
from router.store.tables import audit_log, calls, people, web_sessions
from router.supervisor.board import Boards, QueueView
from router.supervisor.figures import Day
from tests.agents.house import PHONES, QUEUES, START, House


class Book:
    """Sales is to be answered within 20 seconds, and is wrapped up for 30."""

    described: Mapping[str, Queue] = {
        "sales": Queue(service_level=ServiceLevel(percent=60, seconds=20), wrap_up=30),
    }

    def get(self, queue: str | None) -> Queue:
        return self.described.get(queue or "", Queue())


class Room:
    """Everything a supervisor looks at."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ticks = 0.0
        parts = (house.database, house.bus, house.clock)
        book = Book()
        self.presence = Presence(*parts, house.asterisk, house.settings)
        self.ringing = Ringing(*parts, describe=book.get)
        self.ringing.rests = self.presence.rests
        self.wrap_ups = WrapUps(*parts, self.presence, book.get)
        self.acting = Supervising(house.database, house.clock, self.presence, QUEUES)
        self.boards = Boards(
            house.database, house.clock, book, self.presence, QUEUES, ZoneInfo("Europe/Berlin"), lambda: self.ticks
        )

    async def queue(self, name: str) -> QueueView:
        board = await self.boards.now(fresh=True)
        return next(queue for queue in board.queues if queue.name == name)

    async def agents(self) -> dict[str, tuple[str, str | None]]:
        """Each agent's state, and since which time of the day."""
        board = await self.boards.now(fresh=True)
        return {each.name: (each.state, f"{each.since:%H:%M:%S}" if each.since else None) for each in board.agents}


@pytest.fixture
def room(house: House) -> Room:
    return Room(house)


async def call(house: House, ref: str, *, waited: float, became: str, **values: Any) -> None:
    """A call that waited so many seconds, and then was `answered`, `abandoned` or went `elsewhere`."""
    began = house.clock()
    ended = began + timedelta(seconds=waited)
    row: dict[str, Any] = {"queued_at": began, "state": "ended", "ended_at": ended, "outcome": "left_queue"}
    if became == "answered":
        row |= {"answered_at": ended, "ended_at": ended + timedelta(minutes=3)}
    elif became == "elsewhere":
        row |= {"outcome": "finished"}
    await house.call(ref, **row | values)


async def test_the_day_of_a_queue_counted_by_hand(house: House, room: Room) -> None:
    for number, (waited, became) in enumerate(
        [
            (5, "answered"),
            (20, "answered"),  # to the second: in time
            (20.5, "answered"),  # not in time
            (300, "answered"),
            (3, "abandoned"),  # before anybody could be late: does not count
            (45, "abandoned"),
            (600, "elsewhere"),
        ]
    ):
        await call(house, f"{number}", waited=waited, became=became)
    await call(house, "other queue", waited=1, became="answered", queue="default")
    await call(house, "we called", waited=1, became="answered", direction="out")
    yesterday = START - timedelta(days=1)
    await call(house, "yesterday", waited=1, became="answered", queued_at=yesterday)
    await house.call("still waits", queued_at=house.clock())

    sales = await room.queue("sales")
    assert sales.day == Day(answered=4, in_time=2, abandoned=2, soon=1, elsewhere=1)
    assert sales.day.level == pytest.approx(100 * 2 / 6)
    assert sales.met is False
    assert (sales.waiting, sales.oldest) == (1, START)
    other = await room.queue("default")
    assert (other.day, other.met) == (Day(answered=1, in_time=1), True)


async def test_who_waits_too_long_counts_before_anybody_answers(house: House, room: Room) -> None:
    await call(house, "in time", waited=10, became="answered")
    await house.call("waits", queued_at=house.clock())
    await house.call("passed on, waits again", queued_at=house.clock(), answered_at=house.clock())
    await house.call("lost", queued_at=house.clock(), updated_at=START - timedelta(hours=7))
    for seconds, late, level in ((20, 0, 100), (1, 1, 200 / 3)):
        house.clock.forward(seconds=seconds)
        sales = await room.queue("sales")
        assert sales.day == Day(answered=2, in_time=2, late=late)
        assert sales.day.level == pytest.approx(level)
    async with house.database.begin() as connection:
        values = {"state": "ended", "outcome": "left_queue", "ended_at": house.clock()}
        await connection.execute(calls.update().where(calls.c.channel_ref == "waits").values(**values))
    assert (await room.queue("sales")).day == Day(answered=2, in_time=2, abandoned=1), "who hangs up counts once"


async def test_the_day_begins_at_midnight_where_the_company_is(house: House, room: Room) -> None:
    # START is 9:00 UTC, 10:00 in Berlin: its day began at 23:00 UTC.
    await call(house, "before", waited=1, became="answered", queued_at=START - timedelta(hours=10, seconds=1))
    await call(house, "after", waited=1, became="answered", queued_at=START - timedelta(hours=10))
    assert (await room.queue("sales")).day.answered == 1


async def test_who_waits_is_told_without_a_name_or_number(house: House, room: Room) -> None:
    match = {"assurance": 2, "decision": "sure"}
    await house.call("2", queue="default", queued_at=START + timedelta(seconds=9), caller="+4930123456", match=match)
    await house.call("1", queued_at=START, caller="+4930123457")
    await house.call("gone", state="ended", queued_at=START)
    await house.call("hours ago", queued_at=START, updated_at=START - timedelta(hours=7))
    board = await room.boards.now()
    assert [(each.queue, each.since, each.assurance) for each in board.callers] == [
        ("sales", START, None),
        ("default", START + timedelta(seconds=9), Assurance.L2),
    ]
    assert "+4930" not in repr(board)


async def test_what_agents_do_and_since_when(house: House, room: Room) -> None:
    anna, bert = await house.person("anna", PHONES[0]), await house.person("bert")
    assert await room.agents() == {"Anna": ("off", None), "Bert": ("off", None)}
    await room.presence.ready(anna)
    house.clock.forward(minutes=1)
    await room.presence.pause(bert, "lunch")
    house.clock.forward(minutes=1)
    await room.ringing.called("1.0", None, anna, "sales")
    assert await room.agents() == {"Anna": ("ringing", "09:02:00"), "Bert": ("paused", "09:01:00")}
    house.clock.forward(seconds=5)
    await room.ringing.answered("1.0", anna)
    assert (await room.agents())["Anna"] == ("talking", "09:02:05")
    house.clock.forward(minutes=2)
    await room.ringing.over("1.0")
    assert (await room.agents())["Anna"] == ("wrap_up", "09:04:05")
    assert (await room.queue("sales")).agents == {"talking": 0, "ringing": 0, "wrap_up": 1, "ready": 0, "paused": 1}
    house.clock.forward(seconds=30)
    await room.wrap_ups.look()
    assert (await room.agents())["Anna"] == ("ready", "09:04:35")
    board = await room.boards.now(fresh=True)
    assert {each.name: each.telephone for each in board.agents} == {
        "Anna": Telephone.CONNECTED,
        "Bert": Telephone.BROWSER,
    }


async def test_somebody_who_may_not_sign_in_is_not_shown(house: House, room: Room) -> None:
    anna = await house.person("anna")
    async with house.database.begin() as connection:
        await connection.execute(people.update().where(people.c.id == anna).values(disabled_at=START))
    assert await room.agents() == {}


async def test_however_many_pages_are_open_the_database_is_read_once_a_second(house: House, room: Room) -> None:
    first = await room.boards.now()
    await house.call("1", queued_at=START)
    room.ticks = 0.9
    assert await room.boards.now() is first
    room.ticks = 1.0
    assert (await room.boards.now()).callers


async def test_other_queues_count_at_once_and_are_in_the_audit_log(house: House, room: Room) -> None:
    robin, anna = await house.person("robin"), await house.person("anna", PHONES[0])
    await room.presence.ready(anna)
    before = len(await house.told(anna))
    assert await room.acting.assign(anna, ["sales"], ["english", "gas", "english"], robin)
    assert house.asterisk.members[PHONES[0]] == {"sales": False}
    assert (await house.told(anna))[before:] == [("presence", {"presence": "ready"})]
    view = await room.presence.look(anna)
    assert (view.queues, view.skills) == (("sales",), ("english", "gas"))
    assert not await room.acting.assign(anna, ["sales"], ["english", "gas"], robin)
    async with house.database.read() as connection:
        (row,) = (await connection.execute(audit_log.select().where(audit_log.c.action != "person.added"))).all()
    assert (row.action, row.subject, row.subject_id, row.person_id) == ("person.changed", "person", anna, robin)
    assert row.detail == {"fields": ["queues", "skills"]}


@pytest.mark.parametrize(
    ("queues", "skills", "field"), [(["nonesuch"], [], "queues"), (["sales"], ["Englisch!"], "skills")]
)
async def test_what_there_is_not_is_refused(
    house: House, room: Room, queues: list[str], skills: list[str], field: str
) -> None:
    anna = await house.person("anna")
    with pytest.raises(Refused) as refused:
        await room.acting.assign(anna, queues, skills, anna)
    assert [error["field"] for error in refused.value.more["errors"]] == [field]
    with pytest.raises(Refused, match="no such person"):
        await room.acting.pause("nobody", anna)


async def test_a_supervisor_pauses_somebody_and_signs_somebody_out(house: House, room: Room) -> None:
    robin, anna = await house.person("robin"), await house.person("anna", PHONES[0])
    session = {"token_hash": b"a", "person_id": anna, "created_at": START, "expires_at": START + timedelta(hours=8)}
    async with house.database.begin() as connection:
        await connection.execute(web_sessions.insert().values(**session))
    await room.presence.ready(anna)
    await room.acting.pause(anna, robin)
    view = await room.presence.look(anna)
    assert (view.presence, view.pause_reason) == ("paused", "supervisor")
    assert set(house.asterisk.members[PHONES[0]].values()) == {True}
    await room.acting.sign_out(anna, robin)
    view = await room.presence.look(anna)
    assert (view.presence, view.phone) == ("off", None)
    assert house.asterisk.members[PHONES[0]] == {}
    async with house.database.read() as connection:
        assert (await connection.execute(web_sessions.select())).all() == []
        actions = [row.action for row in await connection.execute(audit_log.select().order_by(audit_log.c.id))]
    assert actions[2:] == ["person.paused", "person.signed_out"]


async def test_the_log_is_forgotten_but_for_how_somebody_stands(house: House, room: Room) -> None:
    anna = await house.person("anna")
    await room.presence.ready(anna)
    house.clock.forward(days=40)
    await room.presence.pause(anna, "lunch")
    house.clock.forward(days=40)
    async with house.database.begin() as connection:
        assert await presence_log.forget(connection, house.clock(), 100) == 1
        assert [row.presence for row in await presence_log.since(connection, house.clock())] == ["paused"]
