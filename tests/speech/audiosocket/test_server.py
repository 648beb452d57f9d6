"""The server takes the calls it expects, each once and in time, and nobody else, however many knock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from router.speech.audiosocket.codec import TERMINATE, Ended, Event, Key, Sound, sound
from router.speech.audiosocket.server import AudioSocketServer, ServerLimits

QUICK = ServerLimits(nameless=3, name_timeout=0.05)


def named(id: UUID) -> bytes:
    return b"\x01\x00\x10" + id.bytes


class Peer:
    """Asterisk's end, or somebody else's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, server: AudioSocketServer, start: bytes = b"") -> Peer:
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(start)
        return cls(reader, writer)

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def closed(self) -> bytes:
        """What still comes until the other side closes."""
        async with asyncio.timeout(60):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""
            finally:
                self.writer.close()


@pytest.fixture
async def server() -> AsyncIterator[AudioSocketServer]:
    running = AudioSocketServer(port=0, limits=QUICK)
    await running.start()
    yield running
    await running.stop()
    assert running.streams == 0


class Taken:
    """Takes what a line brings, and lets a test wait for it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()

    async def until(self, wanted: Event) -> None:
        async with asyncio.timeout(60):
            while wanted not in self.events:
                self._more.clear()
                await self._more.wait()


async def test_a_call_both_ways(server: AudioSocketServer) -> None:
    taken = Taken()
    with server.expected(taken) as visit:
        peer = await Peer.connect(server, named(visit.id) + sound(b"\1\0") + b"\x03\x00\x015")
        line = await visit.line()
        await taken.until(Key("5"))
        assert taken.events == [Sound(b"\1\0"), Key("5")]
        assert (server.streams, visit.came) == (1, True)
        line.play(b"\2\0")
    assert await peer.closed() == sound(b"\2\0") + TERMINATE


async def test_asterisk_ends_the_call(server: AudioSocketServer) -> None:
    taken = Taken()
    with server.expected(taken) as visit:
        peer = await Peer.connect(server, named(visit.id))
        await visit.line()
        await peer.close()
        await taken.until(Ended())
        assert taken.events == [Ended()]


async def test_an_id_counts_once(server: AudioSocketServer) -> None:
    with server.expected(Taken()) as visit:
        first = await Peer.connect(server, named(visit.id))
        await visit.line()
        assert await (await Peer.connect(server, named(visit.id))).closed() == b""
        assert server.streams == 1
    assert await first.closed() == TERMINATE
    assert server.refusals == {"not expected": 1}


async def test_an_id_counts_while_it_is_waited_for(server: AudioSocketServer) -> None:
    with server.expected(Taken()) as visit:
        pass
    assert await (await Peer.connect(server, named(visit.id))).closed() == b""
    assert not visit.came


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (named(UUID(int=7)), "not expected"),
        (b"GET / HTTP/1.1\r\n\r\n", "no AudioSocket"),
        (sound(bytes(320)), "no AudioSocket"),
        (b"", "says nothing"),
        (b"\x01\x00\x10half", "says nothing"),
    ],
)
async def test_strangers_are_closed(server: AudioSocketServer, start: bytes, reason: str) -> None:
    assert await (await Peer.connect(server, start)).closed() == b""
    assert server.refusals == {reason: 1}


async def test_many_strangers_do_not_keep_a_call_out(server: AudioSocketServer) -> None:
    strangers = [await Peer.connect(server) for _ in range(20)]
    for stranger in strangers:
        assert await stranger.closed() == b""
    assert server.refusals["too many"] >= 1
    taken = Taken()
    with server.expected(taken) as visit:
        peer = await Peer.connect(server, named(visit.id) + b"\x03\x00\x017")
        await taken.until(Key("7"))
    assert await peer.closed() == TERMINATE


async def test_strangers_who_hold_every_place_keep_no_call_out(server: AudioSocketServer) -> None:
    strangers = [await Peer.connect(server, b"\x01") for _ in range(3)]
    taken = Taken()
    with server.expected(taken) as visit:
        peer = await Peer.connect(server, named(visit.id) + b"\x03\x00\x017")
        await taken.until(Key("7"))
    assert await peer.closed() == TERMINATE
    assert [await stranger.closed() for stranger in strangers] == [b""] * 3


async def test_a_call_that_turns_strange_is_ended(server: AudioSocketServer) -> None:
    taken = Taken()
    with server.expected(taken) as visit:
        peer = await Peer.connect(server, named(visit.id) + b"\x10\xff\xff")
        await taken.until(Ended())
        assert await peer.closed() == b""
    assert taken.events == [Ended()]


async def test_a_call_that_takes_nothing_costs_no_memory(server: AudioSocketServer) -> None:
    with server.expected(Taken()) as visit:
        peer = await Peer.connect(server, named(visit.id))
        line = await visit.line()
        for _ in range(100_000):
            line.play(bytes(320))
        assert line._transport.get_write_buffer_size() < 10_000
        line.abort()
        await peer.closed()


async def test_the_end_of_the_service_ends_calls(server: AudioSocketServer) -> None:
    taken = Taken()
    with server.expected(taken) as visit:
        peer = await Peer.connect(server, named(visit.id))
        await visit.line()
        await server.stop()
        assert await peer.closed() == b""
