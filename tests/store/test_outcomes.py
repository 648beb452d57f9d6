"""What was said of calls as it is stored: a message counts as answered as long as somebody says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from router.store import outcomes
from router.store.database import Connection, Database
from router.store.tables import messages
from tests.agents.house import START

LATER, LATEST = START + timedelta(minutes=5), START + timedelta(minutes=9)


def right(call: str, at: datetime) -> dict[str, Any]:
    found = {"decision": "likely", "assurance": 1, "none_probability": 0.1, "candidates": []}
    return found | {
        "call_id": call,
        "verdict": "right",
        "message_id": "m",
        "named_id": "m",
        "called_at": at,
        "person_id": "anna",
        "at": at,
    }


async def answered(connection: Connection) -> datetime | None:
    row = (await connection.execute(messages.select())).one()
    moment: datetime | None = row.answered_at
    return moment


async def test_a_message_is_answered_as_long_as_it_was_said_of_some_call(database: Database) -> None:
    sent = {"id": "m", "digest": "", "channel": "sms", "offer": {}, "body": "", "sent_at": START, "created_at": START}
    async with database.begin() as connection:
        await connection.execute(messages.insert().values(sent))
        for call, at in (("first", START), ("third", LATEST), ("second", LATER)):
            await outcomes.put(connection, right(call, at))
        assert await answered(connection) == START
        for call, left in (("first", LATER), ("third", LATER), ("second", None)):
            await outcomes.take_back(connection, call)
            assert await answered(connection) == left
