"""Takes the AudioSocket connections of calls that are expected, and no others.

A call that is to be listened to gets an id that nobody can guess and that counts once, for as long as the call waits
for it. Whoever connects without one is closed: silent ones after a few seconds, too many of them at once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import structlog

from router.speech.audiosocket.codec import DEFAULT_LIMITS, Limits
from router.speech.audiosocket.line import Line, Sink

_log = structlog.get_logger(__name__)

_LOGGED: Final = 100
"""Of refused connections the first is logged, and then one of so many: a flood is not to break the log next."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one server takes on; times in seconds."""

    nameless: int = 64
    """Connections that have not yet said whose call they are. With one more the oldest of them is closed: Asterisk says
    so at once. Those of calls are as many as there are calls that expect one."""
    name_timeout: float = 3.0
    backlog: int = 256
    wire: Limits = DEFAULT_LIMITS


class Visit:
    """One expected connection, from `AudioSocketServer.expected`."""

    def __init__(self, id: UUID, sink: Sink) -> None:
        self.id: Final = id
        self.sink: Final = sink
        self._line: asyncio.Future[Line] = asyncio.get_running_loop().create_future()

    async def line(self) -> Line:
        """The connection, once it is there."""
        return await asyncio.shield(self._line)

    @property
    def came(self) -> bool:
        """Whether it was ever there."""
        return self._line.done() and not self._line.cancelled()

    def arrived(self, line: Line) -> None:
        """It is there."""
        self._line.set_result(line)

    def over(self) -> None:
        """It is no longer wanted."""
        if self.came:
            self._line.result().end()
        else:
            self._line.cancel()


class AudioSocketServer:
    """Listens on ``host`` and ``port`` (0 takes a free one). ``new_id`` gives ids that nobody can guess."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 4574,
        limits: ServerLimits | None = None,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._host = host
        self._port = port
        self._limits = limits or ServerLimits()
        self._new_id = new_id
        self._server: asyncio.Server | None = None
        self._expected: dict[UUID, Visit] = {}
        self._lines: set[Line] = set()
        self._nameless: dict[Line, None] = {}
        self.refusals: Final[Counter[str]] = Counter()
        """Connections that were closed, by the reason."""

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens, once started."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the AudioSocket server is not running")
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    @property
    def streams(self) -> int:
        """Connections of calls that are open at the moment."""
        return len(self._lines) - len(self._nameless)

    async def start(self) -> None:
        """Begin to listen; raises `OSError` when the address cannot be had."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Line(self, self._limits.wire, self._limits.name_timeout),
            self._host,
            self._port,
            backlog=self._limits.backlog,
        )
        _log.info("audiosocket_listening", host=self.address[0], port=self.address[1])

    async def stop(self) -> None:
        """Take no more connections and end those there are; their calls go on without them."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for line in list(self._lines):
            line.abort()
        await server.wait_closed()

    @contextmanager
    def expected(self, sink: Sink) -> Iterator[Visit]:
        """Expect one connection, whose events go to ``sink``, until this context is left; then it is ended."""
        visit = Visit(self._new_id(), sink)
        self._expected[visit.id] = visit
        try:
            yield visit
        finally:
            self._expected.pop(visit.id, None)
            visit.over()

    # -- what lines tell

    def admit(self, line: Line) -> bool:
        """Whether ``line`` may stay until it has said whose call it is."""
        if self._server is None:
            return False
        if len(self._nameless) >= self._limits.nameless:
            oldest = next(iter(self._nameless))
            del self._nameless[oldest]
            self.refused(oldest, "too many")
            oldest.abort()
        self._lines.add(line)
        self._nameless[line] = None
        return True

    def named(self, line: Line, id: UUID) -> Sink | None:
        """Who takes what comes over ``line``; None where nobody expects it, or not any more."""
        visit = self._expected.pop(id, None)
        if visit is None:
            return None
        self._nameless.pop(line, None)
        visit.arrived(line)
        return visit.sink

    def refused(self, line: Line, reason: str) -> None:
        """``line`` is closed by us."""
        if self.refusals[reason] % _LOGGED == 0:
            _log.warning("audiosocket_refused", reason=reason, before=self.refusals[reason])
        self.refusals[reason] += 1

    def released(self, line: Line) -> None:
        """``line`` is closed."""
        self._lines.discard(line)
        self._nameless.pop(line, None)
