"""One connection without a socket: how long it waits, and for what."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from router.channels.agi import commands
from router.channels.agi.call import AgiCall
from router.channels.agi.codec import DEFAULT_LIMITS
from router.channels.agi.environment import Environment
from router.channels.agi.errors import CommandTimeout, HungUp
from router.channels.agi.line import Line
from tests.channels.agi.asterisk import environment


class Transport:
    """Takes what is sent; ``stuck``: the other side does not."""

    def __init__(self, stuck: bool = False) -> None:
        self.sent: list[bytes] = []
        self.stuck = stuck
        self.closed = self.aborted = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str) -> None:
        return None

    def get_write_buffer_size(self) -> int:
        return int(self.stuck)

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True


class Owner:
    """Takes every line, and keeps the call."""

    call: AgiCall

    def admit(self, line: Line) -> bool:
        return True

    def released(self, line: Line) -> None:
        pass

    def begin(self, env: Environment, line: Line) -> None:
        self.call = AgiCall(env, line)

    def strange(self, line: Line, why: str) -> None:
        pass


def begun(transport: Transport, *received: bytes) -> tuple[Line, Owner]:
    owner = Owner()
    line = Line(owner, DEFAULT_LIMITS, 5, asyncio.get_running_loop())
    line.connection_made(cast(asyncio.Transport, transport))
    for data in received:
        line.data_received(data)
    return line, owner


def later(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_an_environment_is_waited_for_so_long() -> None:
    transport = Transport()
    line, _ = begun(transport, b"agi_network: yes\n")
    line.end_if_late(later(4))
    assert not transport.closed
    line.end_if_late(later(6))
    assert transport.closed


async def test_between_two_commands_nothing_is_waited_for() -> None:
    transport = Transport()
    line, owner = begun(transport, environment())
    line.end_if_late(later(3600))
    asked = asyncio.create_task(owner.call.send(commands.noop()))
    await asyncio.sleep(0)
    line.data_received(b"200 result=0\n")
    await asked
    line.end_if_late(later(3600))
    assert not transport.closed


async def test_each_reply_is_waited_for_so_long() -> None:
    transport = Transport()
    line, owner = begun(transport, environment())
    asked = asyncio.create_task(owner.call.run(commands.noop(), commands.answer(), within=3))
    await asyncio.sleep(0)
    line.end_if_late(later(2))
    line.data_received(b"200 result=0\n")
    line.end_if_late(later(2))
    assert not transport.closed
    line.end_if_late(later(4))
    with pytest.raises(CommandTimeout, match="ANSWER"):
        await asked
    assert transport.closed


async def test_a_reply_that_is_there_is_not_late_however_late_it_is_taken() -> None:
    transport = Transport()
    line, owner = begun(transport, environment())
    asked = asyncio.create_task(owner.call.send(commands.noop(), within=3))
    await asyncio.sleep(0)
    line.data_received(b"200 result=0\n")
    line.end_if_late(later(4))
    assert (await asked).result == "0"
    assert not transport.closed


async def test_one_who_does_not_take_the_end_has_a_moment() -> None:
    transport = Transport(stuck=True)
    line, owner = begun(transport, environment())
    asked = asyncio.create_task(owner.call.send(commands.noop(), within=30))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait([asked])
    line.end_if_late(later(1))
    assert (transport.closed, transport.aborted) == (True, False)
    line.end_if_late(later(3))
    assert (transport.closed, transport.aborted) == (True, True)
    with pytest.raises(HungUp):
        await owner.call.send(commands.noop())
