"""A recording of what a caller said becomes the call's own with the turn, only where the question said so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from router.calls.handle import Calls
from router.core.events import Caller, CallStarted, DigitsEntered, SpeechHeard
from router.core.hearing import Reading
from router.engine.recorded import from_record
from router.flow.load import load
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import call_events, speech_recordings
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import calls as calls_table

HOTLINE = load([Path(__file__).parents[2] / "ivr_flows"])["hotline"]
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", Caller("+493023125011"), "+493023125000")
RECORDING = "ab" * 16
SAID = SpeechHeard("vier acht zwei", (Reading("vier acht zwei", 0.8),), "whisper", RECORDING)


async def asked(database: Database, *, keep: bool) -> tuple[Calls, str, int]:
    """A call that waits for an answer, which may be kept or not."""
    flows = Flows({"hotline": HOTLINE}, {}, "hotline")
    calls = Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: MONDAY)
    turn = await calls.begin("test", "ref", BEGIN)
    async with database.begin() as connection:
        row = (await connection.execute(calls_table.select())).one()
        session = json.loads(row.session)
        session["waiting"] |= {"speech": True, "listening": {"keep": keep}}
        await connection.execute(update(calls_table).values(session=json.dumps(session)))
    return calls, turn.call_id, turn.sequence


async def kept(database: Database, call_id: str) -> list[tuple[str, str]]:
    async with database.read() as connection:
        return [(row.step, row.recording) for row in await speech_recordings.of_call(connection, call_id)]


async def test_the_turn_stores_whose_recording_it_is(database: Database) -> None:
    calls, call_id, sequence = await asked(database, keep=True)
    step = (await calls.turn(call_id)).session.step
    await calls.handle(call_id, SAID, sequence)
    await calls.handle(call_id, SAID, sequence)  # the same again
    assert await kept(database, call_id) == [(step, RECORDING)]
    async with database.read() as connection:
        turns = await call_events.of_calls(connection, [call_id])
    assert RECORDING not in str([row.event for row in turns]), "nothing leads from the replay to a voice"
    assert from_record(MONDAY, turns[-1].event).event.kind == "speech_heard"


@pytest.mark.sqlite_only
async def test_a_question_that_does_not_keep_keeps_nothing(database: Database) -> None:
    calls, call_id, sequence = await asked(database, keep=False)
    await calls.handle(call_id, SAID, sequence)
    assert await kept(database, call_id) == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize("answer", [DigitsEntered("1"), SpeechHeard("ja")])
async def test_where_there_is_no_recording_there_is_none(
    database: Database, answer: DigitsEntered | SpeechHeard
) -> None:
    calls, call_id, sequence = await asked(database, keep=True)
    await calls.handle(call_id, answer, sequence)
    assert await kept(database, call_id) == []
