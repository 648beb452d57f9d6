"""Takes FastAGI connections from Asterisk and gives each call to a handler.

Whatever goes wrong here, the connection is closed, and the dialplan goes on without us: a caller never waits for a
handler that failed, a connection too many, or a peer that does not speak AGI.
"""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, NamedTuple

import structlog

from router.calls.admission import TooManyCalls
from router.channels.agi.call import AgiCall
from router.channels.agi.codec import DEFAULT_LIMITS, Limits
from router.channels.agi.environment import Environment
from router.channels.agi.errors import CommandTimeout, GivenUp, HungUp, ProtocolError
from router.channels.agi.line import Line
from router.channels.agi.render import line_of
from router.logs import about

Handler = Callable[[AgiCall], Awaitable[None]]

_log = structlog.get_logger(__name__)

_CANCEL_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.1
"""Between two looks for what is late; whatever is waited for may take as much longer."""
_TURNS: Final = 10
"""Of the loop, within which it tells lines that they are closed."""
_FRAMES_LOGGED: Final = 6


class _Begun(NamedTuple):
    """A call that is handled: the line of the house it came by, when it has taken too long, in the loop's time, and by
    whom it is handled."""

    of: str
    ends: float
    task: asyncio.Task[None]


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one server takes on; times in seconds."""

    connections: int = 4000
    """More are closed at once, so that their callers go to the default queue instead of waiting."""
    each: int | None = None
    """Calls of one line; any more are closed when they have said where they come from. None: as many as come."""
    environment_timeout: float = 5.0
    call_timeout: float = 4 * 3600.0
    """After this a call's handler is cancelled, whatever it does."""
    backlog: int = 1024
    wire: Limits = DEFAULT_LIMITS


