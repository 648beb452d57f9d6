"""One AudioSocket connection of a running server: moves bytes between the socket and the codec."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final, Protocol, cast
from uuid import UUID

import structlog

from router.speech.audiosocket.codec import TERMINATE, Connection, Ended, Event, Limits, Named, NotAudioSocket, sound

_log = structlog.get_logger(__name__)

_FLUSH_SECONDS: Final = 2.0
_MOST_UNSENT: Final = 8_192
"""Bytes that wait to be sent; what comes on top is dropped: sound that is half a second late is of no use."""

Sink = Callable[[Event], None]
"""Takes what comes over a line, at once and without waiting; `Ended` comes last, and once."""


class Owner(Protocol):
    """The server a line belongs to."""

    def admit(self, line: Line) -> bool:
        """Whether ``line`` may stay until it has said whose call it is."""
        ...

    def named(self, line: Line, id: UUID) -> Sink | None:
        """``line`` says it is this call's: who takes what comes over it. None where nobody expects it."""
        ...

    def refused(self, line: Line, reason: str) -> None:
        """``line`` is closed by us because of what it did, or failed to do."""
        ...

    def released(self, line: Line) -> None:
        """``line`` is closed."""
        ...


class Line(asyncio.Protocol):
    """One connection. It is closed when it does not say in time whose call it is, or when nobody expects that one."""

    def __init__(self, owner: Owner, limits: Limits, name_timeout: float) -> None:
        self._owner = owner
        self._wire = Connection(limits)
        self._name_timeout = name_timeout
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._sink: Sink | None = None
        self._transport: asyncio.Transport

    def play(self, samples: bytes) -> None:
        """Let the caller hear ``samples``; dropped where the line is gone or Asterisk does not take them."""
        if not self._transport.is_closing() and self._transport.get_write_buffer_size() <= _MOST_UNSENT:
            self._transport.write(sound(samples))

    def end(self) -> None:
        """End the stream in good order; nothing comes over it any more. The call goes on without it."""
        self._sink = None
        if self._transport.is_closing():
            return
        self._transport.write(TERMINATE)
        self._transport.close()
        self._set_timer(_FLUSH_SECONDS, self._transport.abort)

    def abort(self) -> None:
        """Close at once."""
        self._sink = None
        self._transport.abort()

    # -- what the socket brings

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Event loops differ in what their transports inherit from.
        self._transport = cast(asyncio.Transport, transport)
        if not self._owner.admit(self):
            self._transport.abort()
            return
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._set_timer(self._name_timeout, lambda: self._refuse("says nothing"))

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._wire.receive(data):
                if isinstance(event, Named):
                    self._on_name(event.id)
                elif self._sink is not None:
                    self._take(event)
                if self._transport.is_closing():
                    return
        except NotAudioSocket as error:
            _log.debug("audiosocket_protocol_error", reason=str(error))
            self._refuse("no AudioSocket")

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_timer(0, None)
        self._take(Ended(error=exc is not None))
        self._owner.released(self)

    def _on_name(self, id: UUID) -> None:
        self._set_timer(0, None)
        self._sink = self._owner.named(self, id)
        if self._sink is None:
            self._refuse("not expected")

    def _take(self, event: Event) -> None:
        sink = self._sink
        if isinstance(event, Ended):
            self._sink = None
        if sink is not None:
            sink(event)

    def _refuse(self, reason: str) -> None:
        self._owner.refused(self, reason)
        self._transport.abort()  # what listens to this line hears that it ended

    def _set_timer(self, seconds: float, action: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, action) if action is not None else None
