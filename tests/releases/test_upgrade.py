"""Calls that are running while the service is upgraded from the schema before there were sets of flows.

``calls_of_0002.json`` holds rows that the version before wrote: four calls at different places of the flow then shipped
and that flow.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, Table

from router.calls.handle import Calls
from router.calls.turns import Turn
from router.core.commands import AskDigits, Hangup, RecordMessage, Transfer
from router.core.events import (
    WITHHELD,
    CallStarted,
    DigitsEntered,
    InputTimedOut,
    RecordingEnded,
    TransferEnded,
    TransferOutcome,
)
from router.flow.load import read_folder
from router.matching.codes import CodeKeys
from router.releases.starting import released_flows
from router.store import migrate
from router.store.bus import Bus
from router.store.database import Database
from tests.releases.house import releases_on

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 23, 10, 1, tzinfo=UTC)


def insert_frozen(connection: Connection) -> None:
    command.upgrade(migrate._config(connection), "0002")
    for name, rows in json.loads((HERE / "calls_of_0002.json").read_text()).items():
        table = Table(name, MetaData(), autoload_with=connection)
        connection.execute(table.insert(), [typed(row) for row in rows])


def typed(row: Mapping[str, Any]) -> dict[str, Any]:
    moments = {
        name: datetime.fromisoformat(row[name]).replace(tzinfo=UTC)
        for name in row
        if name.endswith("_at") and row[name]
    }
    more = {"withheld": bool(row["withheld"]), "match": json.loads(row["match"])} if "withheld" in row else {}
    return {**row, **moments, **more}


@pytest.fixture
async def database(bare_database_url: str) -> AsyncIterator[Database]:
    """Upgraded, with calls of before the upgrade."""
    database = Database(bare_database_url)
    async with database.begin(long=True) as connection:
        await connection.run_sync(insert_frozen)
    await migrate.upgrade(database)
    yield database
    await database.close()


@pytest.fixture
async def calls(database: Database) -> Calls:
    releases = releases_on(database)
    await releases.take_over(read_folder(HERE.parents[1] / "ivr_flows"))
    flows = await released_flows(releases, {}, "hotline")
    return Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: NOW)


async def id_of(calls: Calls, ref: str) -> str:
    call_id = await calls.call_for("test", ref)
    assert call_id is not None
    return call_id


async def test_callers_who_were_asked_go_on(calls: Calls) -> None:
    call_id = await id_of(calls, "asked for the code")
    turn = await calls.handle(call_id, DigitsEntered("12"), 1)
    assert isinstance(turn.commands[-1], AskDigits)
    assert turn.commands[-1].prompts[0].text == "Das konnten wir leider nicht zuordnen."
    assert isinstance((await calls.handle(call_id, InputTimedOut(), 2)).commands[-1], Transfer)
    again = await calls.handle(await id_of(calls, "asked again"), InputTimedOut())
    assert isinstance(again.commands[-1], Transfer)


async def test_callers_in_the_queue_and_on_the_voicemail_go_on(calls: Calls) -> None:
    queued = await calls.handle(await id_of(calls, "waiting in the queue"), TransferEnded(TransferOutcome.NO_ANSWER))
    assert isinstance(queued.commands[-1], RecordMessage)
    left = await calls.handle(await id_of(calls, "leaving a message"), RecordingEnded("r", 7))
    assert isinstance(left.commands[-1], Hangup)


async def test_a_repeated_webhook_of_before_gets_its_answer(calls: Calls) -> None:
    repeated: Turn = await calls.handle(await id_of(calls, "asked again"), DigitsEntered("12"), 1)
    assert repeated.repeated
    assert isinstance(repeated.commands[-1], AskDigits)


async def test_hanging_up_leaves_nothing_open_and_new_calls_come_in(calls: Calls) -> None:
    for ref in ("asked for the code", "asked again", "waiting in the queue", "leaving a message"):
        await calls.hung_up("test", ref)
        assert (await calls.turn(await id_of(calls, ref))).session.ended
    new = await calls.begin("test", "new", CallStarted("test", WITHHELD, "+493023125000"))
    assert isinstance(new.commands[-1], AskDigits)
