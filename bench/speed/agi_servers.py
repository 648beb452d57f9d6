"""FastAGI servers to measure, each as a process of its own: `python -m bench.speed.agi_servers KIND PORT`.

All but ``codec`` take what comes for right. Each sends the same six commands and closes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import uvloop
from panoramisk.fast_agi import Application  # type: ignore[import-untyped]

from bench.speed.asterisk import COMMANDS, LINE
from router import logs
from router.channels.agi import commands
from router.channels.agi.call import AgiCall
from router.channels.agi.server import AgiServer, ServerLimits


async def codec(port: int) -> None:
    """Threadline's own server and codec, with parsing, limits and logging as in service; nothing is decided."""
    logs.configure("info", as_json=True)

    async def handler(call: AgiCall) -> None:
        await call.run(*(commands.set_variable("THREADLINE_QUEUE", "default") for _ in range(COMMANDS)))

    await AgiServer(handler, "127.0.0.1", port, ServerLimits(connections=5000, each=4000)).start()
    await asyncio.Event().wait()


async def panoramisk(port: int) -> None:
    """panoramisk's server as it comes."""

    async def handler(request: Any) -> None:
        for _ in range(COMMANDS):
            await request.send_command(LINE)

    application = Application(loop=asyncio.get_running_loop())
    application.add_route("call", handler)
    server = await asyncio.start_server(application.handler, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


async def protocol(port: int) -> None:
    """`asyncio.Protocol` that parses nothing but where the environment ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Bare, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


class _Bare(asyncio.Protocol):
    _COMMAND = LINE.encode() + b"\n"

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._sent = 0
        self._seen = b""

    def data_received(self, data: bytes) -> None:
        if self._sent == 0:
            self._seen += data
            if not self._seen.endswith(b"\n\n"):
                return
        if self._sent == COMMANDS:
            self._transport.close()
            return
        self._sent += 1
        self._transport.write(self._COMMAND)


KINDS: Final[dict[str, tuple[Callable[[int], Awaitable[None]], bool]]] = {
    "codec": (codec, True),
    "panoramisk": (panoramisk, False),
    "panoramisk-uvloop": (panoramisk, True),
    "protocol": (protocol, True),
}
"""What there is, and whether it runs on uvloop."""


def main() -> None:
    """Serve until ended."""
    serve, fast = KINDS[sys.argv[1]]
    runner = uvloop.run if fast else asyncio.run
    runner(serve(int(sys.argv[2])))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
