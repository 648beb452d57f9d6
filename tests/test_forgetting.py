"""What is kept has an end: each table is told of in a document, and goes in its time, in small bites."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from router import app, forgetting
from router.app import House
from router.calls.payments import GIVEN_UP
from router.matching.lockout import KEPT
from router.settings import load
from router.store import payments
from router.store import tables as store
from tests.shipped import next_at_once

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
HISTORY = timedelta(days=40)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    settings = load(
        {}, tmp_path, data_dir=tmp_path, database=database_url, secret="s" * 32, flows=next_at_once(), history_days=40,
        queues=("default",),
    )  # fmt: skip
    async with app.assembled(settings, lambda: NOW) as house:
        yield house


async def put(house: House, table: Table, **values: Any) -> None:
    async with house.database.begin() as connection:
        await connection.execute(table.insert().values(**values))


async def kept(house: House, *tables: Table) -> list[int]:
    async with house.database.read() as connection:
        return [(await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in tables]


async def a_talk(house: House, number: int) -> None:
    """A call with a card, and what an agent did on it."""
    call, card = f"call{number}", f"card{number}"
    by = {"call_id": call, "person_id": "anna", "at": NOW}
    row = {"id": call, "channel": "asterisk", "channel_ref": call, "withheld": False, "state": "ended", "sequence": 1}
    await put(house, store.calls, **row, session="{}", reply="[]", started_at=NOW, updated_at=NOW)
    on_desk = {"id": card, "call_key": call, "call_id": call, "person_id": "anna", "state": "gone", "rang_at": NOW}
    await put(house, store.cards, **on_desk, gone_at=NOW)
    await put(house, store.notes, id=card, card_id=card, text="Ruft wieder an", **by)
    await put(house, store.dispositions, card_id=card, code="sold", fields={"amount": "49"}, **by)
    await put(house, store.identity_checks, id=card, method="own", passed=True, **by)
    await put(house, store.handovers, id=card, call_id=call, from_person_id="anna", note="", state="done", at=NOW)


ON_CARDS = (store.cards, store.notes, store.dispositions, store.identity_checks, store.handovers)


async def test_what_agents_did_goes_with_its_card_and_the_call_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "FEWEST", 2)
    monkeypatch.setattr(forgetting, "MOST", 20)
    anna = {"id": "anna", "login": "anna", "name": "Anna", "role": "agent", "language": "de", "presence": "off"}
    await put(house, store.people, **anna, queues=[], created_at=NOW)
    for number in range(5):
        await a_talk(house, number)
    await forgetting.forget(house, NOW + HISTORY)
    assert await kept(house, *ON_CARDS) == [5] * 5
    monkeypatch.setattr(forgetting, "LONGEST_LOOK", 0.0)
    for left in (3, 1):
        await forgetting.forget(house, NOW + HISTORY + SECOND)
        assert await kept(house, *ON_CARDS) == [left] * 5, "some at a time"
    await forgetting.forget(house, NOW + HISTORY + SECOND)
    assert await kept(house, *ON_CARDS, store.calls) == [0] * 5 + [5]


async def test_whoever_looks_is_told_what_should_have_gone_a_day_ago_and_deletes_nothing(house: House) -> None:
    anna = {"id": "anna", "login": "anna", "name": "Anna", "role": "agent", "language": "de", "presence": "off"}
    await put(house, store.people, **anna, queues=[], created_at=NOW)
    await a_talk(house, 1)

    async def behind(at: datetime) -> list[str]:
        return await forgetting.behind(house.database, house.settings, at)

    assert await behind(NOW + HISTORY + forgetting.LEEWAY) == []
    assert await behind(NOW + HISTORY + forgetting.LEEWAY + SECOND) == ["history"]
    assert await kept(house, *ON_CARDS) == [1] * 5
    await forgetting.forget(house, NOW + HISTORY + SECOND)
    assert await behind(NOW + HISTORY + forgetting.LEEWAY + SECOND) == []


@pytest.mark.sqlite_only
async def test_texts_of_a_customers_history_go_later_than_others(house: House) -> None:
    sent = {"purpose": "desk", "state": "delivered", "tries": 1, "created_at": NOW}
    await put(house, store.text_messages, id="kept", kept="Ihr Link", customer_id="c", **sent)
    await put(house, store.text_messages, id="plain", **sent)
    await forgetting.forget(house, NOW + KEPT + SECOND)
    assert await kept(house, store.text_messages) == [1]
    await forgetting.forget(house, NOW + HISTORY + SECOND)
    assert await kept(house, store.text_messages) == [0]


@pytest.mark.sqlite_only
async def test_a_payment_whose_link_never_came_is_given_up_and_all_go_in_the_end(house: House) -> None:
    async with house.database.begin() as connection:
        for name in ("lost", "open"):
            asked = {"person_id": "anna", "cents": 4990, "currency": "EUR", "purpose": "Fee", "created_at": NOW}
            await payments.add(connection, {"id": name, **asked})
        await payments.change(connection, "open", {"state": payments.OPEN})

    async def states() -> list[str]:
        async with house.database.read() as connection:
            found = await connection.execute(select(store.payments.c.state).order_by(store.payments.c.id))
            return list(found.scalars())

    await forgetting.forget(house, NOW + GIVEN_UP)
    assert await states() == [payments.ASKED, payments.OPEN]
    await forgetting.forget(house, NOW + GIVEN_UP + SECOND)
    assert await states() == [payments.FAILED, payments.OPEN]
    await forgetting.forget(house, NOW + HISTORY + SECOND)
    assert await states() == []


@pytest.mark.sqlite_only
async def test_who_waited_when_twilio_was_lost_is_forgotten(house: House) -> None:
    await put(
        house, store.calls, id="c", channel="twilio", channel_ref="c", withheld=False, state="ended", sequence=1,
        session="{}", reply="[]", started_at=NOW, updated_at=NOW,
    )  # fmt: skip
    waits = {"call_id": "c", "sequence": 1, "queue": "sales", "skills": [], "priority": 0, "ringing": False}
    await put(house, store.twilio_waiting, **waits, since=NOW, seen_at=NOW)
    await forgetting.forget(house, NOW + forgetting.LONGEST_CALL)
    assert await kept(house, store.twilio_waiting) == [1]
    await forgetting.forget(house, NOW + forgetting.LONGEST_CALL + SECOND)
    assert await kept(house, store.twilio_waiting) == [0]


def test_every_table_stands_in_the_document_and_no_other() -> None:
    document = (Path(__file__).parents[1] / "docs" / "keeping.md").read_text("utf-8")
    first = [line.split("|")[1] for line in document.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", "".join(first))) == sorted(store.metadata.tables)
