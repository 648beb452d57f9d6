"""One FastAGI connection of a running server: moves bytes between the socket and the codec."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
from router.channels.agi.errors import CommandTimeout, HungUp, LocalProtocolError, RemoteProtocolError

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


@dataclass(slots=True)
class _Asked:
    """Commands that are being done, with the replies so far. ``late``: when the reply that is due is not waited for any
    more, in the loop's time."""

    commands: Sequence[Command]
    within: float
    goes_on: Callable[[Command, Reply], bool]
    done: asyncio.Future[list[Reply]]
    replies: list[Reply] = field(default_factory=list)
    late: float = 0.0

    @property
    def command(self) -> Command:
        """The one whose turn it is."""
        return self.commands[len(self.replies)]


class Line(asyncio.Protocol):
    """One connection: moves bytes between the socket and the codec, and keeps every wait bounded."""

    def __init__(self, server: Owner, limits: Limits, environment_timeout: float) -> None:
        self._server = server
        self._environment_timeout = environment_timeout
        self._loop = asyncio.get_running_loop()
        self._wire = Connection(limits)
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._asked: _Asked | None = None
        self._paused = False
        self._broken: Exception | None = None
        self.hung_up = False

    # -- what the call asks for

    async def ask(
        self, commands: Sequence[Command], within: float, goes_on: Callable[[Command, Reply], bool]
    ) -> list[Reply]:
        """See `AgiCall.run`. From one command to the next nobody is woken: what a call costs is mostly that."""
        if self._asked is not None:
            raise LocalProtocolError(f"{commands[0].verb}: no command may be sent while another is being done")
        asked = self._asked = _Asked(commands, within, goes_on, self._loop.create_future())
        try:
            self._send()
            if not asked.done.done():
                self._set_timer(within, self._look_whether_late)
            return await asked.done
        except asyncio.CancelledError:
            # The reply would be taken for that to the next command.
            self.close()
            raise
        finally:
            self._asked = None
            if not self._transport.is_closing():
                self._set_timer(0, None)

    def _send(self) -> None:
        """Send the command whose turn it is; where the other side does not take what was sent, as soon as it does."""
        asked = self._asked
        if asked is None or asked.done.done():
            return
        asked.late = self._loop.time() + asked.within
        try:
            self._check(asked.command)
            if not self._paused:
                self._transport.write(self._wire.send(asked.command))
        except Exception as error:
            asked.done.set_exception(error)

    def _look_whether_late(self) -> None:
        asked = self._asked
        if asked is None or asked.done.done():
            return
        left = asked.late - self._loop.time()
        if left > 0:
            self._set_timer(left, self._look_whether_late)
        else:
            self._fail(CommandTimeout(asked.command.verb))

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
        self._server.released(self)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        if self._paused:
            self._paused = False
            if self._wire.state is State.READY:
                self._send()

    def _on_event(self, event: Event) -> None:
        match event:
            case EnvironmentReceived():
                self._set_timer(0, None)
                self._server.begin(event.environment, self)
            case Reply():
                self._on_reply(event)
            case HangupNotice():
                self.hung_up = True
            case ConnectionClosed():
                self._gone()

    def _on_reply(self, reply: Reply) -> None:
        asked = self._asked
        if asked is None or asked.done.done():
            return
        goes_on = asked.goes_on(asked.command, reply)
        asked.replies.append(reply)
        if goes_on and len(asked.replies) < len(asked.commands):
            self._send()
        else:
            asked.done.set_result(asked.replies)

    def _gone(self) -> None:
        self.hung_up = True
        self._give_up(HungUp("connection closed"))

    def _give_up(self, error: Exception) -> bool:
        """Tell who waits for a reply that none comes; False where nobody does."""
        if self._asked is None or self._asked.done.done():
            return False
        self._asked.done.set_exception(error)
        return True

    def _environment_late(self) -> None:
        self._fail(RemoteProtocolError("no environment within the time for it"))

    def _fail(self, error: Exception) -> None:
        self._broken = error
        if not self._give_up(error) and isinstance(error, RemoteProtocolError):
            _log.warning("agi_protocol_error", reason=str(error))
        self.close()

    def _set_timer(self, seconds: float, action: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, action) if action is not None else None
