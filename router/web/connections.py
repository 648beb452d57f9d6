"""HTTP connections with an end and a bound, which uvicorn leaves to a proxy in front of it.

Without them whoever can reach the port holds connections, and so the process's files, for ever by saying nothing, and
fills its memory with a request's head that does not end.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from router.web.shares import Shares

HEAD_SECONDS: Final = 10.0
"""For the head of a request to arrive, counted from the connection or from the request's first byte."""
LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a head, and of anything else of a request that is not its body (trailers, extensions of chunks)."""

UNCONFIRMED_SECONDS: Final = 45
"""What was sent is confirmed within so long, or the peer is gone: a machine that fell asleep says no goodbye."""

FILES: Final = 20_000
"""Files and sockets that the process may want to have open; Linux allows a service 1,024 unless it asks."""


def make_room(wanted: int = FILES) -> int:
    """Let the process open ``wanted`` files, or as many as it is allowed to ask for; how many it may open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        return allowed
    return soft


class BoundedConnection(HttpToolsProtocol):
    """One connection; see `connections_of`."""

    shares: Shares
    head_seconds = HEAD_SECONDS

    _head_due: asyncio.TimerHandle | None = None
    _beside_bodies = 0
    _whose: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection too many is closed; the others have to say what they want in time."""
        super().connection_made(transport)
        self._whose = self.shares.take(self.client[0] if self.client else None, self.loop.time())
        if self._whose is None:
            transport.abort()
            return
        self._notice_when_gone(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._head_is_there()
        if self._whose is not None:
            self.shares.give_back(self._whose)
            self._whose = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and give up on what goes on without becoming a request or a part of a body."""
        if self._head_due is None and getattr(self.cycle, "response_complete", True):  # None before the first
            self._expect_head()
        self._beside_bodies += len(data)
        super().data_received(data)
        if self._beside_bodies > LARGEST_HEAD:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """The head is whole. One that is too large, though it came at once, is answered 400 for the error here."""
        self._head_is_there()
        if self._head_size() > LARGEST_HEAD:
            raise ValueError("the head is too large")
        self._beside_bodies = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body, whose size and time others bound."""
        self._beside_bodies = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole, also one that was answered before."""
        self._head_is_there()
        self._beside_bodies = 0
        super().on_message_complete()

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)

    @staticmethod
    def _notice_when_gone(transport: asyncio.Transport) -> None:
        # Linux only; elsewhere it takes the system's own time, which is a quarter of an hour or so.
        connection = transport.get_extra_info("socket")
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNCONFIRMED_SECONDS * 1000)

    def _expect_head(self) -> None:
        self._head_due = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _head_is_there(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None


def connections_of(shares: Shares) -> type[BoundedConnection]:
    """What is to be given to `uvicorn.Config` as ``http``, so that connections are taken from ``shares``."""
    return type("Connection", (BoundedConnection,), {"shares": shares})
