"""(d) Memory with callers waiting in a menu and desks connected."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable
from typing import cast

import uvloop

from bench.desk.company import Agent
from bench.speed.asterisk import environment
from bench.speed.house import House, served
from bench.speed.processes import Cores, resident
from bench.speed.tables import table

CALLS, DESKS = 2000, 500
_OPENED_AT_ONCE = 50
_WAITS = 12.0
"""Seconds that a caller lets a question wait before hearing it again."""
_LONGEST = 120.0
_FLOW = """version: 1
name: hotline
languages: [de]
default_queue: default
start: choose
steps:
  choose:
    type: menu
    text: {de: Bitte wählen Sie.}
    timeout: 15
    options: {"1": {next: goodbye}}
    tries: 9
    otherwise: goodbye
  goodbye: {type: hangup}
"""


def run(cores: Cores) -> str:
    """The table. Measured once: memory does not depend on what else the machine does."""
    with served(cores.served, agents=DESKS, flow=_FLOW) as house:
        rows = uvloop.run(_fill(house))
    return table(("memory of the process", "MB"), [(name, f"{size:,.0f}") for name, size in rows])


async def _fill(house: House) -> list[tuple[str, float]]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    found = [("served, nobody there", resident(house.pid))]
    desks = [await _desk(house, agent) for agent in house.agents]
    found.append((f"{DESKS} desks connected", resident(house.pid)))
    waiting: set[int] = set()
    lines: list[Caller] = []
    begun, loop = time.monotonic(), asyncio.get_running_loop()
    for number in range(CALLS):
        while len(lines) - len(waiting) >= _OPENED_AT_ONCE:
            await asyncio.sleep(0.01)
            _in_time(begun)
        _, line = await loop.create_connection(
            lambda number=number: Caller(number, waiting.add),  # type: ignore[misc]
            "127.0.0.1",
            house.agi,
        )
        lines.append(line)
    while len(waiting) < CALLS:
        await asyncio.sleep(0.05)
        _in_time(begun)
    gone = sum(line.gone for line in lines)
    found.append((f"{DESKS} desks and {CALLS - gone:,} calls waiting in a menu", resident(house.pid)))
    for writer in desks:
        writer.close()
    for line in lines:
        line.hang_up()
    return found


def _in_time(begun: float) -> None:
    if time.monotonic() - begun > _LONGEST:
        raise TimeoutError(f"{CALLS} calls do not come to the menu within {_LONGEST:g} s")


async def _desk(house: House, agent: Agent) -> asyncio.StreamWriter:
    """A desk's stream, once it says that it runs."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    head = f"GET /v1/desk/events HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\nCookie: threadline={agent.token}\r\n"
    writer.write(f"{head}Accept: text/event-stream\r\nSec-Fetch-Site: same-origin\r\n\r\n".encode())
    async with asyncio.timeout(30):
        first = await reader.readuntil(b"hello")
    if not first.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"a desk was refused: {first[:80]!r}")
    return writer


class Caller(asyncio.Protocol):
    """Somebody who hears the menu and does nothing. ``there`` is told when they do so for the first time."""

    def __init__(self, number: int, there: Callable[[int], None]) -> None:
        self._number = number
        self._there = there
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(environment("room", self._number, None))

    def data_received(self, data: bytes) -> None:
        for line in data.splitlines():
            if line.startswith(b"WAIT FOR DIGIT"):
                self._there(self._number)
                asyncio.get_running_loop().call_later(_WAITS, self._reply)
            else:
                self._reply()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        self._there(self._number)

    def hang_up(self) -> None:
        """Go."""
        self._transport.abort()

    def _reply(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"200 result=0\n")
