"""The sender of text messages: each handed over once, tried again with pauses, wiped when it is settled."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from router.messages import texting
from router.messages.texting import Accepted, NotNow, Outcome, Rejected, TextSender, reported
from router.store import text_messages as store
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import text_messages

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
NUMBER = "+491713920011"


class House:
    """A provider that answers as the test says, and a clock that the test moves."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bus = Bus()
        self.now = START
        self.sent: list[tuple[str, str, str]] = []
        self.outcomes: list[Outcome] = []
        self.on_send: Any = None
        self.closed = False
        self.sender = self.another()

    def another(self) -> TextSender:
        return TextSender(self.database, self.bus, self, lambda: self.now)

    async def send(self, text_id: str, to: str, body: str) -> Outcome:
        self.sent.append((text_id, to, body))
        if self.on_send:
            await self.on_send()
        return self.outcomes.pop(0) if self.outcomes else Accepted(f"SM{len(self.sent)}")

    async def aclose(self) -> None:
        self.closed = True

    async def queue(self, *text_ids: str, body: str = "Ihr Code: 123456") -> None:
        async with self.database.begin() as connection:
            for text_id in text_ids:
                values = {"id": text_id, "call_id": "call", "to_number": NUMBER, "body": body, "purpose": "code"}
                times = {"created_at": self.now, "next_try_at": self.now, "tries": 0, "state": store.QUEUED}
                await store.add(connection, values | times)

    async def row(self, text_id: str = "t1") -> Any:
        async with self.database.read() as connection:
            return (await connection.execute(select(text_messages).where(text_messages.c.id == text_id))).one()


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_it_is_handed_over_once_and_wiped(house: House) -> None:
    await house.queue("t1", "t2")
    assert await house.sender.send_due() == 2
    assert await house.sender.send_due() == 0
    assert sorted(house.sent) == [("t1", NUMBER, "Ihr Code: 123456"), ("t2", NUMBER, "Ihr Code: 123456")]
    row = await house.row()
    assert (row.state, row.to_number, row.body, row.settled_at) == (store.SENT, None, None, START)
    assert row.provider_ref.startswith("SM")


async def test_what_is_refused_is_given_up_at_once(house: House) -> None:
    await house.queue("t1")
    house.outcomes = [Rejected("Twilio 21610: the receiver wants none")]
    await house.sender.send_due()
    house.now += timedelta(hours=1)
    assert await house.sender.send_due() == 0
    row = await house.row()
    assert (row.state, row.reason, row.body) == (store.FAILED, "Twilio 21610: the receiver wants none", None)


async def test_it_is_tried_four_times_with_longer_pauses(house: House) -> None:
    await house.queue("t1")
    house.outcomes = [NotNow("away")] * 4
    tried = []
    for _ in range(120):
        if await house.sender.send_due():
            tried.append((house.now - START).seconds)
        house.now += timedelta(seconds=1)
    assert tried == [0, 2, 12, 42]
    row = await house.row()
    assert (row.state, row.reason, row.body, row.to_number) == (store.FAILED, "away", None, None)


async def test_what_may_have_got_through_is_sent_once_more_at_most(house: House) -> None:
    await house.queue("t1")
    house.outcomes = [NotNow("no answer", unsure=True)] * 4
    for _ in range(60):
        await house.sender.send_due()
        house.now += timedelta(seconds=1)
    assert len(house.sent) == 2
    assert (await house.row()).state == store.FAILED


async def test_a_provider_that_fails_with_one_loses_none_beside_it(house: House) -> None:
    await house.queue("t1", "t2", "t3")
    failed = asyncio.Event()

    async def fail_first() -> None:
        if len(house.sent) == 1:
            failed.set()
            raise RuntimeError("broken")
        await failed.wait()

    house.on_send = fail_first
    for _ in range(200):
        with contextlib.suppress(ExceptionGroup):
            await house.sender.send_due()
        house.now += timedelta(seconds=1)
    assert sorted(text_id for text_id, _, _ in house.sent) == sorted([*("t1", "t2", "t3"), house.sent[0][0]])
    assert {(await house.row(text_id)).state for text_id in ("t1", "t2", "t3")} == {store.SENT}


