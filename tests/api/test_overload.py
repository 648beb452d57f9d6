"""Floods of files and pages while callers ring, through the real AGI server: calls go on, the others wait.

What is asserted is that each caller is served, and each of the others served or told when to come again. How long turns
took is printed, for whoever looks; how many may wait is tried in `test_governor.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from statistics import quantiles
from time import perf_counter

import httpx
import pytest

from router.channels.agi.render import Sound
from router.channels.agi.server import AgiServer
from router.channels.agi.session import AgiChannel
from router.core.commands import Prompt
from router.engine.session import Session
from tests.api.service import MESSAGE, ORIGIN, Service
from tests.channels.agi.asterisk import Asterisk

pytestmark = pytest.mark.sqlite_only

CALLS, PAGES, ADDRESSES, ROWS = 30, 700, 50, 400


async def sounds(_: Prompt) -> list[Sound]:
    return [Sound("http://router/x.wav", 2.0)]


@pytest.fixture
async def agi(service: Service) -> AsyncIterator[AgiServer]:
    server = AgiServer(AgiChannel(service.house.calls, sounds), "127.0.0.1", 0)
    await server.start()
    yield server
    await server.stop()


def rows(file: int) -> bytes:
    lines = (json.dumps(MESSAGE | {"external_id": f"{file}-{row}", "reference": None}) for row in range(ROWS))
    return "\n".join(lines).encode()


async def test_calls_go_on_while_pages_and_files_flood_in(service: Service, agi: AgiServer) -> None:
    seconds: list[float] = []
    ended: list[str] = []
    given_up: list[str] = []
    agi.on_given_up = given_up.append
    told = service.house.calls.on_turn

    def taken(session: Session, took: float) -> None:
        seconds.append(took)
        if told is not None:
            told(session, took)

    service.house.calls.on_turn = taken

    browsers = [httpx.ASGITransport(service.app, client=(f"192.0.2.{number}", 4711)) for number in range(ADDRESSES)]

    async def page(number: int) -> tuple[int, str | None]:
        request = httpx.Request("GET", f"{ORIGIN}/sign-in")
        answer = await browsers[number % ADDRESSES].handle_async_request(request)
        ended.append("page")
        return answer.status_code, answer.headers.get("retry-after")

    async def imported(client: httpx.AsyncClient, file: int) -> int:
        headers = {"Content-Type": "application/x-ndjson"}
        answer = await client.post("/v1/messages/import", content=rows(file), headers=headers)
        return answer.status_code

    three = asyncio.Semaphore(3)

    async def call(number: int) -> Asterisk:
        asterisk = Asterisk("1h")
        async with three:
            await asterisk.call(agi.address, uniqueid=f"1700000000.{number}", channel=f"PJSIP/trunk-{number:08x}")
        ended.append("call")
        return asterisk

    async with service.allowed("messages:write") as client:
        begun = perf_counter()
        files = [asyncio.create_task(imported(client, file)) for file in range(8)]
        pages = [asyncio.create_task(page(number)) for number in range(PAGES)]
        calls = [asyncio.create_task(call(number)) for number in range(CALLS)]
        callers = await asyncio.gather(*calls)
        answers = Counter(await asyncio.gather(*pages))
        sent = Counter(await asyncio.gather(*files))
    p50, p95 = quantiles(seconds, n=20)[9], quantiles(seconds, n=20)[18]
    print(f"{len(seconds)} turns: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, in {perf_counter() - begun:.1f} s")
    print(f"pages {dict(answers)}, files {dict(sent)}")

    assert given_up == []
    assert all(len(each.commands) > 3 for each in callers), "each caller was spoken to"
    assert answers[200, None] + answers[503, "5"] == PAGES
    assert answers[200, None] > 0
    assert set(sent) <= {200, 503}
    assert sent[200] >= 2
    served_before = ended[: len(ended) - ended[::-1].index("call")].count("page")
    print(f"{served_before} of {PAGES} pages were answered before the last call")
