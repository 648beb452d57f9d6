"""Two processes on one PostgreSQL, and one of them loses its way to it for a while: the other goes on, and the pages of
the first catch up."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from router.store.database import Database
from tests.postgres import Cluster
from tests.system.faults.clients import Clients
from tests.system.faults.conftest import Report
from tests.system.faults.lone import agi_call, founded, ready, settings
from tests.system.faults.network import Network
from tests.system.faults.nursery import Nursery
from tests.system.faults.proxy import Proxy
from tests.system.faults.table import Row, often

pytestmark = [pytest.mark.system, pytest.mark.postgresql_only]

SILENCE = 8.0


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as made:
        yield made


async def test_cut_off_from_the_database(
    network: Network, postgresql: Cluster, database: Database, database_url: str, tmp_path: Path, report: Report
) -> None:
    seconds = often(8, 60)
    key, token = await founded(database)
    address = make_url(postgresql.over_the_network(database_url))
    assert address.port is not None
    here = settings(tmp_path, address.render_as_string(hide_password=False))
    (tmp_path / "there").mkdir()
    with Proxy(("127.0.0.1", address.port), network.database_host) as way:
        through = address.set(host=network.database_host, port=way.port).render_as_string(hide_password=False)
        there = settings(
            tmp_path / "there", through, HOST=network.address, FASTAGI_HOST=network.address, SECRET=here["SECRET"]
        )
        there["PUBLIC_URL"] = here["PUBLIC_URL"]
        page_at, agi = f"http://{network.address}:{there['PORT']}", int(there["FASTAGI_PORT"])
        users = Clients(here["PUBLIC_URL"], key, token, random.Random(11), page_at=page_at)
        inside = Clients(page_at, key, token, random.Random(12))
        with (
            Nursery(tmp_path, here) as first,
            Nursery(tmp_path / "there", there, within=network.within) as second,
        ):
            for nursery, clients in ((first, users), (second, inside)):
                nursery.start()
                await ready(nursery, clients)
            users.begin()
            await users.caught_up()

            network.cut()
            cut, took, number = time.monotonic(), list[float](), 0
            wrapped_up = len(users.acknowledged.wrapped_up)

            def went_on() -> int:
                return len(users.acknowledged.wrapped_up) - wrapped_up

            while (passed := time.monotonic() - cut) < seconds or (passed < 60 and went_on() == 0):
                begun, number = time.monotonic(), number + 1
                commands = await agi_call(agi, f"6.{number}", host=network.address)
                assert not any('THREADLINE_ROUTE=queue"' in command for command in commands), (
                    "it cannot have been stored"
                )
                took.append(time.monotonic() - begun)
                await asyncio.sleep(0.2)
            meanwhile = went_on()
            last_heard = len(users.told.numbers)

            network.mend()
            mended = time.monotonic()
            async with asyncio.timeout(60):
                while True:
                    number += 1
                    commands = await agi_call(agi, f"7.{number}", host=network.address)
                    if any('THREADLINE_ROUTE=queue"' in command for command in commands):
                        break
                    await asyncio.sleep(0.05)
            routed = time.monotonic() - mended
            async with asyncio.timeout(60):
                await users.told_more_than(last_heard)
            heard = time.monotonic() - mended
            await users.caught_up()
            await users.end()
        await inside.close()
        await users.close()
    told = users.told
    async with database.read() as connection:
        stored = [number for (number,) in await connection.exec_driver_sql("SELECT id FROM desk_events ORDER BY id")]
    due = {number for number in stored if told.afresh[-1] < number <= max(told.numbers)}
    assert due <= set(told.numbers), "an event was missed"
    assert told.numbers == sorted(set(told.numbers))
    assert len(set(told.rang)) == len(told.rang), "a card popped twice"
    assert max(took) <= SILENCE
    assert meanwhile, "the other process did not go on"
    report(
        Row(
            f"one of two processes cut off from PostgreSQL for {seconds} s",
            f"there: the default queue, within {max(took):.1f} s at first, then {min(took) * 1000:.0f} ms; at the "
            "other: nothing",
            f"*connection lost* on pages there, then all {len(told.rang)} cards, none missed, none twice",
            f"nothing; the other process served {meanwhile} whole calls meanwhile",
            f"calls {routed:.1f} s, pages {heard:.1f} s after the way was there again",
        )
    )
