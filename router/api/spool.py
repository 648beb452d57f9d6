"""An answer that is made while the request is still coming in, for clients that read it only after they have sent all.

Most clients send their whole body before they read the first byte of the answer. If we waited for them to read, and
they for us to take what they send, both would wait for ever. So what they do not read yet is kept, in a file once it is
more than a little, up to a limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from tempfile import SpooledTemporaryFile
from typing import Final

from fastapi import Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

IN_MEMORY: Final = 1024 * 1024
LARGEST: Final = 1024 * 1024 * 1024
PIECE: Final = 64 * 1024
READ_SECONDS: Final = 60.0
"""How long a client that has sent all may leave what it is sent unread."""


class SpoolFull(Exception):
    """More is waiting to be read than is kept."""


class Spool:
    """Bytes in, the same bytes out, later."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by close
        self._largest = largest
        self._written = self._taken = 0

    def put(self, data: bytes) -> None:
        """Add ``data``. Raises `SpoolFull`."""
        if self._written + len(data) > self._largest:
            raise SpoolFull
        self.put_last(data)

    def put_last(self, data: bytes) -> None:
        """Add ``data`` however full it is."""
        self._file.seek(self._written)
        self._file.write(data)
        self._written += len(data)

    def take(self, most: int = PIECE) -> bytes:
        """The next bytes, none where there are none yet."""
        self._file.seek(self._taken)
        data = self._file.read(min(most, self._written - self._taken))
        self._taken += len(data)
        if self._taken == self._written:
            self._file.seek(0)
            self._file.truncate()
            self._written = self._taken = 0
        return data

    def close(self) -> None:
        """Throw away what is left."""
        self._file.close()


class SpooledAnswer(Response):
    """Sends ``first`` and then ``lines`` as they come, and never makes ``lines`` wait for the client.

    When more than ``largest`` bytes wait to be read, ``lines`` is closed and ``when_full`` is the last that is sent.
    Unlike Starlette's streaming response it leaves ``receive`` to ``lines``, which reads the request with it.
    """

    def __init__(
        self,
        first: bytes,
        lines: AsyncGenerator[bytes, None],
        media_type: str,
        *,
        when_full: bytes,
        largest: int = LARGEST,
    ) -> None:
        super().__init__(media_type=media_type, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._lines = lines
        self._when_full = when_full
        self._spool = Spool(largest)
        self._spool.put_last(first)
        self._news = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        filling = asyncio.create_task(self._fill())
        try:
            await self._drain(filling, send)
            await filling
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            filling.cancel()
            await asyncio.wait({filling})
            self._spool.close()

    async def _fill(self) -> None:
        try:
            async with aclosing(self._lines):
                async for line in self._lines:
                    self._spool.put(line)
                    self._news.set()
        except SpoolFull:
            self._spool.put_last(self._when_full)
        finally:
            self._news.set()

    async def _drain(self, filling: asyncio.Task[None], send: Send) -> None:
        while True:
            self._news.clear()
            if piece := self._spool.take():
                await _sent(send, piece, filling)
            elif filling.done():
                return
            else:
                await self._news.wait()


async def _sent(send: Send, piece: bytes, filling: asyncio.Task[None]) -> None:
    """Send a piece. Raises `ClientDisconnect` when the client does not take it though nothing else
    keeps it busy."""
    sending = asyncio.ensure_future(send({"type": "http.response.body", "body": piece, "more_body": True}))
    try:
        await asyncio.wait({sending, filling}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done() and filling.done():
            await asyncio.wait({sending}, timeout=READ_SECONDS)
            if not sending.done():
                raise ClientDisconnect
        await sending
    finally:
        sending.cancel()
