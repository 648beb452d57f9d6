"""One timeline over all channels: each matter once, the newest first, bounded, and by level."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, event, text

from router.core.assurance import Assurance
from router.desk.card import Card, Matter
from router.desk.doing import show_more
from router.desk.timeline import PAGE, timeline_of
from router.store import timeline as store
from router.store.database import Connection, Database
from router.store.tables import (
    callbacks,
    calls,
    cards,
    dispositions,
    inbound_messages,
    notes,
    payments,
    text_messages,
    voicemails,
)
from tests.agents.house import START, House
from tests.desk.talking import Talking, named


class Desk(Talking):
    async def put(self, table: Table, **values: Any) -> None:
        async with self.house.database.begin() as connection:
            await connection.execute(table.insert().values(**values))

    async def called(self, call_id: str, days: float, **values: Any) -> None:
        at = START - timedelta(days=days)
        row = {
            "id": call_id,
            "channel": "asterisk",
            "channel_ref": call_id,
            "withheld": False,
            "state": "ended",
            "outcome": "left_queue",
            "sequence": 1,
            "session": "{}",
            "reply": "[]",
            "queue": "sales",
            "started_at": at,
            "updated_at": at,
            "ended_at": at,
        }
        await self.put(calls, **(row | values))

    async def much(self) -> None:
        """Something of each kind: a talk and a note, a call with a voicemail about nothing, a text, a payment."""
        day = timedelta(days=1)
        await self.sent("m2", days=20, channel="letter", delivery="delivered")
        await self.sent("m3", days=30, channel="email")
        await self.called("c2", 10, message_id="m2", customer_id="id-K-E")
        await self.put(
            cards, id="k2", call_key="c2", call_id="c2", person_id=self.ben, state="gone", rang_at=START - 10 * day,
            answered_at=START - 10 * day, talked_until=START - 10 * day + timedelta(seconds=95),
        )  # fmt: skip
        came_of = {"card_id": "k2", "call_id": "c2", "person_id": self.ben, "code": "sold", "fields": {}}
        await self.put(dispositions, **came_of, at=START - 10 * day + timedelta(seconds=95))
        note = {"id": "n2", "call_id": "c2", "message_id": "m2", "customer_id": "id-K-E", "person_id": self.ben}
        await self.put(notes, **note, text="Will ask her neighbour", at=START - 10 * day + timedelta(seconds=60))
        await self.called("c3", 5, customer_id="id-K-E", outcome="hung_up")
        await self.put(
            voicemails, id="v3", call_id="c3", seconds=12, text="Call me", created_at=START - 5 * day
        )  # fmt: skip
        await self.put(
            callbacks, id="b3", call_id="c3", number="+491711234567", queue="sales", priority=0, state="done",
            since=START - 5 * day, created_at=START - 5 * day,
        )  # fmt: skip
        await self.put(
            text_messages, id="t3", channel="sms", purpose="desk", state="delivered", kept="See the link",
            customer_id="id-K-E", message_id="m3", person_id=self.ben, tries=1, created_at=START - 25 * day,
        )  # fmt: skip
        await self.put(
            payments, id="p3", customer_id="id-K-E", message_id="m3", person_id=self.ben, cents=4990, currency="EUR",
            purpose="Fee", state="paid", created_at=START - 24 * day,
        )  # fmt: skip
        await self.put(
            inbound_messages, id="i1", channel="sms", provider_ref="r", customer_id="id-K-E", message_id="m1",
            body="Is it still on?", at=START - timedelta(hours=2),
        )  # fmt: skip


@pytest.fixture
async def desk(database: Database) -> Desk:
    made = Desk(House(database))
    await made.open()
    await made.sent("m1")
    return made


def told(matter: Matter) -> tuple[Any, ...]:
    entries = tuple((each.kind, tuple(part.kind for part in each.parts)) for each in matter.entries)
    return matter.message_id, None if matter.here else matter.title, matter.here, entries


def matters(card: Card) -> list[tuple[Any, ...]]:
    assert card.timeline is not None
    return [told(each) for each in card.timeline.matters]


async def test_each_matter_stands_once_with_what_happened_about_it(desk: Desk) -> None:
    await desk.much()
    card = await desk.call(named("m1", Assurance.L2))
    assert matters(card) == [
        ("m1", None, True, (("inbound", ()),)),
        (None, None, False, (("call", ("voicemail", "callback")),)),
        ("m2", "Offer m2", False, (("call", ("talk", "note", "came_of")),)),
        ("m3", "Offer m3", False, (("payment", ()), ("text", ()))),
    ]
    assert card.timeline is not None and not card.timeline.more
    talk, note, came_of = card.timeline.matters[2].entries[0].parts
    assert (talk.by, talk.seconds) == ("Ben", 95)
    assert (note.by, note.words, came_of.title) == ("Ben", "Will ask her neighbour", "sold")
    assert card.timeline.matters[3].entries[0].amount == "49.90"


async def test_below_l2_what_was_written_and_said_stays_closed(desk: Desk) -> None:
    await desk.much()
    card = await desk.call(named("m1", Assurance.L1))
    assert card.timeline is not None and not card.timeline.words
    assert len(card.timeline.matters) == 4
    for words in ("neighbour", "Call me", "See the link", "still on", "Fee"):
        assert words not in repr(card)


async def test_with_the_strict_policy_nothing_is_told_at_l1(desk: Desk) -> None:
    await desk.much()
    desk.policy = "strict"
    card = await desk.call(named("m1", Assurance.L1))
    assert (card.timeline, card.more, card.who) == (None, (), None)
    assert "Erika" not in repr(card) and "Offer" not in repr(card)


async def test_a_call_that_does_not_say_whose_it_is_belongs_to_its_message(desk: Desk) -> None:
    await desk.called("c9", 3, message_id="m1")
    card = await desk.call(named("m1", Assurance.L2))
    assert matters(card) == [("m1", None, True, (("call", ()),))]


async def test_it_is_bounded_and_shows_more_when_asked(desk: Desk) -> None:
    for number in range(PAGE + 5):
        await desk.called(f"old{number}", number + 2, customer_id="id-K-E")
    card = await desk.call(named("m1", Assurance.L2))
    assert card.timeline is not None and card.timeline.more
    assert len(card.timeline.matters) <= PAGE
    async with desk.house.database.begin() as connection:
        await show_more(connection, desk.anna, card.id, desk.policy)
    card = await desk.card()
    assert card.timeline is not None and not card.timeline.more
    assert len(card.timeline.matters) == PAGE + 5


async def test_about_a_message_without_a_customer_only_that_is_told(desk: Desk) -> None:
    await desk.much()
    await desk.sent("m9", None)
    await desk.called("c9", 3, message_id="m9")
    card = await desk.call(named("m9", Assurance.L2))
    assert matters(card) == [("m9", None, True, (("call", ()),))]


@asynccontextmanager
async def statements(connection: Connection) -> AsyncIterator[list[str]]:
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    engine = connection.sync_connection
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


async def test_it_takes_as_many_statements_for_much_as_for_little(desk: Desk) -> None:
    counts = []
    for number in range(2):
        async with desk.house.database.read() as connection, statements(connection) as seen:
            await timeline_of(connection, "id-K-E", "m1", None, 1, words=True)
        counts.append(len(seen))
        if number == 0:
            await desk.much()
            for call in range(15):
                await desk.called(f"more{call}", call + 2, message_id="m2", customer_id="id-K-E")
    assert max(counts) <= 4


@pytest.mark.sqlite_only
async def test_every_part_of_it_goes_by_an_index(desk: Desk) -> None:
    async with desk.house.database.read() as connection:
        async with statements(connection) as seen:
            await store.of_customer(connection, "id-K-E", "m1", None, 21)
            await store.of_calls(connection, ["c1", "c2"])
        for statement in seen:
            places = statement.count("?")
            plan = (await connection.execute(text("SELECT 1"))).all() and (
                await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple("x" for _ in range(places)))
            )
            scans = [row[3] for row in plan if row[3].startswith("SCAN") and "(subquery" not in row[3]]
            assert [scan for scan in scans if "anon" not in scan] == []
