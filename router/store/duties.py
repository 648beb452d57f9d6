"""Who does what only one process may do at a time: whoever holds the duty's advisory lock in PostgreSQL.

A lock belongs to a session of its own here, and is gone with it. Whoever holds one says so to the server again and
again; where it hears nothing for `SERVER_LIMIT` seconds (killed, stopped, cut off, without power) it ends the session.
Others ask for the lock all the time, so it is taken over within `SERVER_LIMIT` and `EVERY`, 3.5 s. A holder that cannot
confirm it stops to count as one half a second before the server gives the lock away; also one that slept meanwhile, by
a clock that goes on then. One that is only slow keeps it: an answer has 2 s.

SQLite has one process that serves, which holds every duty.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import structlog

from router.store.database import Database
from router.store.loops import woken_within
from router.store.sessions import FAILED, open_session

log = structlog.get_logger(__name__)

EVERY: Final = 0.5
"""Seconds between two looks: a holder confirms its duties then, and others ask for them."""
ANSWERS_WITHIN: Final = 2.0
"""Seconds PostgreSQL has to answer one."""
OWN_LIMIT: Final = 2.5
"""Seconds after which a duty that was not confirmed is not held any more, by ourselves; from when it was asked for."""
SERVER_LIMIT: Final = 3.0
"""Seconds after which PostgreSQL ends the session of somebody it did not hear of; from when it answered."""

_SESSION: Final = {
    "idle_session_timeout": f"{SERVER_LIMIT * 1000:.0f}",  # from PostgreSQL 14 on; milliseconds
    # Where the machine at the other end is gone while something is on its way to it.
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": f"{SERVER_LIMIT * 1000:.0f}",
}
_TAKE: Final = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_LEAVE: Final = "SELECT pg_advisory_unlock(hashtextextended($1, 0))"

Work = Callable[[], Awaitable[object]]
Eligible = Callable[[], bool]


def boot_time() -> float:
    """Seconds by a clock that nobody sets, and that goes on while the machine sleeps where it can."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Duty(Protocol):
    """Something that one process does at a time."""

    @property
    def held(self) -> bool:
        """Whether this process does it now."""
        ...

    async def while_held(self, work: Work) -> None:
        """Until cancelled: begin ``work`` whenever the duty is ours, and cancel it when it is not any more. What it
        raises is raised here."""
        ...


class Duties(Protocol):
    """Makes duties."""

    def duty(self, name: str, eligible: Eligible = lambda: True) -> Duty:
        """The duty of this name, such as ``sweep``; the same one for the same name. It is only sought, and is given up,
        by whoever is ``eligible``."""
        ...

    def states(self) -> Mapping[str, bool]:
        """Which duties there are, and whether each is held here; for figures."""
        ...


class Always:
    """The duty of who is alone."""

    held = True

    async def while_held(self, work: Work) -> None:
        """Do the work."""
        await work()


