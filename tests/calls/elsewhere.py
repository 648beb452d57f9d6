"""A system that is asked by webhook, as badly behaved as wished."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Headers = dict[str, str]


@dataclass
class Elsewhere:
    """``answer`` is sent to each request as it is; ``requests`` are those that came, ``let_go`` lets a request that is
    held be answered."""

    address: str = ""
    answer: bytes = b""
    drips: bool = False
    hangs: bool = False
    requests: list[tuple[Headers, bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    meanwhile: Callable[[], Any] | None = None

    def answers(self, body: Any, status: str = "200 OK", **headers: str) -> None:
        """Answer with ``body``: bytes, or what is put into JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {"content-type": "application/json", "content-length": str(len(content)), "connection": "close"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.answer = f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + content

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
            headers = {name.lower(): value for name, value in lines}
            self.requests.append((headers, await reader.readexactly(int(headers["content-length"]))))
            self.came.set()
            if self.meanwhile is not None:
                await self.meanwhile()
            if self.hangs:
                await self.let_go.wait()
            if self.drips:
                for byte in self.answer * 100:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.05)
            writer.write(self.answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.lost.set()
        finally:
            writer.close()


@asynccontextmanager
async def elsewhere(tls: ssl.SSLContext | None = None) -> AsyncIterator[Elsewhere]:
    """A server of its own on a free port of this machine."""
    there = Elsewhere()
    server = await asyncio.start_server(there, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    there.address = f"{'https' if tls else 'http'}://127.0.0.1:{port}/ask"
    there.answers({})
    try:
        yield there
    finally:
        there.let_go.set()
        server.close()
