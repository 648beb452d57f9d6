"""Plays Asterisk for FastAGI servers, as a process of its own: call after call, so many at one time.

Each connection sends its environment, answers every command at once, and ends when the server closes it. `python -m
bench.speed.asterisk --help` tells the options; what it has counted is printed as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

import uvloop

_ENVIRONMENT = """agi_network: yes
agi_network_script: call
agi_request: agi://127.0.0.1/call
agi_channel: PJSIP/trunk-{number:08x}
agi_language: de
agi_type: PJSIP
agi_uniqueid: {prefix}.{number}
agi_version: 22.10.1
agi_callerid: {caller}
agi_calleridname: unknown
agi_callingpres: {presentation}
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: +493023125000
agi_rdnis: unknown
agi_context: threadline-inbound
agi_extension: +493023125000
agi_priority: 38
agi_enhanced: 0.0
agi_accountcode:
agi_threadid: 140472661939904
agi_arg_1: started

"""
_FIRST_CALLER = 4930_2312_0000


@dataclass(frozen=True, slots=True)
class Counted:
    """Calls in so many ``seconds``; ``failed`` ones ended with no ``route`` set where one is expected. ``commands`` a
    call; p50 and p99 are from the connection to its end, in ms."""

    calls: int
    failed: int
    seconds: float
    commands: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Way:
    """Who calls, and what they do. ``callers`` different numbers, 0: withheld ones. ``keys`` are pressed one at each
    wait for a key, the last one again and again. ``route``: the server has to set where the call goes."""

    callers: int
    keys: str
    route: bool


def environment(prefix: str, number: int, caller: int | None) -> bytes:
    """What Asterisk says of its call ``prefix.number``; ``caller`` counts those that are known, None: withheld."""
    shown, presentation = ("anonymous", 32) if caller is None else (f"+{_FIRST_CALLER + caller}", 0)
    return _ENVIRONMENT.format(number=number, prefix=prefix, caller=shown, presentation=presentation).encode()


class Calls:
    """All calls together."""

    def __init__(self, port: int, way: Way, until: float, prefix: str) -> None:
        self.port = port
        self.way = way
        self.until = until
        self.prefix = prefix
        self.begun = 0
        self.done: list[float] = []
        self.commands = 0
        self.failed = 0
        self.over = asyncio.get_running_loop().create_future()
        self.open = 0

    async def call(self) -> None:
        """One more call, and after it the next."""
        self.open += 1
        await asyncio.get_running_loop().create_connection(lambda: Line(self), "127.0.0.1", self.port)

    def environment(self) -> bytes:
        """What Asterisk says of the next call."""
        self.begun += 1
        known = self.way.callers
        return environment(self.prefix, self.begun, self.begun % known if known else None)

    def ended(self, seconds: float, commands: int, failed: bool) -> None:
        """A call is over."""
        self.open -= 1
        self.done.append(seconds)
        self.commands += commands
        self.failed += failed
        if time.perf_counter() < self.until:
            asyncio.get_running_loop().create_task(self.call())
        elif not self.open and not self.over.done():
            self.over.set_result(None)


class Line(asyncio.Protocol):
    """One call as Asterisk has it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._begun = time.perf_counter()
        self._commands = 0
        self._keys = 0
        self._routed = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._write(self._calls.environment())

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self._write(b"".join(map(self._reply, lines)))

    def connection_lost(self, exc: Exception | None) -> None:
        failed = exc is not None or (self._calls.way.route and not self._routed)
        self._calls.ended(time.perf_counter() - self._begun, self._commands, failed)

    def _write(self, data: bytes) -> None:
        self._transport.write(data)

    def _reply(self, line: bytes) -> bytes:
        self._commands += 1
        if line.startswith(b"STREAM FILE"):
            return b"200 result=0 endpos=8000\n"
        if line.startswith(b"WAIT FOR DIGIT"):
            keys = self._calls.way.keys
            key = keys[min(self._keys, len(keys) - 1)]
            self._keys += 1
            return b"200 result=%d\n" % ord(key)
        if line.startswith(b"GET VARIABLE"):
            return b"200 result=0\n"
        if b"THREADLINE_ROUTE" in line:
            self._routed = True
        return b"200 result=1\n"


async def played(port: int, way: Way, at_once: int, seconds: float, prefix: str) -> Counted:
    """Call the server at ``port`` for so many seconds; ids of calls begin with ``prefix``."""
    begun = time.perf_counter()
    calls = Calls(port, way, begun + seconds, prefix)
    for _ in range(at_once):
        await calls.call()
    async with asyncio.timeout(seconds + 30):
        await calls.over
    took = time.perf_counter() - begun
    ordered = sorted(calls.done)
    count = len(ordered)
    p50, p99 = (ordered[min(count - 1, int(count * share))] * 1000 for share in (0.5, 0.99))
    return Counted(count, calls.failed, took, calls.commands / count, p50, p99)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make calls; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--callers", type=int, default=100, help="different numbers; 0: withheld")
    parser.add_argument("--keys", default="#", help="pressed one at each wait, the last again and again")
    parser.add_argument("--route", action="store_true", help="a call whose route is not set has failed")
    asked = parser.parse_args(arguments)
    way = Way(asked.callers, asked.keys, asked.route)
    found = uvloop.run(played(asked.port, way, asked.at_once, asked.seconds, str(time.time_ns())))
    print(json.dumps(asdict(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
