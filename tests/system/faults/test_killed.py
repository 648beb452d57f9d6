"""The service is killed at random moments, again and again: nothing that it has said yes to is lost, nobody is told
anything twice, and nothing of a call is left over.

The seed is printed; ``KILLS_SEED`` takes it again. ``SOAK_MINUTES`` goes on for so long.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from router.store.database import Database
from tests.databases import Kind
from tests.postgres import Cluster
from tests.system.faults.clients import Clients
from tests.system.faults.conftest import Report
from tests.system.faults.lone import founded, ready, settings
from tests.system.faults.nursery import Nursery
from tests.system.faults.table import Row, often

pytestmark = [pytest.mark.system]

LONGEST_LIFE = 1.0
"""Seconds that a service lives at most, from when it is ready."""
YOUNG = 0.15
"""The share of those who do not get to be ready."""


@dataclass(slots=True)
class Lives:
    """How often it was killed, and how long each took to be ready again, in seconds."""

    kills: int
    ready_after: list[float]


@pytest.fixture
def address(database_kind: Kind, database_url: str, request: pytest.FixtureRequest) -> str:
    if database_kind == "sqlite":
        return database_url
    cluster: Cluster = request.getfixturevalue("postgresql")
    return cluster.over_the_network(database_url)


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("KILLS_SEED", secrets.randbelow(10**6)))
    print(f"KILLS_SEED={chosen}")
    return chosen


@pytest.fixture
def nursery(address: str, tmp_path: Path) -> Iterator[tuple[Nursery, str]]:
    chosen = settings(tmp_path, address)
    with Nursery(tmp_path, chosen) as made:
        yield made, chosen["PUBLIC_URL"]


async def live_and_die(nursery: Nursery, clients: Clients, chance: random.Random) -> Lives:
    """Kill the service at random moments."""
    ready_after: list[float] = []
    until = time.monotonic() + float(os.environ.get("SOAK_MINUTES", "0")) * 60
    kills, least = 0, often(10, 200)
    while kills < least or time.monotonic() < until:
        nursery.start()
        begun = time.monotonic()
        if chance.random() < YOUNG:
            await asyncio.sleep(chance.random() * 0.5)
        else:
            await ready(nursery, clients)
            ready_after.append(time.monotonic() - begun)
            await asyncio.sleep(chance.random() * LONGEST_LIFE)
        await asyncio.to_thread(nursery.kill)
        kills += 1
    return Lives(kills, ready_after)


async def rows(database: Database, query: str) -> list[Any]:
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def test_killed_at_random_moments(
    nursery: tuple[Nursery, str], database: Database, database_kind: Kind, seed: int, report: Report
) -> None:
    service, url = nursery
    chance = random.Random(seed)
    key, token = await founded(database)
    clients = Clients(url, key, token, chance)
    clients.begin()
    try:
        lives = await live_and_die(service, clients, chance)
        service.start()
        await ready(service, clients)
        await clients.caught_up()
        await clients.end()
        await asyncio.to_thread(service.kill)
        service.start()
        await ready(service, clients)
        await nothing_is_lost(clients, database)
        await clients.hang_up()
        await nothing_is_left(database)
        await told_once(clients, database)
        assert clients.refused == []
    finally:
        await clients.close()
    if database.is_sqlite:
        assert await rows(database, "PRAGMA integrity_check") == [("ok",)]
        assert await rows(database, "PRAGMA foreign_key_check") == []
    yes = clients.acknowledged
    longest, middle = max(lives.ready_after), sorted(lives.ready_after)[len(lives.ready_after) // 2]
    report(
        Row(
            f"killed {lives.kills} times at random moments, {database_kind}",
            "see the rows with a real Asterisk",
            f"{len(clients.told.rang)} cards, none missed, none twice, over {clients.told.connections} connections",
            f"nothing: {len(yes.messages)} messages with codes, {len(yes.notes)} notes, {len(yes.results)} results and "
            f"{len(yes.wrapped_up)} wrap-ups acknowledged",
            f"ready {middle:.1f} s after the start, {longest:.1f} s at most",
        )
    )


async def nothing_is_lost(clients: Clients, database: Database) -> None:
    """All that was acknowledged is there, and telling it again gives the same answer."""
    yes = clients.acknowledged
    assert yes.messages and yes.notes and yes.results and yes.wrapped_up
    assert yes.differing == []
    stored = dict(await rows(database, "SELECT external_id, id FROM messages"))
    assert {name: answer["id"] for name, answer in yes.messages.items()}.items() <= stored.items()
    assert await rows(database, "SELECT external_id FROM messages GROUP BY external_id HAVING count(*) > 1") == []
    for name in sorted(yes.messages)[:: max(1, len(yes.messages) // 50)]:
        again = await clients.register(name)
        assert again is not None
        assert yes.messages[name].items() <= again.items()
    notes = dict(await rows(database, "SELECT card_id, text FROM notes"))
    assert yes.notes.items() <= notes.items()
    results = dict(await rows(database, "SELECT card_id, code FROM dispositions"))
    assert yes.results.items() <= results.items()


async def nothing_is_left(database: Database) -> None:
    """No call goes on that nobody is in, and no card rings for one."""
    assert await rows(database, "SELECT id, state FROM calls WHERE state <> 'ended'") == []
    assert await rows(database, "SELECT id, state FROM cards WHERE state IN ('ringing', 'talking')") == []


async def told_once(clients: Clients, database: Database) -> None:
    """The page was told of everything once, from where it first began."""
    told = clients.told
    assert told.numbers == sorted(set(told.numbers))
    assert len(set(told.rang)) == len(told.rang), "a card popped twice"
    stored = [number for (number,) in await rows(database, "SELECT id FROM desk_events ORDER BY id")]
    due = [number for number in stored if told.since() < number <= max(told.numbers)]
    assert due
    assert set(due) <= set(told.numbers), "a card was missed"
