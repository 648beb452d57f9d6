"""What the figures tell of the database: read when somebody asks for the figures, but seldom, and never for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from router.api.metrics import Metrics, Value
from router.store.database import Database
from router.store.figures import Outbox, Stored, stored

EVERY: Final = 10.0
"""Seconds between two looks, however often the figures are asked for."""
PATIENCE: Final = 1.0
"""Seconds that whoever asks waits for a look."""
LONGEST_LOOK: Final = 5.0
TOO_OLD: Final = 60.0
"""Seconds after which what was seen is no longer told: no figure is better than one of an hour ago."""
LONGEST_CALL: Final = timedelta(hours=6)
"""A call of which nothing was heard for so long is over."""


class Stock:
    """Looks into the database for figures, and keeps what it saw."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], ticks: Callable[[], float] = monotonic
    ) -> None:
        self._database = database
        self._clock = clock
        self._ticks = ticks
        self._seen: Stored | None = None
        self._seen_at = self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """See that what is known is not old. Never raises, and comes back soon whatever the database does."""
        if self._looking is None and self._ticks() - self._looked_at >= EVERY:
            self._looked_at = self._ticks()
            self._looking = asyncio.create_task(self._look(), name="figures")
            self._looking.add_done_callback(self._looked)
        if self._looking is not None:
            await asyncio.wait([self._looking], timeout=PATIENCE)

    async def _look(self) -> None:
        now = self._clock()
        async with asyncio.timeout(LONGEST_LOOK), self._database.read(long=True) as connection:
            self._seen = await stored(connection, now, now - LONGEST_CALL)
        self._seen_at = self._ticks()

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._looking = None
        if not task.cancelled():
            task.exception()  # the age of what is told says that it went wrong

    @property
    def seen(self) -> Stored | None:
        """What was seen, unless that is too long ago."""
        return self._seen if self._ticks() - self._seen_at < TOO_OLD else None

    @property
    def age(self) -> float | None:
        """Seconds since then."""
        return None if self._seen is None else self._ticks() - self._seen_at

    def show(self, metrics: Metrics, queues: Callable[[], list[str]]) -> None:
        """Tell ``metrics`` what is seen. ``queues`` are those there are: one that is empty is told, too, and no other
        name than theirs gets among the figures."""

        def at(moment: datetime | None) -> float:
            return 0.0 if moment is None else max(0.0, (self._clock() - moment).total_seconds())

        def known(figure: Callable[[Stored], Value]) -> Callable[[], Value | None]:
            return lambda: None if (seen := self.seen) is None else figure(seen)

        def of(figure: Callable[[Stored, str], float]) -> Callable[[], Value | None]:
            return known(lambda seen: {name: figure(seen, name) for name in queues()})

        def sending(figure: Callable[[Outbox], float]) -> Callable[[], Value | None]:
            return known(lambda seen: {name: figure(each) for name, each in seen.outboxes.items()})

        def longest(seen: Stored, queue: str) -> float:
            return at(seen.queues[queue].since) if queue in seen.queues else 0.0

        states = ("ready", "paused", "wrap_up", "busy")
        metrics.watch("calls_open", known(lambda seen: seen.calls))
        metrics.watch("queue_waiting", of(lambda seen, name: seen.queues[name].callers if name in seen.queues else 0))
        metrics.watch("queue_longest_wait_seconds", of(longest))
        metrics.watch("queue_agents_ready", of(lambda seen, name: seen.ready.get(name, 0)))
        metrics.watch("agents", known(lambda seen: {each: seen.agents.get(each, 0) for each in states}))
        metrics.watch("outbox_waiting", sending(lambda outbox: outbox.waiting))
        metrics.watch("outbox_oldest_seconds", sending(lambda outbox: at(outbox.since)))
        metrics.watch("outbox_failed", sending(lambda outbox: outbox.failed))
        metrics.watch("callbacks_open", known(lambda seen: seen.callbacks))
        metrics.watch("work_items_open", known(lambda seen: seen.work_items))
        metrics.watch("stored_figures_age_seconds", lambda: self.age)