async def test_what_comes_too_late_is_not_sent(house: House) -> None:
    await house.queue("t1")
    house.now += texting.IN_TIME + timedelta(seconds=1)
    await house.sender.send_due()
    assert house.sent == []
    assert (await house.row()).reason == "not sent in time"


async def test_several_senders_never_send_one_twice(house: House) -> None:
    await house.queue(*(f"t{number}" for number in range(40)))
    senders = [house.another() for _ in range(4)]

    async def drain(sender: TextSender) -> None:
        while await sender.send_due():
            pass

    await asyncio.gather(*map(drain, senders))
    for sender in senders:  # one may have looked while another had claimed all that was left
        await drain(sender)
    assert sorted(text_id for text_id, _, _ in house.sent) == sorted(f"t{number}" for number in range(40))


async def test_one_that_was_claimed_by_a_process_that_died_is_sent_by_another(house: House) -> None:
    await house.queue("t1")
    async with house.database.begin() as connection:
        assert len(await store.claim(connection, house.now, house.now + texting.CLAIMED_FOR, 10)) == 1
    assert await house.sender.send_due() == 0
    house.now += texting.CLAIMED_FOR
    assert await house.sender.send_due() == 1
    assert (await house.row()).state == store.SENT


async def test_a_report_that_comes_before_we_have_noted_the_sending_stays(house: House) -> None:
    await house.queue("t1")

    async def delivered() -> None:
        assert await reported(house.database, "t1", "SM1", house.now, delivered=True)

    house.on_send = delivered
    await house.sender.send_due()
    row = await house.row()
    assert (row.state, row.provider_ref, row.body) == (store.DELIVERED, "SM1", None)


async def test_reports_come_twice_and_out_of_order(house: House) -> None:
    await house.queue("t1")
    await house.sender.send_due()
    assert await reported(house.database, "t1", "SM1", START, delivered=False, reason="Twilio 30003")
    assert ((await house.row()).state, (await house.row()).reason) == (store.FAILED, "Twilio 30003")
    assert await reported(house.database, "t1", "SM1", START, delivered=True)
    assert await reported(house.database, "t1", "SM1", START, delivered=False, reason="late")
    row = await house.row()
    assert (row.state, row.reason) == (store.DELIVERED, None)
    assert not await reported(house.database, "t1", "SM9", START, delivered=False), "another one's"
    assert not await reported(house.database, "t9", "SM1", START, delivered=True)


async def test_one_failure_to_store_sends_nothing_twice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texting, "SETTLE_AGAIN", (0.0, 0.0, 0.0))
    await house.queue("t1", "t2")
    settle, failures = store.settle, iter([True, True])

    async def failing(*args: Any, **more: Any) -> None:
        if next(failures, False):
            raise OSError
        await settle(*args, **more)

    monkeypatch.setattr(store, "settle", failing)
    await house.sender.send_due()
    assert {(await house.row(text_id)).state for text_id in ("t1", "t2")} == {store.SENT}
    assert len(house.sent) == 2


async def test_what_is_on_its_way_is_finished_when_the_service_stops(house: House) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        begun.set()
        await go_on.wait()

    house.on_send = slowly
    await house.queue("t1")
    running = asyncio.create_task(house.sender.run())
    await asyncio.wait_for(begun.wait(), 60)
    running.cancel()
    asyncio.get_running_loop().call_soon(go_on.set)
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert (await house.row()).state == store.SENT


async def test_it_runs_until_it_is_stopped_and_wakes_when_told(house: House) -> None:
    sent = asyncio.Event()

    async def told() -> None:
        sent.set()

    house.on_send = told
    running = asyncio.create_task(house.sender.run())
    for number in range(3):
        sent.clear()
        await house.queue(f"t{number}")
        house.bus.announce(texting.TOPIC)
        await asyncio.wait_for(sent.wait(), 60)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert house.closed