class Alone:
    """Duties of a process that shares its database with no other that serves."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def duty(self, name: str, eligible: Eligible = lambda: True) -> Duty:
        """A duty that is held."""
        self._names[name] = None
        return Always()

    def states(self) -> Mapping[str, bool]:
        """See `Duties`."""
        return dict.fromkeys(self._names, True)


@asynccontextmanager
async def duties_on(database: Database) -> AsyncIterator[Duties]:
    """The duties of a process that serves, for as long as it does; at the end others may take them at once."""
    if database.is_sqlite:
        yield Alone()
        return
    duties = SharedDuties(database)
    running = asyncio.create_task(duties.run(), name="duties")
    try:
        yield duties
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class SharedDuty:
    """A duty among the processes on one database. `SharedDuties` says when it begins and ends."""

    def __init__(self, name: str, eligible: Eligible, clock: Callable[[], float]) -> None:
        self.name = name
        self.eligible = eligible
        self._clock = clock
        self._confirmed: float | None = None
        self._begun, self._ended = asyncio.Event(), asyncio.Event()
        self._ended.set()

    @property
    def held(self) -> bool:
        """Whether this process holds it, confirmed so short a time ago that nobody else can hold it."""
        return self._confirmed is not None and self._clock() - self._confirmed < OWN_LIMIT

    async def while_held(self, work: Work) -> None:
        """See `Duty`."""
        while True:
            await self._begun.wait()
            doing = asyncio.ensure_future(work())
            ended = asyncio.create_task(self._ended.wait())
            try:
                await asyncio.wait([doing, ended], return_when=asyncio.FIRST_COMPLETED)
                if doing.done() and not doing.cancelled():
                    doing.result()
                await ended
            finally:
                for task in (doing, ended):
                    task.cancel()
                await asyncio.gather(doing, ended, return_exceptions=True)

    @property
    def begun(self) -> bool:
        """Whether the work is under way: held as far as was known at the last look."""
        return self._begun.is_set()

    def confirm(self, asked_at: float) -> None:
        """The server said at some time after ``asked_at`` that the duty is ours."""
        self._confirmed = asked_at
        if not self._begun.is_set():
            log.info("duty taken", duty=self.name)
            self._ended.clear()
            self._begun.set()

    def end(self, why: str) -> None:
        """The duty is not ours any more."""
        self._confirmed = None
        if self._begun.is_set():
            log.warning("duty ended", duty=self.name, why=why)
            self._begun.clear()
            self._ended.set()


class SharedDuties:
    """All duties of a process, on one session of its own. ``clock`` is in seconds."""

    def __init__(self, database: Database, clock: Callable[[], float] = boot_time) -> None:
        self._database = database
        self._clock = clock
        self._duties: dict[str, SharedDuty] = {}
        self._sooner = asyncio.Event()
        self._failing = False

    def duty(self, name: str, eligible: Eligible = lambda: True) -> SharedDuty:
        """See `Duties`."""
        if name not in self._duties:
            self._duties[name] = SharedDuty(name, eligible, self._clock)
            self._sooner.set()
        return self._duties[name]

    def states(self) -> Mapping[str, bool]:
        """See `Duties`."""
        return {name: duty.held for name, duty in self._duties.items()}

    async def run(self) -> None:
        """Seek and confirm duties until cancelled, then leave them to others. Nothing that goes wrong ends it."""
        while True:
            try:
                await self._session()
            except FAILED as error:
                if not self._failing:
                    log.warning("no duty can be held: the database is away", error=type(error).__name__)
                self._failing = True
            except Exception:
                log.exception("duties failed, will be tried again")
            finally:
                self._end_all("the session is gone")
            await asyncio.sleep(EVERY)

    async def _session(self) -> None:
        name = "threadline duties"
        connection = await open_session(self._database, name=name, within=ANSWERS_WITHIN, wanted=_SESSION)
        connection.add_termination_listener(self._lost)
        try:
            while True:
                next_at = self._clock() + EVERY
                self._sooner.clear()
                await self._look(connection)
                self._failing = False
                await woken_within(max(0.0, next_at - self._clock()), self._sooner)
        finally:
            # At once, and before the session is: whoever takes over must not meet us.
            self._end_all("the session is closed")
            connection.terminate()

    async def _look(self, connection: Any) -> None:
        """Confirm what is ours, seek what is not."""
        asked_at = self._clock()
        # We may have slept, or been too slow: what was lost meanwhile is over before anything else is done.
        for duty in self._duties.values():
            if duty.begun and not duty.held:
                raise TimeoutError
        await connection.fetchval("SELECT 1")
        for duty in list(self._duties.values()):
            if duty.begun:
                await self._keep_or_leave(connection, duty, asked_at)
            elif duty.eligible():
                asked_at_now = self._clock()
                if await connection.fetchval(_TAKE, _subject(duty)):
                    duty.confirm(asked_at_now)

    @staticmethod
    async def _keep_or_leave(connection: Any, duty: SharedDuty, asked_at: float) -> None:
        if duty.eligible():
            duty.confirm(asked_at)
            return
        duty.end("this process cannot do it now")
        await connection.fetchval(_LEAVE, _subject(duty))

    def _lost(self, _connection: Any) -> None:
        """The server has closed the session, and others may have the locks: the next look would be too late."""
        self._end_all("the server closed the session")
        self._sooner.set()

    def _end_all(self, why: str) -> None:
        for duty in self._duties.values():
            duty.end(why)


def _subject(duty: SharedDuty) -> str:
    return f"duty:{duty.name}"
