"""The AGI server with connections as Asterisk makes them, and as it should not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from router.channels.agi import commands
from router.channels.agi.call import AgiCall
from router.channels.agi.errors import CommandTimeout, HungUp, LocalProtocolError, ProtocolError, RemoteProtocolError
from router.channels.agi.server import AgiServer, ServerLimits
from router.logs import configure
from tests.channels.agi.asterisk import Peer, environment

Handler = Callable[[AgiCall], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, limits: ServerLimits | None = None) -> AsyncIterator[AgiServer]:
    server = AgiServer(handler, "127.0.0.1", 0, limits)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(grace=0)
        assert server.calls == 0


class Recorder:
    """A handler that runs ``body`` and keeps how it ended."""

    def __init__(self, body: Handler) -> None:
        self.body = body
        self.ended: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    async def __call__(self, call: AgiCall) -> None:
        try:
            await self.body(call)
        except BaseException as error:
            self.ended.set_result(error)
            raise
        self.ended.set_result(None)

    async def outcome(self) -> BaseException | None:
        async with asyncio.timeout(60):
            return await self.ended


async def listen(call: AgiCall) -> None:
    """Wait for keys until something ends it."""
    while True:
        await call.send(commands.wait_for_digit(5000))


async def test_a_conversation() -> None:
    async def body(call: AgiCall) -> None:
        assert call.env.arguments == ("started",)
        replies = await call.run(commands.answer(), commands.set_variable("TIMEOUT(absolute)", "8"))
        assert [reply.result for reply in replies] == ["0", "1"]
        assert (await call.send(commands.get_data("welcome", 5000, 1))).result == "7"

    handler = Recorder(body)
    async with serving(handler) as server:
        peer = await Peer.connect(server.address, environment())
        assert await peer.command() == ["ANSWER"]
        peer.reply("200 result=0")
        assert await peer.command() == ["SET", "VARIABLE", "TIMEOUT(absolute)", "8"]
        peer.reply("100 Trying")
        peer.reply("200 result=1")
        assert await peer.command() == ["GET", "DATA", "welcome", "5000", "1"]
        peer.reply("200 result=7")
        assert await peer.closed() == b""
        assert await handler.outcome() is None
        await peer.close()


@pytest.mark.parametrize(
    "ending",
    [b"HANGUP\n", b"200 result=-1\nHANGUP\nHANGUP\n", b"511 Command Not Permitted on a dead channel\n", b""],
    ids=["notice then close", "negative result", "dead channel", "close"],
)
async def test_a_hangup_ends_the_call(ending: bytes) -> None:
    handler = Recorder(listen)
    async with serving(handler) as server:
        peer = await Peer.connect(server.address, environment())
        await peer.command()
        peer.writer.write(ending)
        if not ending.startswith((b"200", b"511")):
            peer.writer.write_eof()
        assert isinstance(await handler.outcome(), HungUp)
        assert await peer.closed() == b""
        await peer.close()


async def test_a_recording_that_ends_with_the_call_is_not_lost() -> None:
    async def body(call: AgiCall) -> None:
        reply = await call.send(commands.record_file("m", "wav", "#", 60_000), within=70)
        assert (reply.data, reply.endpos) == ("hangup", 16000)
        assert call.hung_up
        await call.send(commands.noop())

    handler = Recorder(body)
    async with serving(handler) as server:
        peer = await Peer.connect(server.address, environment())
        await peer.command()
        peer.writer.write(b"200 result=-1 (hangup) endpos=16000\nHANGUP\n")
        assert isinstance(await handler.outcome(), HungUp)
        await peer.close()


async def test_a_prompt_that_cannot_be_played_is_told_from_a_hangup() -> None:
    async def body(call: AgiCall) -> None:
        assert (await call.send(commands.stream_file("missing"))).result == "-1"
        await call.check_alive()
        assert (await call.send(commands.stream_file("missing"))).result == "-1"
        await call.check_alive()

    handler = Recorder(body)
    async with serving(handler) as server:
        peer = await Peer.connect(server.address, environment())
        await peer.command()
        peer.reply("200 result=-1 endpos=0")
        assert await peer.command() == ["CHANNEL", "STATUS"]
        peer.reply("200 result=6")
        await peer.command()
        peer.reply("200 result=-1 endpos=0")
        assert await peer.command() == ["CHANNEL", "STATUS"]
        peer.reply("HANGUP")
        await peer.close()
        assert isinstance(await handler.outcome(), HungUp)


async def test_a_late_reply_closes_the_connection() -> None:
    async def body(call: AgiCall) -> None:
        with pytest.raises(CommandTimeout):
            await call.send(commands.answer(), within=0.05)
        await call.send(commands.noop())

    handler = Recorder(body)
    async with serving(handler) as server:
        peer = await Peer.connect(server.address, environment())
        assert await peer.command() == ["ANSWER"]
        assert await peer.closed() == b""
        assert isinstance(await handler.outcome(), CommandTimeout)
        await peer.close()


async def test_what_is_not_agi_closes_the_connection() -> None:
    handler = Recorder(listen)
    async with serving(handler) as server:
        peer = await Peer.connect(server.address, environment())
        await peer.command()
        peer.reply("<html>")
        assert isinstance(await handler.outcome(), RemoteProtocolError)
        assert await peer.closed() == b""
        await peer.close()


async def test_a_refused_command_stops_a_run() -> None:
    async def body(call: AgiCall) -> None:
        await call.run(commands.execute("NoSuch"), commands.noop())

    handler = Recorder(body)
    async with serving(handler) as server:
        peer = await Peer.connect(server.address, environment())
        await peer.command()
        peer.reply("510 Invalid or unknown command")
        error = await handler.outcome()
        assert isinstance(error, ProtocolError)
        assert "EXEC" in str(error)
        await peer.close()


async def test_two_commands_at_once_are_refused_and_do_no_harm() -> None:
    async def body(call: AgiCall) -> None:
        first = asyncio.create_task(call.send(commands.answer()))
        await asyncio.sleep(0)
        with pytest.raises(LocalProtocolError):
            await call.send(commands.noop())
        assert (await first).result == "0"

    handler = Recorder(body)
    async with serving(handler) as server:
        peer = await Peer.connect(server.address, environment())
        assert await peer.command() == ["ANSWER"]
        peer.reply("200 result=0")
        assert await handler.outcome() is None
        await peer.close()


async def test_a_handler_that_fails_is_logged_by_call_and_closes(capsys: pytest.CaptureFixture[str]) -> None:
    async def body(call: AgiCall) -> None:
        raise RuntimeError("boom")

    configure("info", as_json=True)
    async with serving(body) as server:
        peer = await Peer.connect(server.address, environment())
        assert await peer.closed() == b""
        await peer.close()
    logged = capsys.readouterr().err
    (entry,) = [line for line in map(json.loads, logged.splitlines()) if line["event"] == "agi_handler_failed"]
    assert entry["uniqueid"] == "1700000000.1"
    assert "30123456" not in logged


@pytest.mark.parametrize("start", [b"", b"agi_network: yes\nagi_req"])
async def test_an_environment_that_does_not_come_ends_the_connection(start: bytes) -> None:
    handler = Recorder(listen)
    async with serving(handler, ServerLimits(environment_timeout=0.05)) as server:
        peer = await Peer.connect(server.address, start)
        assert await peer.closed() == b""
        assert not handler.ended.done()
        assert server.connections == 0
        await peer.close()


@pytest.mark.parametrize("start", [b"", environment()[:100], b"GET / HTTP/1.1\r\n\r\n", b"\n", b"\0" * 70_000])
async def test_strangers_do_no_harm(start: bytes) -> None:
    handler = Recorder(listen)
    async with serving(handler) as server:
        stranger = await Peer.connect(server.address, start)
        await stranger.close()
        peer = await Peer.connect(server.address, environment())
        assert await peer.command() == ["WAIT", "FOR", "DIGIT", "5000"]
        await peer.close()
        assert isinstance(await handler.outcome(), HungUp)


@pytest.mark.parametrize("start", [b"", environment()[:100], b"GET / HTTP/1.1\r\n\r\n", b"\0" * 70_000])
async def test_who_speaks_no_agi_is_named_and_counted(start: bytes) -> None:
    given_up: list[str] = []
    with capture_logs() as logs:
        async with serving(listen, ServerLimits(environment_timeout=0.05)) as server:
            server.on_given_up = given_up.append
            stranger = await Peer.connect(server.address, start)
            assert await stranger.closed() == b""
            await stranger.close()
    assert [entry["peer"] for entry in logs if entry["event"] == "agi_protocol_error"] == ["127.0.0.1"]
    assert given_up == ["protocol"]


async def test_who_speaks_no_agi_within_a_call_is_named_and_counted_once() -> None:
    given_up: list[str] = []
    handler = Recorder(listen)
    with capture_logs() as logs:
        async with serving(handler) as server:
            server.on_given_up = given_up.append
            peer = await Peer.connect(server.address, environment())
            await peer.command()
            peer.writer.write(b"no reply\n")
            assert isinstance(await handler.outcome(), RemoteProtocolError)
            assert await peer.closed() == b""
            await peer.close()
    assert [entry["peer"] for entry in logs if entry["event"] == "agi_protocol_error"] == ["127.0.0.1"]
    assert given_up == ["protocol"]


async def test_a_connection_too_many_is_closed_at_once() -> None:
    with capture_logs() as logs:
        async with serving(listen, ServerLimits(connections=2)) as server:
            held = [await Peer.connect(server.address, environment()) for _ in range(2)]
            for peer in held:
                await peer.command()
            for _ in range(3):
                refused = await Peer.connect(server.address, environment())
                assert await refused.closed() == b""
                await refused.close()
            for peer in held:
                peer.reply("200 result=0")
                assert await peer.command() == ["WAIT", "FOR", "DIGIT", "5000"]
                await peer.close()
    assert [entry["event"] for entry in logs].count("agi_full") == 1


async def test_a_call_without_end_is_ended() -> None:
    async def body(call: AgiCall) -> None:
        await asyncio.Event().wait()

    handler = Recorder(body)
    with capture_logs() as logs:
        async with serving(handler, ServerLimits(call_timeout=0.05)) as server:
            peer = await Peer.connect(server.address, environment())
            assert await peer.closed() == b""
            assert isinstance(await handler.outcome(), asyncio.CancelledError)
            await peer.close()
    assert "agi_call_too_long" in [entry["event"] for entry in logs]


async def test_stopping_lets_calls_finish() -> None:
    async def body(call: AgiCall) -> None:
        await call.run(commands.wait_for_digit(5000), commands.noop())

    handler = Recorder(body)
    server = AgiServer(handler, "127.0.0.1", 0)
    await server.start()
    address = server.address
    peer = await Peer.connect(address, environment())
    waiting = await Peer.connect(address)
    await peer.command()
    stopping = asyncio.create_task(server.stop(grace=5))
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await Peer.connect(address)
    peer.reply("200 result=0")
    assert await peer.command() == ["NOOP"]
    peer.reply("200 result=0")
    assert await handler.outcome() is None
    await stopping
    assert await waiting.closed() == b""
    assert (server.calls, server.connections) == (0, 0) or await peer.closed() == b""
    await peer.close()
    await waiting.close()


async def test_stopping_ends_calls_that_do_not_finish() -> None:
    handler = Recorder(listen)
    server = AgiServer(handler, "127.0.0.1", 0)
    await server.start()
    peer = await Peer.connect(server.address, environment())
    await peer.command()
    await server.stop(grace=0.05)
    assert isinstance(await handler.outcome(), asyncio.CancelledError)
    assert server.calls == 0
    assert await peer.closed() == b""
    await peer.close()


async def test_calls_without_end_are_ended_one_after_the_other() -> None:
    async def body(call: AgiCall) -> None:
        await asyncio.Event().wait()

    given_up: list[str] = []
    with capture_logs() as logs:
        async with serving(body, ServerLimits(call_timeout=0.1)) as server:
            server.on_given_up = given_up.append
            for at_once in (2, 1):
                peers = [await Peer.connect(server.address, environment()) for _ in range(at_once)]
                for peer in peers:
                    assert await peer.closed() == b""
                    await peer.close()
    assert given_up == ["too_long"] * 3
    assert [entry["event"] for entry in logs].count("agi_call_too_long") == 3


def keepalive(port: int) -> bool:
    """Whether all connections to a port of this machine are asked now and then whether they are still there."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    timers = {each[5][:2] for each in lines if each[1].endswith(f":{port:04X}") and each[3] == "01"}
    return timers == {"02"}


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells the timers of connections")
async def test_a_connection_whose_other_side_vanished_does_not_stay() -> None:
    async with serving(listen) as server:
        peer = await Peer.connect(server.address, environment())
        assert await peer.command()
        async with asyncio.timeout(30):
            while not keepalive(server.address[1]):  # noqa: ASYNC110 - at first it waits for what was sent to be told
                await asyncio.sleep(0.01)
        await peer.close()


