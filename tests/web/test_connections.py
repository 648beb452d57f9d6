"""Connections on which nothing comes, or too much, against a real server."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from router.web.connections import LARGEST_HEAD, BoundedConnection
from router.web.shares import Shares

REQUEST = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
MIB = 1024 * 1024

Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Impatient(BoundedConnection):
    head_seconds = 0.2


async def reads_the_body(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the size of the body; under /early before having read it."""
    size, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    told = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(told))]})
    await send({"type": "http.response.body", "body": told})


@pytest.fixture
async def connect() -> AsyncIterator[Open]:
    http = type("Connection", (Impatient,), {"shares": Shares(most=3)})
    config = uvicorn.Config(reads_the_body, port=0, http=http, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    writers = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(host, port)
        writers.append(writer)
        return reader, writer

    yield connect
    for writer in writers:
        writer.close()
    await server.shutdown()


async def told(reader: asyncio.StreamReader) -> bytes:
    """Everything until the end of the connection, which has to come."""
    gathered = b""
    async with asyncio.timeout(60):
        try:
            while part := await reader.read(MIB):
                gathered += part
        except ConnectionError:
            pass
    return gathered


@pytest.mark.parametrize("begun", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\nX: "])
async def test_who_does_not_say_what_they_want_is_cut_off(connect: Open, begun: bytes) -> None:
    reader, writer = await connect()
    writer.write(begun)
    assert await told(reader) == b""


async def test_the_same_holds_for_a_second_request(connect: Open) -> None:
    reader, writer = await connect()
    writer.write(REQUEST % 1)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.write(b"GET")
    assert await told(reader) == b"0"


async def test_a_body_dripping_on_after_the_answer_is_cut_off(connect: Open) -> None:
    reader, writer = await connect()
    writer.write(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.write(b"x")
    assert await told(reader) == b"0"


@pytest.mark.parametrize(
    ("beginning", "endless"),
    [
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"a"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X: a\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: a\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a"),
    ],
    ids=["address", "header", "headers", "trailers", "chunk extension"],
)
async def test_what_does_not_end_is_given_up(connect: Open, beginning: bytes, endless: bytes) -> None:
    reader, writer = await connect()
    writer.write(beginning)
    with pytest.raises(ConnectionError):  # long before that much was taken in
        async with asyncio.timeout(60):
            for _ in range(64):
                writer.write(endless * (MIB // len(endless)))
                await writer.drain()
    assert b"200 OK" not in await told(reader)


@pytest.mark.parametrize("ahead", [b"", REQUEST % 1], ids=["first", "behind another"])
@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_head_that_is_too_large_is_refused_in_however_few_pieces(
    connect: Open, ahead: bytes, pieces: int
) -> None:
    reader, writer = await connect()
    head = ahead + b"GET /large HTTP/1.1\r\nHost: x\r\nX: " + b"a" * LARGEST_HEAD + b"\r\nConnection: close\r\n\r\n"
    for piece in range(pieces):
        writer.write(head[piece * len(head) // pieces : (piece + 1) * len(head) // pieces])
        await writer.drain()
    assert (await told(reader)).count(b"200 OK") <= (1 if ahead else 0)


async def test_a_head_that_is_as_large_as_may_be_is_taken(connect: Open) -> None:
    reader, writer = await connect()
    beginning, end = b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"\r\nConnection: close\r\n\r\n"
    writer.write(beginning + b"a" * (LARGEST_HEAD - len(beginning) - len(end)) + end)
    assert (await told(reader)).startswith(b"HTTP/1.1 200")


async def test_a_large_body_is_no_large_head(connect: Open) -> None:
    reader, writer = await connect()
    size = 40 * LARGEST_HEAD
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size)
    writer.write(b"x" * size)
    assert (await told(reader)).endswith(b"\r\n\r\n%d" % size)


async def test_one_connection_too_many_is_closed_and_the_others_go_on(connect: Open) -> None:
    first = [await connect() for _ in range(3)]
    one_more, _ = await connect()
    assert await told(one_more) == b""
    for reader, writer in first:
        writer.write(REQUEST % 2)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_a_connection_that_is_gone_makes_room(connect: Open) -> None:
    first = [await connect() for _ in range(3)]
    assert [await told(reader) for reader, _ in first] == [b"", b"", b""]  # said nothing in time
    reader, writer = await connect()
    writer.write(REQUEST % 2)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


def test_the_process_asks_for_room() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    program = (
        "import resource; from router.web.connections import make_room;"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}));"
        "allowed = make_room(512); assert allowed == resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 512, allowed;"
        "assert make_room(300) == 512"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
