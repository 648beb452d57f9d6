"""The same form twice at the same moment: a double click, or two windows that come back with the network."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from router.store.holds import hold
from router.store.tables import audit_log, text_messages, work_items
from tests.desk.work.conftest import Talk

ONCE = "0" * 31 + "7"

_WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


async def noted(talk: Talk, action: str) -> int:
    return [row.action for row in await talk.rows(audit_log)].count(action)


@pytest.mark.sqlite_only
async def test_a_follow_up_promised_twice_at_once_is_one(talk: Talk) -> None:
    fields = {"due_at": "2026-03-10T10:00:00+01:00", "note": "Rückruf", "once": ONCE}
    answers = await asyncio.gather(*(talk.post("follow-up", **fields) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [204] * 4
    assert (len(await talk.rows(work_items)), await noted(talk, "follow_up.made")) == (1, 1)


@pytest.mark.postgresql_only
async def test_a_text_sent_twice_at_once_is_one(talk: Talk) -> None:
    fields = {"to": await talk.to(), "text": "Hallo", "once": ONCE}
    database = talk.service.house.database
    async with database.begin() as connection:
        await hold(connection, "texts")
        posts = [asyncio.create_task(talk.post("send", **fields)) for _ in range(2)]
        while (await connection.execute(_WAITING)).scalar_one() < 2:
            assert not any(post.done() for post in posts)
    assert [(await post).status_code for post in posts] == [204, 204]
    assert (len(await talk.rows(text_messages)), await noted(talk, "text.sent")) == (1, 1)
