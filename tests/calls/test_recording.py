"""What happens in calls is kept in their own transaction, each turn once, and forgotten in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from router.calls.handle import Calls
from router.core.events import Caller, CallerHungUp, CallStarted, DigitsEntered, MatchesFound
from router.engine.recorded import from_record
from router.flow.load import load
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import call_events
from router.store.bus import Bus
from router.store.database import Database

HOTLINE = load([Path(__file__).parents[2] / "ivr_flows"])["hotline"]
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", Caller("+493023125011"), "+493023125000")


def make_calls(database: Database, *, recording: bool = True) -> Calls:
    flows = Flows({"hotline": HOTLINE}, {}, "hotline")
    return Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: MONDAY, recording=recording)


async def turns(database: Database, call_id: str) -> list[Any]:
    async with database.read() as connection:
        return list(await call_events.of_calls(connection, [call_id]))


async def test_each_turn_is_kept_once_with_what_the_house_answered(database: Database) -> None:
    calls = make_calls(database)
    turn = await calls.begin("test", "ref", BEGIN)
    await calls.begin("test", "ref", BEGIN)
    second = await calls.handle(turn.call_id, DigitsEntered("1234567890"), turn.sequence)
    await calls.handle(turn.call_id, DigitsEntered("1234567890"), turn.sequence)
    await calls.handle(turn.call_id, CallerHungUp())
    kept = [from_record(row.at, row.event) for row in await turns(database, turn.call_id)]
    assert [turn.event.kind for turn in kept] == ["call_started", "digits_entered", "caller_hung_up"]
    assert [[answer.kind for answer in turn.answers] for turn in kept] == [["matches_found"], ["matches_found"], []]
    assert kept[1].event == DigitsEntered("0000000000")
    assert isinstance(kept[1].answers[0], MatchesFound)
    assert kept[1].answers[0].match.code_accepted is False
    assert second.session.sequence == 2
    text = str([row.event for row in await turns(database, turn.call_id)])
    assert "23125011" not in text
    assert "1234567890" not in text


async def test_nothing_is_kept_where_it_is_not_wanted(database: Database) -> None:
    calls = make_calls(database, recording=False)
    turn = await calls.begin("test", "ref", BEGIN)
    await calls.handle(turn.call_id, CallerHungUp())
    assert await turns(database, turn.call_id) == []


async def test_old_turns_are_forgotten_bite_by_bite(database: Database) -> None:
    calls = make_calls(database)
    ids = [(await calls.begin("test", f"ref-{number}", BEGIN)).call_id for number in range(3)]
    async with database.begin() as connection:
        assert await call_events.forget(connection, MONDAY, 2) == 0
        assert await call_events.forget(connection, MONDAY + timedelta(seconds=1), 2) == 2
        assert await call_events.forget(connection, MONDAY + timedelta(seconds=1), 2) == 1
        assert await call_events.forget(connection, MONDAY + timedelta(seconds=1), 2) == 0
    assert [await turns(database, call_id) for call_id in ids] == [[], [], []]
