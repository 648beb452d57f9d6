"""One FastAGI connection of a running server: moves bytes between the socket and the codec."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final, Protocol, cast

import structlog

from router.channels.agi.codec import (
    Connection,
    ConnectionClosed,
    EnvironmentReceived,
    Event,
    HangupNotice,
    Limits,
    Reply,
    State,
)
from router.channels.agi.commands import Command
from router.channels.agi.environment import Environment
from router.channels.agi.errors import CommandTimeout, HungUp, RemoteProtocolError

_log = structlog.get_logger(__name__)

_FLUSH_SECONDS: Final = 2.0


class Owner(Protocol):
    """The server a line belongs to."""

    def admit(self, line: Line) -> bool:
        """Whether ``line`` may stay."""
        ...

    def released(self, line: Line) -> None:
        """``line`` is closed."""
        ...

    def begin(self, env: Environment, line: Line) -> None:
        """A call has arrived on ``line``."""
        ...


class Line(asyncio.Protocol):
    """One connection: moves bytes between the socket and the codec, and keeps every wait bounded."""

    def __init__(self, server: Owner, limits: Limits, environment_timeout: float) -> None:
        self._server = server
        self._environment_timeout = environment_timeout
        self._loop = asyncio.get_running_loop()
        self._wire = Connection(limits)
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[Reply] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._broken: Exception | None = None
        self.hung_up = False

    # -- what the call asks for

    async def ask(self, command: Command, within: float) -> Reply:
        """See `AgiCall.send`."""
        try:
            async with asyncio.timeout(within):
                return await self._exchange(command)
        except TimeoutError:
            self._fail(CommandTimeout(command.verb))
            raise CommandTimeout(command.verb) from None
        except asyncio.CancelledError:
            # The reply would be taken for that to the next command.
            self.close()
            raise

    async def _exchange(self, command: Command) -> Reply:
        self._check(command)
        while self._writable is not None:
            await asyncio.shield(self._writable)
            self._check(command)
        self._transport.write(self._wire.send(command))
        self._waiter = self._loop.create_future()
        try:
            return await self._waiter
        finally:
            self._waiter = None

    def _check(self, command: Command) -> None:
        if self._broken is not None:
            raise self._broken
        if self.hung_up or self._wire.state is State.CLOSED:
            raise HungUp(command.verb)

    def close(self) -> None:
        """Send what is still to be sent, then close; the other side has a moment to take it."""
        self._wire.close()
        if self._transport.is_closing():
            return
        self._transport.close()
        self._set_timer(_FLUSH_SECONDS, self.abort)

    def abort(self) -> None:
        """Close at once."""
        self._wire.close()
        self._transport.abort()

    # -- what the socket brings

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Event loops differ in what their transports inherit from.
        self._transport = cast(asyncio.Transport, transport)
        if not self._server.admit(self):
            self.abort()
            return
        connection = transport.get_extra_info("socket")
        if connection is not None:
            # Ends a connection whose other side vanished without a word while no command is on its way.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._set_timer(self._environment_timeout, self._environment_late)

    def data_received(self, data: bytes) -> None:
        try:
            self._wire.receive(data)
            for event in self._wire.events():
                self._on_event(event)
        except RemoteProtocolError as error:
            self._fail(error)

    def eof_received(self) -> bool:
        self.data_received(b"")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_timer(0, None)
        self._wire.close()
        self._gone()
        self.resume_writing()
        self._server.released(self)

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def _on_event(self, event: Event) -> None:
        match event:
            case EnvironmentReceived():
                self._set_timer(0, None)
                self._server.begin(event.environment, self)
            case Reply():
                if self._waiter is not None and not self._waiter.done():
                    self._waiter.set_result(event)
            case HangupNotice():
                self.hung_up = True
            case ConnectionClosed():
                self._gone()

    def _gone(self) -> None:
        self.hung_up = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(HungUp("connection closed"))

    def _environment_late(self) -> None:
        self._fail(RemoteProtocolError("no environment within the time for it"))

    def _fail(self, error: Exception) -> None:
        self._broken = error
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        elif isinstance(error, RemoteProtocolError):
            _log.warning("agi_protocol_error", reason=str(error))
        self.close()

    def _set_timer(self, seconds: float, action: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, action) if action is not None else None
