"""The disk under PostgreSQL is full: that of its tables, or that of its log, without which the server ends."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from router.store.database import Database
from tests.postgres import SUPERUSER, Cluster
from tests.system.faults.clients import Clients
from tests.system.faults.conftest import Report
from tests.system.faults.disk import fill, small_disk
from tests.system.faults.lone import agi_call, founded, ready, routed, settings
from tests.system.faults.nursery import Nursery
from tests.system.faults.table import Row, often

pytestmark = [pytest.mark.system, pytest.mark.needs("postgresql")]

AT_ONCE = 8.0
"""Seconds until a call is given up, also where it is the one that finds the database gone."""

Full = tuple[str, Path, Cluster]


@pytest.fixture(params=["tables", "log"])
def full(request: pytest.FixtureRequest) -> Iterator[Full]:
    """What lies on a small disk, the disk, and the server."""
    elsewhere = Path(tempfile.mkdtemp(prefix="threadline-pg-log-"))
    shutil.chown(elsewhere, SUPERUSER, SUPERUSER)
    try:
        with small_disk(96) as disk:
            for_tables = request.param == "tables"
            log = elsewhere / "log" if for_tables else disk / "log"
            with Cluster(inside=disk if for_tables else None, log=log) as cluster:
                yield request.param, disk, cluster
    finally:
        shutil.rmtree(elsewhere)


@pytest.fixture
def address(full: Full) -> str:
    return full[2].over_the_network(full[2].emptied())


async def given_up(port: int, within: float = 120) -> None:
    """Returns when a call could not be stored."""
    number = 0
    async with asyncio.timeout(within):
        while routed(await agi_call(port, f"2.{number}")):
            number += 1


async def test_a_full_disk_under_postgresql(full: Full, address: str, tmp_path: Path, report: Report) -> None:
    what, disk, cluster = full
    database = Database(address)
    key, token = await founded(database)
    chosen = settings(tmp_path, address)
    clients, port = Clients(chosen["PUBLIC_URL"], key, token, random.Random(13)), int(chosen["FASTAGI_PORT"])
    with Nursery(tmp_path, chosen) as nursery:
        nursery.start()
        await ready(nursery, clients)
        clients.begin()
        await clients.caught_up()
        filler = fill(disk)
        await given_up(port)
        took, stored = [], 0
        for number in range(often(30, 300)):
            begun = time.monotonic()
            stored += routed(await agi_call(port, f"3.{number}"))
            took.append(time.monotonic() - begun)
        refused = [name for name in ("full-1", "full-2") if await clients.register(name) is None]
        filler.unlink()
        freed, number, ended = time.monotonic(), 0, False
        async with asyncio.timeout(120):
            while not routed(await agi_call(port, f"4.{number}")):
                number += 1
                if not cluster.running:
                    ended = True
                    await asyncio.to_thread(cluster.again)
        normal = time.monotonic() - freed
        await clients.caught_up()
        await clients.end()
        for name in refused:
            assert await clients.register(name) is not None
        async with database.read() as connection:
            kept = {name for (name,) in await connection.exec_driver_sql("SELECT external_id FROM messages")}
            numbers = {number for (number,) in await connection.exec_driver_sql("SELECT id FROM desk_events")}
    told, yes = clients.told, clients.acknowledged
    await database.close()
    await clients.close()
    assert clients.refused == yes.differing == []
    assert yes.messages.keys() <= kept, "what was acknowledged is lost"
    assert {number for number in numbers if told.since() < number <= max(told.numbers)} <= set(told.numbers)
    assert told.rang and len(set(told.rang)) == len(told.rang), "a card popped twice"
    assert max(took) <= AT_ONCE
    server = "; the server ends, and was started again" if ended else ""
    report(
        Row(
            f"disk of PostgreSQL's {what} full{server}",
            f"the default queue, {median(took) * 1000:.0f} ms after the call came, {max(took) * 1000:.0f} at most; "
            f"{stored} of {len(took)} could be stored, and were routed",
            f"no cards of calls that cannot be stored; then all {len(told.rang)} cards, none missed, none twice",
            f"nothing acknowledged: {len(refused)} of 2 registrations are refused meanwhile, and work later",
            f"{normal:.1f} s after there is room",
        )
    )
