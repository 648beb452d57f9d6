"""The service is killed at random moments, again and again: nothing that it has said yes to is lost, nobody is told
anything twice, and nothing of a call is left over.

The seed is printed; ``KILLS_SEED`` takes it again. ``SOAK_MINUTES`` goes on for so long, ``SOAK_KILLS`` so often. What
is stored is looked at in between, and the first loss ends it.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
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
LOOK_AFTER = often(5, 50)
"""Kills between two looks at what is stored."""


@dataclass(slots=True)
class Lives:
    """How often it was killed, and how long each took to be ready again, in seconds."""

    kills: int = 0
    ready_after: list[float] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """How long they took, in words."""
        took = sorted(self.ready_after) or [0.0]
        return f"ready {took[len(took) // 2]:.1f} s after the start, {took[-1]:.1f} s at most"


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


async def live_and_die(
    nursery: Nursery, clients: Clients, chance: random.Random, look: Callable[[Lives], Awaitable[None]]
) -> Lives:
    """Kill the service at random moments, and ``look`` now and then while it is dead."""
    lives = Lives()
    until = time.monotonic() + float(os.environ.get("SOAK_MINUTES", "0")) * 60
    least = int(os.environ.get("SOAK_KILLS", often(10, 200)))
    while lives.kills < least or time.monotonic() < until:
        nursery.start()
        begun = time.monotonic()
        if chance.random() < YOUNG:
            await asyncio.sleep(chance.random() * 0.5)
        else:
            await ready(nursery, clients)
            lives.ready_after.append(time.monotonic() - begun)
            await asyncio.sleep(chance.random() * LONGEST_LIFE)
        await asyncio.to_thread(nursery.kill)
        lives.kills += 1
        if lives.kills % LOOK_AFTER == 0:
            await look(lives)
    return lives


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

    async def look(lives: Lives) -> None:
        await all_is_stored(clients, database)
        print(f"{database_kind}: {lives.kills} kills; {acknowledged(clients)}: none lost, none twice; {lives.summary}")

    try:
        lives = await live_and_die(service, clients, chance, look)
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
    report(
        Row(
            f"killed {lives.kills} times at random moments, {database_kind}",
            "see the rows with a real Asterisk",
            f"{len(clients.told.rang)} cards, none missed, none twice, over {clients.told.connections} connections",
            f"nothing: {acknowledged(clients)} acknowledged",
            lives.summary,
        )
    )


def acknowledged(clients: Clients) -> str:
    """What was said yes to, in words."""
    yes = clients.acknowledged
    return (
        f"{len(yes.messages)} messages with codes, {len(yes.notes)} notes, {len(yes.results)} results and "
        f"{len(yes.wrapped_up)} wrap-ups"
    )


async def all_is_stored(clients: Clients, database: Database) -> None:
    """Ends the test where something is missing that was acknowledged, or is there or was told twice."""
    yes, told = clients.acknowledged, clients.told
    wanted = {name: str(answer["id"]) for name, answer in yes.messages.items()}, dict(yes.notes), dict(yes.results)
    queries = (
        "SELECT external_id, id FROM messages",
        "SELECT card_id, text FROM notes",
        "SELECT card_id, code FROM dispositions",
    )
    for kept, query in zip(wanted, queries, strict=True):
        lost = kept.items() - dict(await rows(database, query)).items()
        if lost:
            pytest.fail(f"LOST, and acknowledged before: {sorted(lost)[:20]} ({query})", pytrace=False)
    twice = await rows(database, "SELECT external_id FROM messages GROUP BY external_id HAVING count(*) > 1")
    if twice or len(set(told.rang)) != len(told.rang) or clients.refused:
        pytest.fail(f"TWICE or refused: messages {twice}, cards {told.rang}, {clients.refused}", pytrace=False)


async def nothing_is_lost(clients: Clients, database: Database) -> None:
    """All that was acknowledged is there, and telling it again gives the same answer."""
    yes = clients.acknowledged
    assert yes.messages and yes.notes and yes.results and yes.wrapped_up
    assert yes.differing == []
    await all_is_stored(clients, database)
    for name in sorted(yes.messages)[:: max(1, len(yes.messages) // 50)]:
        again = await clients.register(name)
        assert again is not None
        assert yes.messages[name].items() <= again.items()


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
