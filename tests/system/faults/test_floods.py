"""Too many who say nothing, and too many who do not listen: callers are answered and other pages told as ever."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from router.store.database import Database
from tests.system.faults.clients import Clients
from tests.system.faults.conftest import Report
from tests.system.faults.lone import agi_call, founded, memory, ready, settings, stuck
from tests.system.faults.nursery import Nursery
from tests.system.faults.table import Row, often

pytestmark = [pytest.mark.system, pytest.mark.sqlite_only]

HALF_OPEN = 1000
STUCK = 200
AT_ONCE = 3.0
"""Seconds in which a call is answered however busy the machine is."""
ROOM = 100.0
"""MB that all of them together may take."""


@pytest.fixture
def chosen(database_url: str, tmp_path: Path) -> dict[str, str]:
    return settings(tmp_path, database_url)


@pytest.fixture
def nursery(chosen: dict[str, str], tmp_path: Path) -> Iterator[Nursery]:
    with Nursery(tmp_path, chosen) as made:
        yield made


async def answered(port: int, name: str) -> float:
    """Seconds that a call took until it was taken to its queue."""
    begun = time.monotonic()
    commands = await agi_call(port, name)
    assert any('THREADLINE_ROUTE=queue"' in command for command in commands), commands
    return time.monotonic() - begun


@pytest.mark.alone
async def test_a_thousand_connections_that_say_half_of_it(
    nursery: Nursery, chosen: dict[str, str], database: Database, report: Report
) -> None:
    key, token = await founded(database)
    clients, port = Clients(chosen["PUBLIC_URL"], key, token, random.Random(1)), int(chosen["FASTAGI_PORT"])
    nursery.start()
    await ready(nursery, clients)
    await answered(port, "1.0")
    before, begun = memory(nursery.pid), time.monotonic()
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(HALF_OPEN)]
    for _, writer in held[::2]:
        writer.write(b"agi_network: yes\nagi_requ")
    took = [await answered(port, f"2.{each}") for each in range(often(20, 200))]
    grown = memory(nursery.pid) - before
    async with asyncio.timeout(30):
        await asyncio.gather(*(reader.read() for reader, _ in held), return_exceptions=True)
    gone = time.monotonic() - begun
    for _, writer in held:
        writer.close()
    await clients.close()
    assert max(took) <= AT_ONCE
    assert grown <= ROOM
    report(
        Row(
            f"{HALF_OPEN} half-open FastAGI connections",
            f"nothing: calls are routed within {median(took) * 1000:.0f} ms, {max(took) * 1000:.0f} at most",
            "nothing",
            f"nothing; they take {max(grown, 0):.0f} MB",
            f"all are closed after {gone:.0f} s",
        )
    )


async def test_pages_that_do_not_read(
    nursery: Nursery, chosen: dict[str, str], database: Database, report: Report
) -> None:
    key, token = await founded(database)
    clients = Clients(chosen["PUBLIC_URL"], key, token, random.Random(1))
    nursery.start()
    await ready(nursery, clients)
    request = (
        f"GET /admin/calls HTTP/1.1\r\nHost: 127.0.0.1:{chosen['PORT']}\r\nCookie: threadline={token}\r\n\r\n"
        f"GET /v1/desk/events HTTP/1.1\r\nHost: 127.0.0.1:{chosen['PORT']}\r\nCookie: threadline={token}\r\n\r\n"
    )
    before = memory(nursery.pid)
    held = [stuck(int(chosen["PORT"]), request) for _ in range(STUCK)]
    clients.begin()
    for _ in range(often(3, 20)):
        await clients.caught_up()
    await clients.end()
    grown = memory(nursery.pid) - before
    for connection in held:
        connection.close()
    told = clients.told
    await clients.close()
    assert grown <= ROOM
    assert len(set(told.rang)) == len(told.rang)
    report(
        Row(
            f"{STUCK} pages that do not read what they asked for",
            "nothing",
            f"nothing: another page is told of {len(told.rang)} cards, none twice",
            f"nothing; they take {max(grown, 0):.0f} MB",
            "at once; they are closed 45 s after they last confirmed anything",
        )
    )


async def test_disconnects(nursery: Nursery, chosen: dict[str, str], database: Database, report: Report) -> None:
    """A page loses its connection again and again while cards come and go, and resumes each time."""
    key, token = await founded(database)
    chance = random.Random(7)
    clients = Clients(chosen["PUBLIC_URL"], key, token, chance)
    nursery.start()
    await ready(nursery, clients)
    clients.begin()
    await clients.caught_up()
    clients.cut_after = lambda: chance.random() * 0.03
    clients.cut()
    async with asyncio.timeout(300):
        await clients.connected(often(100, 1000))
    clients.cut_after = None
    await clients.caught_up()
    await clients.end()
    told = clients.told
    async with database.read() as connection:
        stored = [number for (number,) in await connection.exec_driver_sql("SELECT id FROM desk_events ORDER BY id")]
    await clients.close()
    due = {number for number in stored if told.since() < number <= max(told.numbers)}
    assert due == {number for number in told.numbers if number > told.since()}
    assert told.numbers == sorted(set(told.numbers))
    assert told.rang and len(set(told.rang)) == len(told.rang)
    report(
        Row(
            f"{told.connections} disconnects of a page's events",
            "nothing",
            f"{len(told.rang)} cards and {len(due)} events, none missed, none twice",
            "nothing",
            "with the next connection",
        )
    )