async def test_two_thousand_calls_at_once() -> None:
    count = 2000
    answered = 0

    async def body(call: AgiCall) -> None:
        nonlocal answered
        await call.send(commands.wait_for_digit(30_000), within=40)
        answered += 1

    async with serving(body, ServerLimits(environment_timeout=30)) as server:
        peers = []
        for _ in range(count // 100):
            peers += await asyncio.gather(*(Peer.connect(server.address, environment()) for _ in range(100)))
        for peer in peers:
            assert await peer.command() == ["WAIT", "FOR", "DIGIT", "30000"]
        assert server.calls == server.connections == count
        for peer in peers:
            peer.reply("200 result=49")
        for peer in peers:
            assert await peer.closed() == b""
            await peer.close()
        assert answered == count
        assert server.calls == 0


async def test_a_flood_on_one_line_leaves_the_others_their_room() -> None:
    gone = asyncio.Event()

    async def body(call: AgiCall) -> None:
        try:
            await listen(call)
        finally:
            asyncio.get_running_loop().call_later(0.01, gone.set)  # behind the server's own books

    async with serving(body, ServerLimits(connections=100, each=3)) as server:
        flood = [await Peer.connect(server.address, environment(channel=f"PJSIP/bad-{n:08x}")) for n in range(3)]
        for peer in flood:
            assert await peer.command()
        too_many = await Peer.connect(server.address, environment(channel="PJSIP/bad-0000ffff"))
        assert await too_many.closed() == b""
        assert server.refused == 1
        other = await Peer.connect(server.address, environment(channel="PJSIP/good-00000001"))
        assert await other.command()
        await flood[0].close()
        await gone.wait()
        again = await Peer.connect(server.address, environment(channel="PJSIP/bad-0001ffff"))
        assert await again.command()
        for peer in (*flood[1:], too_many, other, again):
            await peer.close()
