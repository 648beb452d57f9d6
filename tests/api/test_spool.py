"""What a client does not read yet is kept, and comes out as it went in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.types import Message

from router.api import spool
from router.api.spool import IN_MEMORY, Spool, SpooledAnswer, SpoolFull


@given(st.lists(st.binary(max_size=50) | st.integers(1, 30), max_size=60))
def test_bytes_come_out_as_they_went_in(acts: list[bytes | int]) -> None:
    kept = Spool()
    put, taken = b"", b""
    for act in acts:
        if isinstance(act, bytes):
            kept.put(act)
            put += act
        else:
            taken += kept.take(act)
            assert put.startswith(taken)
    while piece := kept.take():
        taken += piece
    assert taken == put
    kept.close()


def test_more_than_fits_into_memory_goes_to_a_file_and_there_is_an_end() -> None:
    kept = Spool(largest=2 * IN_MEMORY)
    kept.put(b"x" * (2 * IN_MEMORY))
    with pytest.raises(SpoolFull):
        kept.put(b"y")
    kept.put_last(b"z")
    assert len(kept.take(2 * IN_MEMORY)) == 2 * IN_MEMORY
    assert kept.take() == b"z"
    kept.put(b"y")  # all was taken: there is room again
    assert kept.take() == b"y"
    kept.close()


async def lines(count: int, closed: list[str] | None = None) -> AsyncGenerator[bytes, None]:
    try:
        for number in range(count):
            yield b"%d\n" % number
    finally:
        if closed is not None:
            closed.append("closed")


async def receive() -> Message:
    raise AssertionError("the answer leaves the request to its lines")


async def test_lines_are_sent_in_order_and_to_their_end() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    await SpooledAnswer(b"first\n", lines(1000), "text/plain", when_full=b"")({}, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    assert body.split() == [b"first", *(b"%d" % number for number in range(1000))]
    assert [message["more_body"] for message in sent[1:]] == [True] * (len(sent) - 2) + [False]


async def test_a_client_that_takes_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "READ_SECONDS", 0.01)
    closed: list[str] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    with pytest.raises(ClientDisconnect):
        await SpooledAnswer(b"first\n", lines(3, closed), "text/plain", when_full=b"")({}, receive, send)
    assert closed == ["closed"]


async def test_an_error_of_the_lines_is_the_answers() -> None:
    async def failing() -> AsyncGenerator[bytes, None]:
        yield b"1\n"
        raise ValueError("broken")

    async def send(message: Message) -> None:
        sent.append(message)

    sent: list[Message] = []
    with pytest.raises(ValueError, match="broken"):
        await SpooledAnswer(b"0\n", failing(), "text/plain", when_full=b"")({}, receive, send)
    assert all(message.get("more_body", True) for message in sent)  # never ended as if it were whole
