"""Twilio's webhooks come five times, in any order, and long after they were due: the same answers, and no harm."""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import make_url

from router.store.database import Database
from tests.channels.twilio.phone import PUBLIC_URL, SERVICE_NUMBER, STATUS, TOKEN, VOICE, call_fields, post
from tests.postgres import Cluster
from tests.system.faults.clients import Clients
from tests.system.faults.conftest import Report
from tests.system.faults.lone import founded, ready, settings
from tests.system.faults.nursery import Nursery
from tests.system.faults.proxy import Proxy
from tests.system.faults.table import Row, often

pytestmark = [pytest.mark.system]

TIMES = 5
SILENCE = 8.0


@pytest.fixture
def chosen(database_url: str, tmp_path: Path) -> dict[str, str]:
    ours = {"FLOW": "menu", "SERVICE_NUMBER": SERVICE_NUMBER, "TWILIO_AUTH_TOKEN": TOKEN}
    return settings(tmp_path, database_url, **ours)


@pytest.fixture
def nursery(chosen: dict[str, str], tmp_path: Path) -> Iterator[Nursery]:
    at = f"http://127.0.0.1:{chosen['PORT']}"
    with Nursery(tmp_path, chosen | {"PUBLIC_URL": PUBLIC_URL, "PROMPT_URL": at}) as made:
        yield made


class Network:
    """What Twilio posts for one call, each of it several times at once."""

    def __init__(self, client: httpx.AsyncClient, chance: random.Random) -> None:
        self._client = client
        self._chance = chance
        self.fields = call_fields("+4917139200011", f"CA{secrets.token_hex(16)}")
        self.sent: list[tuple[str, dict[str, str]]] = []

    async def say(self, url: str, **more: str) -> str:
        """Told `TIMES` times at the same moment; the one answer that all of them get."""
        fields = self.fields | more
        self.sent.append((url, fields))
        answers = await asyncio.gather(*(self._post(url, fields) for _ in range(TIMES)))
        assert len(set(answers)) == 1, answers
        return answers[0]

    async def again(self) -> None:
        """All of it comes once more, in any order."""
        late = self.sent * TIMES
        self._chance.shuffle(late)
        await asyncio.gather(*(self._post(url, fields) for url, fields in late))

    async def _post(self, url: str, fields: dict[str, str]) -> str:
        answer = await post(self._client, url, fields)
        assert answer.status_code in (200, 204), answer.text
        return answer.text


def where(answer: str) -> str:
    found = re.search(r'action="([^"]+)"', answer)
    assert found is not None, answer
    return unescape(found[1])


async def stored(database: Database, sid: str) -> list[Any]:
    query = "SELECT state, outcome, sequence, queue FROM calls WHERE channel_ref = '" + sid + "'"
    async with database.read() as connection:
        return [tuple(row) for row in await connection.exec_driver_sql(query)]


async def call(network: Network, database: Database) -> None:
    sid = network.fields["CallSid"]
    first = await network.say(VOICE)
    network.fields["CallStatus"] = "in-progress"
    second = await network.say(where(first), Digits="1")
    assert "<Enqueue" in second
    before = await stored(database, sid)
    assert len(before) == 1
    await network.again()
    assert await stored(database, sid) == before, "what comes again or late changes nothing"
    await network.say(STATUS, CallStatus="completed")
    over = await stored(database, sid)
    assert over[0][0] == "ended"
    await network.again()
    assert await stored(database, sid) == over, "a call that is over stays over"


@pytest.mark.sqlite_only
async def test_repeated_shuffled_and_late(
    nursery: Nursery, chosen: dict[str, str], database: Database, report: Report
) -> None:
    key, token = await founded(database)
    at = f"http://127.0.0.1:{chosen['PORT']}"
    clients, chance = Clients(at, key, token, random.Random(3)), random.Random(3)
    nursery.start()
    await ready(nursery, clients)
    count = often(10, 200)
    async with httpx.AsyncClient(base_url=at, timeout=30, trust_env=False) as client:
        for _ in range(count // 5):
            await asyncio.gather(*(call(Network(client, chance), database) for _ in range(5)))
    await clients.close()
    report(
        Row(
            f"webhooks of {count} calls {TIMES} times at once, shuffled and late",
            "the same as if each had come once",
            "nothing",
            "nothing",
            "at once",
        )
    )


@pytest.mark.postgresql_only
async def test_the_database_says_nothing(
    postgresql: Cluster, database_url: str, tmp_path: Path, chosen: dict[str, str], report: Report
) -> None:
    """Callers hear where they go well within the time that Twilio gives us."""
    address = make_url(postgresql.over_the_network(database_url))
    assert address.port is not None
    at = f"http://127.0.0.1:{chosen['PORT']}"
    with Proxy(("127.0.0.1", address.port)) as way:
        asked_at = address.set(port=way.port).render_as_string(hide_password=False)
        ours = chosen | {"PUBLIC_URL": PUBLIC_URL, "PROMPT_URL": at, "DATABASE": asked_at}
        with Nursery(tmp_path, ours) as nursery:
            clients = Clients(at, "", "", random.Random(4))
            nursery.start()
            await ready(nursery, clients)
            async with httpx.AsyncClient(base_url=at, timeout=30, trust_env=False) as client:
                way.silent()
                took = []
                for _ in range(often(20, 200)):
                    begun = time.monotonic()
                    answer = await post(client, VOICE, call_fields("+4917139200011", f"CA{secrets.token_hex(16)}"))
                    took.append(time.monotonic() - begun)
                    assert answer.status_code == 200 and ">default</Enqueue>" in answer.text, answer.text
                way.mended()
                mended = time.monotonic()
                async with asyncio.timeout(30):
                    while "<Gather" not in answer.text:
                        answer = await post(client, VOICE, call_fields("+4917139200011", f"CA{secrets.token_hex(16)}"))
            await clients.close()
    assert max(took) <= SILENCE
    report(
        Row(
            "database silent, calls through Twilio",
            f"the default queue: the first after {max(took):.1f} s, the others after {min(took) * 1000:.0f} ms",
            "as above",
            "nothing acknowledged",
            f"{time.monotonic() - mended:.1f} s after the database",
        )
    )
