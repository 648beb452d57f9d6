"""Takes FastAGI connections from Asterisk and gives each call to a handler.

Whatever goes wrong here, the connection is closed, and the dialplan goes on without us: a caller never waits for a
handler that failed, a connection too many, or a peer that does not speak AGI.
"""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, cast

import structlog

from router.channels.agi.call import AgiCall
from router.channels.agi.codec import (
    DEFAULT_LIMITS,
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
from router.channels.agi.errors import CommandTimeout, GivenUp, HungUp, ProtocolError, RemoteProtocolError

Handler = Callable[[AgiCall], Awaitable[None]]

_log = structlog.get_logger(__name__)

_FLUSH_SECONDS: Final = 2.0
_CANCEL_SECONDS: Final = 2.0
_FRAMES_LOGGED: Final = 6


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one server takes on; times in seconds."""

    connections: int = 4000
    """More are closed at once, so that their callers go to the default queue instead of waiting."""
    environment_timeout: float = 5.0
    call_timeout: float = 4 * 3600.0
    """After this a call's handler is cancelled, whatever it does."""
    backlog: int = 1024
    wire: Limits = DEFAULT_LIMITS


class AgiServer:
    """Listens for Asterisk on ``host`` and ``port`` (0 takes a free one) and runs ``handler`` for every call.

    The call ends for us when the handler returns or raises; nobody else must keep its `AgiCall`.
    """

    def __init__(
        self, handler: Handler, host: str = "127.0.0.1", port: int = 4573, limits: ServerLimits | None = None
    ) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._limits = limits or ServerLimits()
        self._server: asyncio.Server | None = None
        self._lines: set[_Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._full = False

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens, once started."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the AGI server is not running")
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    @property
    def connections(self) -> int:
        """Connections open at the moment."""
        return len(self._lines)

    @property
    def calls(self) -> int:
        """Handlers at work at the moment."""
        return len(self._tasks)

    async def start(self) -> None:
        """Begin to listen; raises `OSError` when the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Line(self, self._limits), self._host, self._port, backlog=self._limits.backlog
        )
        _log.info("agi_listening", host=self.address[0], port=self.address[1])

    async def stop(self, grace: float = 5.0) -> None:
        """Take no more calls, let those at work finish for ``grace`` seconds, then end the rest."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=grace)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, stubborn = await asyncio.wait(set(self._tasks), timeout=_CANCEL_SECONDS)
            if stubborn:
                _log.error("agi_handlers_do_not_end", count=len(stubborn))
        for line in list(self._lines):
            line.abort()
        if server is not None:
            await server.wait_closed()

    def admit(self, line: _Line) -> bool:
        """Whether ``line`` may stay; it is then counted until `released`."""
        if self._server is None:
            return False
        if len(self._lines) >= self._limits.connections:
            if not self._full:
                # Once for each time we are full: under a flood the log is not to be the next thing to break.
                _log.error("agi_full", connections=len(self._lines))
            self._full = True
            return False
        self._full = False
        self._lines.add(line)
        return True

    def released(self, line: _Line) -> None:
        """``line`` is closed."""
        self._lines.discard(line)

    def begin(self, env: Environment, line: _Line) -> None:
        """Run the handler for a call that has arrived."""
        if self._server is None:
            line.close()
            return
        task = asyncio.get_running_loop().create_task(self._run(env, line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, env: Environment, line: _Line) -> None:
        log = _log.bind(uniqueid=env.uniqueid)
        try:
            async with asyncio.timeout(self._limits.call_timeout) as limit:
                await self._handler(AgiCall(env, line))
        except HungUp:
            log.debug("agi_hung_up")
        except CommandTimeout as error:
            log.warning("agi_command_timeout", command=str(error))
        except ProtocolError as error:
            log.warning("agi_protocol_error", reason=str(error))
        except GivenUp as error:
            log.error("agi_given_up", reason=str(error))
        except Exception as error:
            # Neither message nor variables: those of a database or a validator hold numbers and codes.
            event = "agi_call_too_long" if limit.expired() else "agi_handler_failed"
            log.error(event, error=type(error).__name__, where=_where(error))
        finally:
            line.close()


def _where(error: Exception) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_LOGGED:]
    return [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


class _Line(asyncio.Protocol):
    """One connection: moves bytes between the socket and the codec, and keeps every wait bounded."""

    def __init__(self, server: AgiServer, limits: ServerLimits) -> None:
        self._server = server
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._wire = Connection(limits.wire)
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
        self._set_timer(self._limits.environment_timeout, self._environment_late)

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
