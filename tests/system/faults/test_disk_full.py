"""The disk of the embedded database is full: callers go to the default queue at once, and what was stored stays."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from router.store.database import Database
from tests.system.faults.clients import Clients
from tests.system.faults.conftest import Report
from tests.system.faults.disk import fill, small_disk
from tests.system.faults.lone import agi_call, founded, ready, routed, settings
from tests.system.faults.nursery import Nursery
from tests.system.faults.table import Row, often

pytestmark = [pytest.mark.system, pytest.mark.sqlite_only]

AT_ONCE = 3.0
"""Seconds until a call is given up however busy the machine is."""


@pytest.fixture
def disk() -> Iterator[Path]:
    with small_disk(24) as place:
        yield place


async def test_a_full_disk(disk: Path, sqlite_at_schema: Path, tmp_path: Path, report: Report) -> None:
    shutil.copy(sqlite_at_schema, disk / "threadline.db")
    database = Database(f"sqlite:///{disk / 'threadline.db'}")
    key, token = await founded(database)
    chosen = settings(tmp_path, database.url)
    clients, port = Clients(chosen["PUBLIC_URL"], key, token, random.Random(5)), int(chosen["FASTAGI_PORT"])
    with Nursery(tmp_path, chosen) as nursery:
        nursery.start()
        await ready(nursery, clients)
        said = {name: await clients.register(name) for name in ("before-1", "before-2")}
        assert all(said.values())
        filler, took, given_up = fill(disk), [], 0
        for number in range(often(30, 300)):
            begun = time.monotonic()
            given_up += not routed(await agi_call(port, f"3.{number}"))
            took.append(time.monotonic() - begun)
        refused = [name for name in ("full-1", "full-2") if await clients.register(name) is None]
        filler.unlink()
        freed = time.monotonic()
        async with asyncio.timeout(60):
            number = 0
            while not routed(await agi_call(port, f"4.{number}")):
                number += 1
        normal = time.monotonic() - freed
        for name, answer in said.items():
            again = await clients.register(name)
            assert again is not None and answer is not None
            assert (again["id"], again["callback_code"]) == (answer["id"], answer["callback_code"])
        for name in refused:
            assert await clients.register(name) is not None
    async with database.read() as connection:
        assert (await connection.exec_driver_sql("PRAGMA integrity_check")).scalars().all() == ["ok"]
    await database.close()
    await clients.close()
    assert given_up, "the disk was not full"
    assert max(took) <= AT_ONCE
    report(
        Row(
            "disk of the embedded database full",
            f"the default queue, {median(took) * 1000:.0f} ms after the call came, {max(took) * 1000:.0f} at most",
            "*router unavailable*",
            f"nothing acknowledged: {len(refused)} of 2 registrations are refused meanwhile, and work later",
            f"{normal:.1f} s after there is room",
        )
    )