def by_script(handler: Handler, others: Mapping[str, Handler]) -> Handler:
    """``handler``, but for addresses ``agi://HOST/SCRIPT`` whose script is one of ``others``."""

    async def chosen(call: AgiCall) -> None:
        await others.get(call.env.script, handler)(call)

    return chosen


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
        self._loop: asyncio.AbstractEventLoop
        self._server: asyncio.Server | None = None
        self._closing: asyncio.Server | None = None
        self._lines: set[Line] = set()
        self._begun: dict[Line, _Begun] = {}
        self._too_long: set[Line] = set()
        self._look: asyncio.TimerHandle | None = None
        """Set while there is a line or a call that may be late."""
        self._full = False
        self._by_line: Counter[str] = Counter()
        self.taken = 0
        """Connections taken so far."""
        self.refused = 0
        """Connections closed at once, since there were too many."""
        self.on_given_up: Callable[[str], None] = lambda _: None
        """Told of each call that is left to the default queue: why."""

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens, once started."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the AGI server is not running")
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    @property
    def listening(self) -> bool:
        """Whether connections are taken."""
        return self._server is not None and self._server.is_serving()

    @property
    def full(self) -> bool:
        """Whether one more connection would be closed at once."""
        return len(self._lines) >= self._limits.connections

    @property
    def connections(self) -> int:
        """Connections open at the moment."""
        return len(self._lines)

    @property
    def calls(self) -> int:
        """Handlers at work at the moment."""
        return len(self._begun)

    async def start(self) -> None:
        """Begin to listen; raises `OSError` when the address cannot be had."""
        loop = self._loop = asyncio.get_running_loop()
        wire, environment_timeout = self._limits.wire, self._limits.environment_timeout
        self._server = await loop.create_server(
            lambda: Line(self, wire, environment_timeout, loop),
            self._host,
            self._port,
            backlog=self._limits.backlog,
        )
        for each in self._server.sockets:
            # Ends a connection whose other side vanished without a word while no command is on its way; connections
            # have it from the socket they came to.
            each.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        _log.info("agi_listening", host=self.address[0], port=self.address[1])

    def refuse(self) -> None:
        """Take no more calls: Asterisk asks another router. Those at work go on."""
        if self._server is not None:
            self._closing, self._server = self._server, None
            self._closing.close()

    async def stop(self, grace: float = 5.0) -> None:
        """Take no more calls, let those at work finish for ``grace`` seconds, then end the rest."""
        self.refuse()
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=grace)
        if self._look is not None:
            self._look.cancel()
        if tasks := self._tasks():
            for task in tasks:
                task.cancel()
            _, stubborn = await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
            if stubborn:
                _log.error("agi_handlers_do_not_end", count=len(stubborn))
        for line in list(self._lines):
            line.abort()
        for _ in range(_TURNS):
            if self._lines:
                await asyncio.sleep(0)
        if self._closing is not None:
            await self._closing.wait_closed()

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [begun.task for begun in self._begun.values()]

    def admit(self, line: Line) -> bool:
        """Whether ``line`` may stay; it is then counted until `released`."""
        if self._server is None:
            return False
        if len(self._lines) >= self._limits.connections:
            if not self._full:
                # Once for each time we are full: under a flood the log is not to be the next thing to break.
                _log.error("agi_full", connections=len(self._lines))
            self._full = True
            self.refused += 1
            self.on_given_up("busy")
            return False
        self._full = False
        self.taken += 1
        self._lines.add(line)
        self._look_soon()
        return True

    def released(self, line: Line) -> None:
        """``line`` is closed."""
        self._lines.discard(line)

    def begin(self, env: Environment, line: Line) -> None:
        """Run the handler for a call that has arrived."""
        if self._server is None:
            line.close()
            return
        of = line_of(env.channel) or ""
        if self._limits.each is not None and self._by_line[of] >= self._limits.each:
            self.refused += 1
            self.on_given_up("busy")
            line.close()
            return
        self._by_line[of] += 1
        loop = self._loop
        ends = loop.time() + self._limits.call_timeout
        self._begun[line] = _Begun(of, ends, loop.create_task(self._run(env, line)))

    def strange(self, line: Line, why: str) -> None:
        """What came on ``line`` is no AGI, or nothing came, and nobody waits for it."""
        if line not in self._begun:  # else whoever handles the call is told, and it counts then
            self.on_given_up("protocol")
        _log.warning("agi_protocol_error", peer=line.peer, reason=why)

    def _ended(self, line: Line) -> None:
        of = self._begun.pop(line).of
        self._too_long.discard(line)
        self._by_line[of] -= 1
        if not self._by_line[of]:
            del self._by_line[of]

    def _look_soon(self) -> None:
        """Look for what is late, unless that will be done anyway. One timer for all: to set one for each wait takes
        longer than to look."""
        if self._look is None:
            self._look = self._loop.call_later(_LOOK_SECONDS, self._end_what_is_late)

    def _end_what_is_late(self) -> None:
        self._look = None
        now = self._loop.time()
        for line in list(self._lines):
            line.end_if_late(now)
        self._cancel_what_takes_too_long(now)
        if self._lines or self._begun:
            self._look_soon()

    def _cancel_what_takes_too_long(self, now: float) -> None:
        for line, begun in self._begun.items():
            if begun.ends > now:
                return  # those behind it came later
            if line not in self._too_long:
                self._too_long.add(line)
                begun.task.cancel()

    async def _run(self, env: Environment, line: Line) -> None:
        about(uniqueid=env.uniqueid)
        try:
            await self._handler(AgiCall(env, line))
        except HungUp:
            _log.debug("agi_hung_up")
        except CommandTimeout as error:
            self.on_given_up("no_reply")
            _log.warning("agi_command_timeout", command=str(error))
        except ProtocolError as error:
            self.on_given_up("protocol")
            _log.warning("agi_protocol_error", peer=line.peer, reason=str(error))
        except TooManyCalls:
            self.on_given_up("too_many")  # logged once for all
        except GivenUp as error:
            self.on_given_up("no_decision")
            _log.error("agi_given_up", reason=str(error))
        except (Exception, asyncio.CancelledError) as error:
            too_long = line in self._too_long
            if isinstance(error, asyncio.CancelledError) and not too_long:
                raise
            # Neither message nor variables: those of a database or a validator hold numbers and codes.
            self.on_given_up("too_long" if too_long else "failed")
            event = "agi_call_too_long" if too_long else "agi_handler_failed"
            _log.error(event, error=type(error).__name__, where=_where(error))
        finally:
            self._ended(line)
            line.close()


def _where(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_LOGGED:]
    return [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
