"""Whether the database is there, so that a caller never waits for one that is away.

The first who finds it away says so; from then on calls are given up at once instead of each waiting for itself, until a
look at the database shows that it answers again. Who only waited too long is given up alone: that may be their own row,
or too much to do here; others are given up where a look at the database, made then, is not answered either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, ParamSpec, TypeVar

import structlog

from router.store.database import is_away

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE: Final = 3.0
"""Seconds that a caller waits for the database. After that people are quicker."""
LOOK_SECONDS: Final = 1.0
"""Seconds within which a database that is there answers one question."""
LOOK_EVERY: Final = 0.5
"""Seconds between two looks."""
_LOOKS_AT_ONCE: Final = 3
"""Looks that may hang beside each other: the driver takes seconds to let go of a connection that says nothing."""

log = structlog.get_logger(__name__)


class DatabaseAway(ConnectionError):
    """The database is away, and nobody waits for it."""


class DatabaseWatch:
    """``look`` asks the database something and raises where it does not answer. ``patience`` is in seconds."""

    def __init__(
        self,
        look: Callable[[], Coroutine[Any, Any, object]],
        *,
        patience: float = PATIENCE,
        look_seconds: float = LOOK_SECONDS,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._look = look
        self._patience = patience
        self._look_seconds = look_seconds
        self._look_every = look_every
        self.gone = asyncio.Event()
        """Set while the database is away."""
        self._gone_at = float("-inf")
        self._back_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._doubting: asyncio.Task[None] | None = None
        self._waiting: set[asyncio.Future[bool]] = set()
        """Those who wait. When the database is known to hang they are told so, and wait no longer."""
        self._let_go: set[asyncio.Task[Any]] = set()
        self._when_back: list[Callable[[], Awaitable[object]]] = []
        self.given_up = 0
        """Turns of calls that were given up because the database was away or did not answer in time."""

    @property
    def away(self) -> bool:
        """Whether the database was found away and has not answered since."""
        return self.gone.is_set()

    def when_back(self, then: Callable[[], Awaitable[object]]) -> None:
        """Have something done whenever the database is there again."""
        self._when_back.append(then)

    async def within(self, work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **more: P.kwargs) -> T:
        """What ``work`` returns, for a caller who waits. Raises `DatabaseAway` at once where the database is known to
        be away, and when a caller's patience is over; else what ``work`` raises.

        What is given up is ended beside us: that may take longer than anybody would wait.
        """
        self._check()
        loop = asyncio.get_running_loop()
        task, waiting = loop.create_task(work(*args, **more)), loop.create_future()
        task.add_done_callback(lambda _: _wake(waiting))
        timer = loop.call_later(self._patience, _wake, waiting)
        self._waiting.add(waiting)
        try:
            hangs = await waiting
        except asyncio.CancelledError:
            self._end(task)
            raise
        finally:
            timer.cancel()
            self._waiting.discard(waiting)
        if not task.done():
            self._end(task)
            self.given_up += 1
            if hangs:
                raise DatabaseAway("no answer")
            self._doubt(error := DatabaseAway(f"no answer within {self._patience:g} s"))
            raise error
        try:
            return task.result()
        except Exception as error:
            self._note(error)
            raise

    async def unhurried(self, work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **more: P.kwargs) -> T:
        """As `within`, but nobody waits, so that it takes as long as it takes."""
        self._check()
        try:
            return await work(*args, **more)
        except Exception as error:
            self._note(error)
            raise

    def _check(self) -> None:
        if self.away:
            self.given_up += 1
            raise DatabaseAway("the database is away")

    def _note(self, error: Exception) -> None:
        if is_away(error):
            self.given_up += 1
            self.noticed(error)

    def noticed(self, error: BaseException) -> None:
        """Somebody has found the database away."""
        if self.away:
            return
        loop = asyncio.get_running_loop()
        self._gone_at = loop.time()
        self.gone.set()
        log.error("the database is away: callers go to the default queue", error=type(error).__name__)
        self._looking = loop.create_task(self._look_until_back(), name="looks for the database")

    async def aclose(self) -> None:
        """End what looks for the database."""
        tasks = [*self._let_go, *(each for each in (self._looking, self._doubting) if each is not None)]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._look_seconds)

    def _end(self, task: asyncio.Task[Any]) -> None:
        """Have a task end by itself. What it still raises has been told already."""
        self._let_go.add(task)
        task.add_done_callback(self._gone)
        task.cancel()

    def _gone(self, task: asyncio.Task[Any]) -> None:
        self._let_go.discard(task)
        if not task.cancelled():
            task.exception()

    def _doubt(self, error: DatabaseAway) -> None:
        """Look whether the database is there at all, after somebody has waited too long."""
        if not self.away and (self._doubting is None or self._doubting.done()):
            self._doubting = asyncio.get_running_loop().create_task(self._look_once(error), name="doubts the database")

    async def _look_once(self, error: DatabaseAway) -> None:
        if not await self._answers():
            self.noticed(error)
            for waiting in self._waiting:
                _wake(waiting, hangs=True)

    async def _look_until_back(self) -> None:
        clock = asyncio.get_running_loop().time
        # A database that answers, and still lets nothing be done, is not looked at without a pause.
        if clock() - self._back_at < 10 * self._look_every:
            await asyncio.sleep(self._look_every)
        while True:
            if await self._answers():
                break
            await asyncio.sleep(self._look_every)
        self._back_at = clock()
        self.gone.clear()
        log.warning("the database is back", seconds=round(self._back_at - self._gone_at, 1))
        for then in self._when_back:
            try:
                await then()
            except Exception as error:
                log.error("not made up for after the database was away", error=type(error).__name__)

    async def _answers(self) -> bool:
        if len(self._let_go) >= _LOOKS_AT_ONCE:
            await asyncio.wait(self._let_go, timeout=self._look_seconds, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.get_running_loop().create_task(self._look())
        await asyncio.wait({task}, timeout=self._look_seconds)
        if not task.done():
            self._end(task)
            return False
        return task.exception() is None


def _wake(waiting: asyncio.Future[bool], hangs: bool = False) -> None:
    if not waiting.done():
        waiting.set_result(hangs)
