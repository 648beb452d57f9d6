"""The clock of the service's machine is moved by ten minutes, to and fro, in the middle of calls. PostgreSQL, on
another machine, goes by its own, and so does Asterisk: no time is taken from either."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.store.database import Database
from tests.databases import Kind
from tests.system.faults.clients import Clients
from tests.system.faults.clock import Clock
from tests.system.faults.conftest import Report
from tests.system.faults.lone import agi_call, founded, ready, settings
from tests.system.faults.nursery import Nursery
from tests.system.faults.table import Row

pytestmark = [pytest.mark.system, pytest.mark.needs("faketime")]

TEN_MINUTES = 600.0


@pytest.fixture
def chosen(database_url: str, tmp_path: Path) -> dict[str, str]:
    return settings(tmp_path, database_url)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def nursery(chosen: dict[str, str], clock: Clock, tmp_path: Path) -> Iterator[Nursery]:
    with Nursery(tmp_path, chosen, clock=clock) as made:
        yield made


async def open_cards(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list(await connection.exec_driver_sql("SELECT state FROM cards WHERE state IN ('ringing', 'talking')"))


async def test_moved_to_and_fro(
    nursery: Nursery, clock: Clock, chosen: dict[str, str], database: Database, database_kind: Kind, report: Report
) -> None:
    """Calls are routed, cards come once, agents stay signed in, and codes stay what they were."""
    key, token = await founded(database)
    clients, port = Clients(chosen["PUBLIC_URL"], key, token, random.Random(9)), int(chosen["FASTAGI_PORT"])
    nursery.start()
    await ready(nursery, clients)
    clients.begin()
    await clients.caught_up()
    steps = (TEN_MINUTES, 0.0, -TEN_MINUTES, 0.0)
    for ahead in steps:
        clock.set(ahead)
        commands = await agi_call(port, f"5.{ahead}")
        assert any('THREADLINE_ROUTE=queue"' in command for command in commands), commands
        await clients.caught_up()
    await clients.end()
    told, yes = clients.told, clients.acknowledged
    await clients.close()
    assert yes.differing == clients.refused == []
    assert told.since() < min(told.numbers) and not told.signed_out
    assert len(set(told.rang)) == len(told.rang)
    assert len(await open_cards(database)) <= 1
    report(
        Row(
            f"the router's clock ten minutes ahead, back, behind, and back, {database_kind}",
            "nothing: calls are routed",
            f"nothing: {len(told.rang)} cards, none twice; the page stays signed in. A wrap-up that runs while the "
            "clock is set back lasts so much longer, or until *next call*",
            "nothing",
            "at once",
        )
    )
