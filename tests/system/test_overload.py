"""A real process that is asked for far more than it can do at once: it sends files and pages away first, then
registering, and goes on with every call."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import httpx
import pytest

from router.api.keys import create_key
from router.store import migrate
from router.store.database import Database
from tests.channels.agi.asterisk import Asterisk, environment, parse_args
from tests.system.harness.service import PROJECT, Service
from tests.system.harness.waiting import free_port

pytestmark = pytest.mark.system

FILES, PAGES, MESSAGES = 60, 1000, 30
CALLERS = 4
"""Who call one after the other for as long as the flood lasts."""
LONGEST = 60.0
"""Seconds that anything may take, on whatever else the machine does."""
MESSAGE = {"channel": "sms", "to": {"phone": "+491713920011"}, "offer": {"title": "Ökostrom"}}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    address = f"sqlite:///{tmp_path / 'threadline.db'}"
    key = asyncio.run(founded(address))
    (tmp_path / "flows").mkdir()
    shutil.copy(PROJECT / "tests" / "system" / "flows" / "straight.yaml", tmp_path / "flows")
    shutil.copytree(PROJECT / "ivr_flows" / "shared", tmp_path / "flows" / "shared")
    settings = {
        "FLOW": "straight",
        "FASTAGI_PORT": str(free_port()),
        "KEY_REQUESTS_A_MINUTE": "100000",
        "LOG_LEVEL": "warning",
    }
    made = Service(tmp_path, address, key, flows=tmp_path / "flows", more={**settings, "RECOGNISER": "none"})
    made.start()
    yield made
    made.kill()


async def founded(address: str) -> str:
    database = Database(address)
    await migrate.upgrade(database)
    async with database.begin() as connection:
        key = await create_key(connection, "flood", ["messages:write", "calls:read"], datetime.now(UTC))
    await database.close()
    return key


async def test_files_and_pages_are_sent_away_and_every_call_is_routed(service: Service) -> None:
    over, numbers = asyncio.Event(), count(1)
    calling = [asyncio.create_task(callers(service, numbers, over)) for _ in range(CALLERS)]
    files, pages, messages = await flood(
        service,
        [request(service, "POST", "/v1/messages/import", *imported(each)) for each in range(FILES)],
        [request(service, "GET", "/v1/calls")] * PAGES,
        [request(service, "POST", "/v1/messages", *registered(each)) for each in range(MESSAGES)],
    )
    over.set()
    routes = Counter(route for each in await asyncio.gather(*calling) for route in each)
    async with httpx.AsyncClient(base_url=service.url, headers=service_key(service), timeout=LONGEST) as client:
        figures = (await client.get("/metrics")).text
        await comes_in(client, "/v1/calls")
    shed = {work: float(number) for work, number in re.findall(r'requests_shed_total\{work="(\w+)"\} (\S+)', figures)}
    print(f"files {dict(files)}, pages {dict(pages)}, messages {dict(messages)}, calls {dict(routes)}, shed {shed}")
    assert set(routes) <= {"queue", "default"} and routes["queue"] >= CALLERS, service.log
    assert routes["default"] <= routes["queue"] / 10, service.log  # those the machine had no time for within seconds
    for answers in (files, pages, messages):
        assert set(answers) <= {200, 201, 503}
    assert messages[503] / MESSAGES < min(files[503] / FILES, pages[503] / PAGES)
    assert shed["pages"] == pages[503] and shed["bulk"] > 0
    assert files[200] and pages[200] and messages[201]


async def comes_in(client: httpx.AsyncClient, path: str) -> None:
    """It is as before, for whoever comes again as told: what else the machine does may take a moment more."""
    async with asyncio.timeout(LONGEST):
        while (answer := await client.get(path)).status_code != 200:
            assert answer.status_code == 503 and answer.json()["title"] == "Busy", answer.text
            await asyncio.sleep(float(answer.headers["Retry-After"]))


def service_key(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.key}"}


def request(service: Service, method: str, path: str, body: str = "", kind: str = "text/plain") -> bytes:
    headers = {
        "Host": service.url.partition("//")[2],
        **service_key(service),
        "Content-Type": kind,
        "Connection": "close",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


async def flood(service: Service, *kinds: list[bytes]) -> list[Counter[int]]:
    """All of them at one moment, each on a connection that is open by then; how often each kind was answered how."""
    opened = [[await asyncio.open_connection("127.0.0.1", service.port) for _ in kind] for kind in kinds]
    for kind, connections in zip(kinds, opened, strict=True):
        for sent, (_, writer) in zip(kind, connections, strict=True):
            writer.write(sent)
    async with asyncio.timeout(LONGEST):
        return [Counter([await status(*connection) for connection in connections]) for connections in opened]


async def status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    head = (await reader.read()).partition(b"\r\n\r\n")[0].decode().lower()
    writer.close()
    code = int(head.split()[1])
    assert code != 503 or "\r\nretry-after: " in head
    return code


def imported(number: int) -> tuple[str, str]:
    rows = (json.dumps(MESSAGE | {"external_id": f"file-{number}-{row}"}) for row in range(20))
    return "\n".join(rows), "application/x-ndjson"


def registered(number: int) -> tuple[str, str]:
    return json.dumps(MESSAGE | {"external_id": f"message-{number}"}), "application/json"


async def callers(service: Service, numbers: Iterator[int], over: asyncio.Event) -> list[str]:
    routes: list[str] = []
    while not over.is_set() or not routes:
        routes.append(await call(int(service.more["FASTAGI_PORT"]), next(numbers)))
    return routes


async def call(port: int, number: int) -> str:
    """Where the dialplan is told to go."""
    asterisk = Asterisk()
    async with asyncio.timeout(LONGEST):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(environment(uniqueid=f"1700000000.{number}", channel=f"PJSIP/trunk-{number:08x}"))
        while line := await reader.readline():
            words = [word.decode() for word in parse_args(line.rstrip(b"\n"))]
            writer.write(asterisk._reply(words).encode() + b"\n")
        writer.close()
    return asterisk.variables["THREADLINE_ROUTE"]
