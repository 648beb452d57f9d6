"""Bodies are limited in size and time, however they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from router.api.limits import BodyLimit, BodyLimits
from router.api.problems import install
from tests.api.service import Service, problem

pytestmark = pytest.mark.sqlite_only


def limited(seconds: float) -> httpx.AsyncClient:
    """A service that waits for a usual body as long, and for each piece of a long one."""
    app = FastAPI()
    app.add_middleware(BodyLimits, usual=BodyLimit(10, seconds), special={"/long": BodyLimit(100, seconds, each=True)})
    install(app)

    @app.post("/usual")
    @app.post("/long")
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.post("/json")
    async def json(numbers: list[int]) -> int:
        return len(numbers)

    @app.get("/events")
    async def events() -> StreamingResponse:
        async def slow() -> AsyncIterator[str]:
            await asyncio.sleep(0.1)
            yield "late"

        return StreamingResponse(slow())

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
def client() -> httpx.AsyncClient:
    return limited(30.0)


@pytest.fixture
def hasty() -> httpx.AsyncClient:
    return limited(0.05)


async def parts(*sizes: int, pause: float = 0.0) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size
        await asyncio.sleep(pause)


async def test_a_body_that_is_announced_too_large_is_not_read(client: httpx.AsyncClient) -> None:
    read: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"x" * 11

    answer = await client.post("/usual", content=body(), headers={"Content-Length": "11"})
    assert "10 bytes" in problem(answer, 413)["detail"]
    assert answer.headers["connection"] == "close"
    assert read == []
    assert (await client.post("/usual", content=b"x" * 10)).json() == 10


async def test_a_body_in_pieces_is_counted(client: httpx.AsyncClient) -> None:
    problem(await client.post("/usual", content=parts(6, 6)), 413)
    assert (await client.post("/usual", content=parts(5, 5))).json() == 10
    assert (await client.post("/long", content=parts(50, 50))).json() == 100
    problem(await client.post("/long", content=parts(50, 51)), 413)


async def test_a_body_that_fastapi_reads_is_limited_too(client: httpx.AsyncClient) -> None:
    problem(await client.post("/json", json=[1] * 100), 413)


async def test_a_body_that_drips_is_given_up(hasty: httpx.AsyncClient) -> None:
    problem(await hasty.post("/usual", content=parts(1, 1, 1, 1, pause=0.02)), 408)


async def test_a_long_body_may_take_its_time_as_long_as_it_goes_on(hasty: httpx.AsyncClient) -> None:
    patient = limited(1.0)
    assert (await patient.post("/long", content=parts(1, 1, 1, 1, 1, 1, pause=0.25))).json() == 6
    problem(await patient.post("/usual", content=parts(1, 1, 1, 1, 1, 1, pause=0.25)), 408)
    problem(await hasty.post("/long", content=parts(1, 1, pause=0.2)), 408)


async def test_waiting_for_an_answer_is_not_limited(hasty: httpx.AsyncClient) -> None:
    assert (await hasty.get("/events")).text == "late"


async def test_the_service_takes_one_mebibyte_of_json(service: Service) -> None:
    async with service.allowed("messages:write") as client:
        headers = {"Content-Type": "application/json"}
        problem(await client.post("/v1/messages", content=b" " * (1024 * 1024 + 1), headers=headers), 413)
        problem(await client.post("/v1/messages", content=b" " * (1024 * 1024), headers=headers), 400)


@pytest.mark.parametrize(
    "path", ["/v1/calls/%00", "/v1/messages?external_id=a%00", "/testphone/calls/%00", "/admin/calls/%00"]
)
async def test_an_address_with_nul_is_refused(service: Service, path: str) -> None:
    async with service.allowed() as client:
        problem(await client.get(path), 400)
