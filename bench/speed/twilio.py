"""Plays Twilio for voice webhooks, as a process of its own: signed requests over connections that stay open.

Each request is a call of its own. `python -m bench.speed.twilio --help` tells the options; what it has counted is
printed as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hmac
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import cast
from urllib.parse import urlencode

import uvloop

from bench.speed.house import TOKEN
from bench.speed.webhooks import PATH

_FIRST_CALLER = 4930_2312_0000
_FIELDS = {
    "AccountSid": "AC" + "0" * 32,
    "ApiVersion": "2010-04-01",
    "CallStatus": "ringing",
    "Direction": "inbound",
    "StirVerstat": "",
    **{f"{who}{what}": "DE" if what == "Country" else "" for who in ("Caller", "Called", "From", "To")
       for what in ("City", "Country", "State", "Zip")},
    "CallToken": "0" * 64,
}  # fmt: skip


@dataclass(slots=True)
class Counted:
    """Requests in so many ``seconds``; those not answered with 200 and TwiML have ``failed``. p50 and p99 in ms."""

    requests: int = 0
    failed: int = 0
    seconds: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    took: list[float] = field(default_factory=list)


class Twilio:
    """All connections together."""

    def __init__(self, port: int, callers: int, until: float) -> None:
        self.port = port
        self._callers = callers
        self._until = until
        self._prefix = f"{time.time_ns():016x}"[-16:]
        self._begun = 0
        self.counted = Counted()

    def request(self) -> bytes | None:
        """The next request; None where the time is up."""
        if time.perf_counter() >= self._until:
            return None
        self._begun += 1
        caller = f"+{_FIRST_CALLER + self._begun % self._callers}" if self._callers else "anonymous"
        own = {"CallSid": f"CA{self._prefix}{self._begun:016x}", "From": caller, "Caller": caller}
        called = "+493023125000"
        form = {**_FIELDS, **own, "To": called, "Called": called}
        text = f"http://127.0.0.1:{self.port}{PATH}" + "".join(name + form[name] for name in sorted(form))
        signature = base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), "sha1")).decode()
        body = urlencode(form).encode()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nX-Twilio-Signature: {signature}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Line(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, twilio: Twilio, over: asyncio.Future[None]) -> None:
        self._twilio = twilio
        self._over = over
        self._answer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, whole, body = self._answer.partition(b"\r\n\r\n")
        if not whole:
            return
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        if len(body) < length:
            return
        counted = self._twilio.counted
        counted.requests += 1
        counted.failed += not (head.startswith(b"HTTP/1.1 200") and b"<Response>" in body)
        counted.took.append(time.perf_counter() - self._sent)
        self._answer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _next(self) -> None:
        request = self._twilio.request()
        if request is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


async def _run(port: int, callers: int, at_once: int, seconds: float) -> Counted:
    loop, begun = asyncio.get_running_loop(), time.perf_counter()
    twilio = Twilio(port, callers, begun + seconds)
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(at_once)]
    for over in ends:
        await loop.create_connection(lambda over=over: Line(twilio, over), "127.0.0.1", port)  # type: ignore[misc]
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*ends)
    counted = twilio.counted
    counted.seconds = time.perf_counter() - begun
    took = sorted(counted.took)
    counted.p50, counted.p99 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.99))
    counted.took = []
    return counted


def main(arguments: Sequence[str] | None = None) -> int:
    """Send requests; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--callers", type=int, default=100, help="different numbers; 0: withheld")
    asked = parser.parse_args(arguments)
    print(json.dumps(asdict(uvloop.run(_run(asked.port, asked.callers, asked.at_once, asked.seconds)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
