"""Nothing stays open for ever: what a process did not get to do before it died is made up for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from router import app, forgetting, server
from router.agents.people import NewPerson, add
from router.app import House
from router.app_agents import Agents, agents_of
from router.core.events import WITHHELD, CallerHungUp, CallStarted
from router.matching.lockout import KEPT, Limits
from router.settings import load
from router.store import call_events, callbacks, cards, one_time_codes, text_messages, wrong_codes
from router.store import calls as store_of_calls
from router.store import tables as store
from tests.shipped import next_at_once

FLOWS = next_at_once()
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
QUEUES = ("default",)

Running = tuple[House, Agents]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    database = f"sqlite:///{tmp_path}/left_over.db"
    settings = load({}, tmp_path, data_dir=tmp_path, database=database, secret="s" * 32, flows=FLOWS, queues=QUEUES)
    moved = [NOW]
    async with app.assembled(settings, lambda: moved[-1]) as house:
        yield house, agents_of(house)


async def talking(house: House, agents: Agents, channel: str) -> tuple[str, str]:
    """A call that somebody talks to: the call's id, the person's id."""
    turn = await house.calls.begin(channel, "ref", CallStarted(channel, WITHHELD))
    async with house.database.begin() as connection:
        person = await add(connection, NewPerson(login="anna", name="Anna", queues=QUEUES), QUEUES, NOW)
        await store_of_calls.change(connection, turn.call_id, {"state": "queue"})
    await agents.ringing.called(turn.call_id, turn.call_id, person, "default")
    await agents.ringing.answered(turn.call_id, person)
    return turn.call_id, person


async def on_desk(house: House, person: str) -> int:
    async with house.database.read() as connection:
        return len(await cards.live_of_person(connection, person))


@pytest.mark.parametrize("channel", ["testphone", "asterisk"])
async def test_a_card_goes_whose_call_ended_just_before_the_process_died(running: Running, channel: str) -> None:
    house, agents = running
    call, person = await talking(house, agents, channel)
    await house.calls.handle(call, CallerHungUp())
    assert await on_desk(house, person) == 1
    await server.off_the_desks(house, agents, NOW)
    assert await on_desk(house, person) == 0


@pytest.mark.parametrize("channel", ["testphone", "asterisk"])
async def test_a_call_that_nothing_was_heard_of_for_hours_goes_from_the_desk_too(
    running: Running, channel: str
) -> None:
    house, agents = running
    call, person = await talking(house, agents, channel)
    await server.tidy(house, agents, NOW + forgetting.LONGEST_CALL - timedelta(minutes=1))
    assert await on_desk(house, person) == 1
    await server.tidy(house, agents, NOW + forgetting.LONGEST_CALL + timedelta(minutes=1))
    assert await on_desk(house, person) == 0
    assert (await house.calls.turn(call)).session.ended


async def test_a_call_that_is_talked_to_stays(running: Running) -> None:
    house, agents = running
    _, person = await talking(house, agents, "asterisk")
    await server.off_the_desks(house, agents, NOW)
    await server.tidy(house, agents, NOW)
    assert await on_desk(house, person) == 1


async def test_wrong_codes_are_deleted_after_their_time(running: Running) -> None:
    house, agents = running
    async with house.database.begin() as connection:
        await wrong_codes.add(connection, "call", [b"c" * 32], b"n" * 32, "PJSIP/trunk", NOW)

    async def kept() -> int:
        async with house.database.read() as connection:
            return (await wrong_codes.reached(connection, NOW - timedelta(days=1), Limits())).overall

    await server.tidy(house, agents, NOW + KEPT)
    assert await kept() == 1
    await server.tidy(house, agents, NOW + KEPT + timedelta(seconds=1))
    assert await kept() == 0


async def test_text_messages_codes_and_settled_callbacks_are_wiped_and_deleted_after_their_time(
    running: Running,
) -> None:
    house, agents = running
    text = {"call_id": "c1", "purpose": "code", "tries": 0, "created_at": NOW, "body": "123456"}
    back = {"number": "+493023125011", "queue": "default", "priority": 0, "since": NOW, "created_at": NOW}
    async with house.database.begin() as connection:
        await text_messages.add(connection, text | {"id": "shown", "state": text_messages.SHOWN})
        queued = {"id": "queued", "state": text_messages.QUEUED, "to_number": "+491713920011", "next_try_at": NOW}
        await text_messages.add(connection, text | queued)
        await one_time_codes.put(connection, "c1", b"h" * 32, NOW, NOW)
        for name in ("open", "settled"):
            await callbacks.put(connection, back | {"id": name, "call_id": name, "state": callbacks.OPEN})
        await callbacks.settle(connection, "settled", callbacks.DONE, "robin", NOW)

    async def kept() -> list[int]:
        tables = (store.text_messages, store.one_time_codes, store.callbacks)
        async with house.database.read() as connection:
            return [len((await connection.execute(select(table))).all()) for table in tables]

    async def secrets() -> set[tuple[str | None, str | None]]:
        async with house.database.read() as connection:
            rows = await connection.execute(select(store.text_messages))
            return {(row.to_number, row.body) for row in rows}

    await server.tidy(house, agents, NOW + forgetting.TEXTS_SHOWN)
    assert await secrets() == {(None, "123456"), ("+491713920011", "123456")}
    await server.tidy(house, agents, NOW + forgetting.TEXTS_SHOWN + timedelta(seconds=1))
    assert await secrets() == {(None, None)}
    assert await kept() == [2, 1, 2]
    await server.tidy(house, agents, NOW + KEPT + timedelta(seconds=1))
    assert await kept() == [0, 0, 1], "who is still to be called is not forgotten"


async def test_what_happened_in_calls_is_deleted_after_its_time(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, agents = running
    monkeypatch.setattr(forgetting, "FEWEST", 1)
    monkeypatch.setattr(forgetting, "MOST", 10)
    calls = [await house.test_phone.dial("", withheld=True, service_number=None) for _ in range(3)]

    async def kept() -> int:
        async with house.database.read() as connection:
            return len(await call_events.of_calls(connection, [call.call_id for call in calls]))

    week = timedelta(days=house.settings.replay_days)
    await server.tidy(house, agents, NOW + week)
    assert await kept() == 6, "tidying has ended the calls"
    await server.tidy(house, agents, NOW + week + timedelta(seconds=1))
    assert await kept() == 0
