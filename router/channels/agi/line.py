"""One FastAGI connection of a running server: moves bytes between the socket and the codec."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from math import inf
from typing import Final, Protocol, cast

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

_FLUSH_SECONDS: Final = 2.0
_CLOSED: Final = State.CLOSED  # as in the codec, since it is asked for so often


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

    def strange(self, line: Line, why: str) -> None:
        """What came on ``line`` is no AGI, or nothing came, and nobody waits for it."""
        ...


class _Asked:
    """Commands that are being done, with the replies so far. ``due`` is the one whose reply comes next."""

    __slots__ = ("commands", "done", "due", "goes_on", "replies", "within")

    def __init__(
        self,
        commands: Sequence[Command],
        within: float,
        goes_on: Callable[[Command, Reply], bool],
        done: asyncio.Future[list[Reply]],
    ) -> None:
        self.commands = commands
        self.within = within
        self.goes_on = goes_on
        self.done = done
        self.due = commands[0]
        self.replies: list[Reply] = []


class Line(asyncio.Protocol):
    """One connection: moves bytes between the socket and the codec, and keeps every wait bounded.

    One thing is waited for at a time: the environment, a reply, or that the other side takes what was sent at the end.
    The server asks each line now and then whether it waits too long (`end_if_late`).
    """

    __slots__ = (
        "_asked",
        "_broken",
        "_environment_timeout",
        "_late_at",
        "_loop",
        "_paused",
        "_server",
        "_transport",
        "_wire",
        "hung_up",
        "peer",
    )

    def __init__(
        self, server: Owner, limits: Limits, environment_timeout: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._server = server
        self._environment_timeout = environment_timeout
        self._loop = loop
        self._wire = Connection(limits)
        self._transport: asyncio.Transport
        self._late_at = inf
        """When what is waited for is late, in the loop's time."""
        self._asked: _Asked | None = None
        self._paused = False
        self._broken: Exception | None = None
        self.hung_up = False
        self.peer: str | None = None
        """Address of the other side, once something is wrong with what it says."""

    # -- what the call asks for

    async def ask(
        self, commands: Sequence[Command], within: float, goes_on: Callable[[Command, Reply], bool]
    ) -> list[Reply]:
        """See `AgiCall.run`. From one command to the next nobody is woken: what a call costs is mostly that."""
        if self._asked is not None:
            raise LocalProtocolError(f"{commands[0].verb}: no command may be sent while another is being done")
        if self._broken is not None:
            raise self._broken
        if self.hung_up or self._wire.state is _CLOSED:
            raise HungUp(commands[0].verb)
        asked = self._asked = _Asked(commands, within, goes_on, self._loop.create_future())
        try:
            self._send(asked)
            return await asked.done
        except asyncio.CancelledError:
            # The reply would be taken for that to the next command.
            self.close()
            raise
        finally:
            self._asked = None
            if not self._transport.is_closing():
                self._late_at = inf

    def _send(self, asked: _Asked) -> None:
        """Send the command whose turn it is; where the other side does not take what was sent, as soon as it does."""
        self._late_at = self._loop.time() + asked.within
        try:
            if self.hung_up:
                raise HungUp(asked.due.verb)
            if not self._paused:
                self._transport.write(self._wire.send(asked.due))
        except Exception as error:
            asked.done.set_exception(error)

    def close(self) -> None:
        """Send what is still to be sent, then close; the other side has a moment to take it."""
        self._wire.close()
        if self._transport.is_closing():
            return
        unsent = self._transport.get_write_buffer_size() > 0
        self._transport.close()
        if unsent:
            self._late_at = self._loop.time() + _FLUSH_SECONDS

    def abort(self) -> None:
        """Close at once."""
        self._wire.close()
        self._transport.abort()

    def end_if_late(self, now: float) -> None:
        """Wait no longer, where that ends before ``now``, in the loop's time."""
        if now < self._late_at:
            return
        self._late_at = inf
        if self._wire.state is _CLOSED:
            self.abort()
        elif self._asked is None:
            self._fail(RemoteProtocolError("no environment within the time for it"))
        elif not self._asked.done.done():
            self._fail(CommandTimeout(self._asked.due.verb))

    # -- what the socket brings

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Event loops differ in what their transports inherit from.
        self._transport = cast(asyncio.Transport, transport)
        if not self._server.admit(self):
            self.abort()
            return
        self._late_at = self._loop.time() + self._environment_timeout

    def data_received(self, data: bytes) -> None:
        wire = self._wire
        reply = wire.usual_reply(data)
        if reply is not None:
            self._on_reply(reply)
            return
        try:
            environment = wire.usual_environment(data)
            if environment is not None:
                self._on_environment(environment)
                return
            wire.receive(data)
            for event in wire.events():
                self._on_event(event)
        except RemoteProtocolError as error:
            self._fail(error)

    def eof_received(self) -> bool:
        self.data_received(b"")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._late_at = inf
        self._wire.close()
        self._gone()
        self._server.released(self)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        if self._paused:
            self._paused = False
            asked = self._asked
            if self._wire.state is State.READY and asked is not None and not asked.done.done():
                self._send(asked)

    def _on_event(self, event: Event) -> None:
        match event:
            case EnvironmentReceived():
                self._on_environment(event.environment)
            case Reply():
                self._on_reply(event)
            case HangupNotice():
                self.hung_up = True
            case ConnectionClosed():
                self._gone()

    def _on_environment(self, environment: Environment) -> None:
        self._late_at = inf
        self._server.begin(environment, self)

    def _on_reply(self, reply: Reply) -> None:
        asked = self._asked
        if asked is None or asked.done.done():
            return
        goes_on = asked.goes_on(asked.due, reply)
        asked.replies.append(reply)
        done = len(asked.replies)
        if goes_on and done < len(asked.commands):
            asked.due = asked.commands[done]
            self._send(asked)
        else:
            asked.done.set_result(asked.replies)

    def _gone(self) -> None:
        self.hung_up = True
        if self._asked is not None:
            self._give_up(HungUp("connection closed"))

    def _give_up(self, error: Exception) -> bool:
        """Tell who waits for a reply that none comes; False where nobody does."""
        if self._asked is None or self._asked.done.done():
            return False
        self._asked.done.set_exception(error)
        return True

    def _fail(self, error: Exception) -> None:
        self._broken = error
        self.peer = str((self._transport.get_extra_info("peername") or ("unknown",))[0])
        if not self._give_up(error) and isinstance(error, RemoteProtocolError):
            self._server.strange(self, str(error))
        self.close()
