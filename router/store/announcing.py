"""Carries announcements to the other processes on the same PostgreSQL, by its LISTEN and NOTIFY.

Announcements are gathered, so that many of the same topic are one, and sent by one task over a connection of its own.
While that is lost they are kept, up to a bound, beyond which they become `EVERYTHING`; once it is back, everybody here
is woken, as something may have been missed. What comes over the channel is only a hint to look into the table: whatever
else somebody writes there is ignored.

See PostgreSQL, chapter "NOTIFY": a payload has less than 8,000 bytes, and repeated ones of a transaction are one.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from router.store.bus import EVERYTHING, Bus
from router.store.database import Database
from router.store.loops import woken_within
from router.store.sessions import FAILED, open_session

log = structlog.get_logger(__name__)

CHANNEL: Final = "threadline"
MOST_BYTES: Final = 7_000
"""What one notification holds at most; PostgreSQL takes fewer than 8,000."""
MOST_TOPICS: Final = 5_000
"""More topics that wait to be sent become `EVERYTHING`."""
MOST_WORDS: Final = 2_000
"""More topics in one notification were not written by us."""
ANSWERS_WITHIN: Final = 2.0
"""Seconds PostgreSQL has to take an announcement or to answer a ping, and to let us in."""
PING_EVERY: Final = 2.0
"""Seconds without a word to the server after which it is asked whether it is still there."""
RETRY_FIRST: Final = 0.1
RETRY_LONGEST: Final = 2.0
"""Seconds between tries to connect again."""
LAST_WORDS: Final = 2.0
"""Seconds that announcements have to get out when we stop."""

_TOPIC: Final = re.compile(r"\*|[a-z][a-z-]{0,30}(?::[\x21-\x7e]{1,180})?")
_HEAD: Final = re.compile(r"threadline1 ([0-9a-f]{16})")
_SEND: Final = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"


@asynccontextmanager
async def bus_on(database: Database, *, hears: bool = True) -> AsyncIterator[Bus]:
    """The bus of this process for as long as it runs: with SQLite the embedded one. One that does not ``hear`` connects
    only when there is something to tell the others: for commands that come and go."""
    if database.is_sqlite:
        yield Bus()
        return
    bus = Announcing(database, hears=hears)
    running = asyncio.create_task(bus.run(), name="announcing")
    try:
        yield bus
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await bus.all_sent()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Announcing(Bus):
    """A `Bus` that other processes hear while `run` runs. ``jitter`` gives a number in [0, 1)."""

    def __init__(self, database: Database, *, hears: bool = True, jitter: Callable[[], float] = random.random) -> None:
        super().__init__()
        self._database = database
        self._hears = hears
        self._jitter = jitter
        self._me = secrets.token_hex(8)
        self._waiting: dict[str, None] = {}  # topics to be sent, the oldest first
        self._work = asyncio.Event()  # something waits to be sent, or the connection is gone
        self._sent = asyncio.Event()
        self._sent.set()
        self._connected = False
        self._failures = 0

    @property
    def connected(self) -> bool:
        """Whether announcements of other processes arrive now."""
        return self._connected

    def announce(self, topic: str) -> None:
        """Wake those who listen here at once, and those in other processes soon."""
        super().announce(topic)
        self._keep([topic])

    async def all_sent(self) -> None:
        """Wait until nothing is left to be sent."""
        await self._sent.wait()

    async def run(self) -> None:
        """Stay connected until cancelled. Nothing that goes wrong ends it."""
        while True:
            if not self._hears:
                await self._work.wait()
            try:
                await self._session()
            except FAILED as error:
                self._failures += 1
                if self._failures == 1:
                    log.warning("other processes cannot be told or heard", error=type(error).__name__)
            except Exception:
                self._failures += 1
                log.exception("announcing failed, will be tried again")
            finally:
                self._connected = False
            longest = min(RETRY_FIRST * 2.0 ** min(self._failures, 16), RETRY_LONGEST)
            await asyncio.sleep(longest * (0.5 + self._jitter() / 2))

    async def _session(self) -> None:
        """Connect, and send until the connection is gone."""
        connection = await open_session(self._database, name="threadline bus", within=ANSWERS_WITHIN)
        self._failures = 0
        try:
            if self._hears:
                connection.add_termination_listener(self._gone)
                await connection.add_listener(CHANNEL, self._told)
                self._connected = True
                # Whatever was announced while nobody listened here may be news to anybody.
                super().announce(EVERYTHING)
                log.info("announcements go to other processes and come from them")
            while not connection.is_closed():
                await self._send(connection)
                if not self._hears and not self._waiting:
                    return
                await woken_within(PING_EVERY, self._work)
                if not self._work.is_set():
                    await connection.fetchval("SELECT 1")
            raise ConnectionResetError
        finally:
            connection.terminate()

    async def _send(self, connection: Any) -> None:
        """Send what waits; what cannot be sent waits on."""
        self._work.clear()
        if not self._waiting:
            return
        topics, self._waiting = list(self._waiting), {}
        try:
            await connection.execute(_SEND, CHANNEL, payloads(self._me, topics))
        except BaseException:
            self._keep(topics)
            raise
        if not self._waiting:
            self._sent.set()

    def _keep(self, topics: Iterable[str]) -> None:
        for topic in topics:
            # A topic that cannot be carried as it is wakes more than it should rather than nobody.
            self._waiting[topic if _TOPIC.fullmatch(topic) else EVERYTHING] = None
        if len(self._waiting) > MOST_TOPICS or EVERYTHING in self._waiting:
            self._waiting = {EVERYTHING: None}
        self._sent.clear()
        self._work.set()

    def _gone(self, _: Any) -> None:
        self._connected = False
        self._work.set()

    def _told(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        for topic in topics_of(payload, self._me):
            super().announce(topic)


def payloads(me: str, topics: Iterable[str]) -> list[str]:
    """The notifications that carry these topics, each with the id of the process that sends it."""
    made: list[str] = []
    head = f"threadline1 {me}"
    size, words = 0, [head]
    for topic in topics:
        if size + len(topic) + 1 > MOST_BYTES - len(head) or len(words) >= MOST_WORDS:
            made.append("\n".join(words))
            size, words = 0, [head]
        words.append(topic)
        size += len(topic) + 1
    made.append("\n".join(words))
    return made


def topics_of(payload: str, me: str) -> list[str]:
    """The topics another process announced; none where we sent it, or where it is nothing of ours."""
    head, *words = payload.split("\n", MOST_WORDS + 1)
    sender = _HEAD.fullmatch(head)
    if sender is None or sender[1] == me or len(words) > MOST_WORDS:
        return []
    return [word for word in words if _TOPIC.fullmatch(word)]
