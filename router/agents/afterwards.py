"""What is done about people after something was done, beside everything else: nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

log = structlog.get_logger(__name__)

Work = Callable[[str], Awaitable[object]]


class Afterwards:
    """Does ``work`` for each person, one at a time for the same one. Once more is enough, however often it is asked for
    meanwhile."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._again: dict[str, bool] = {}  # who it is done for, and whether it is to be done again
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, person_ids: Iterable[str]) -> None:
        """Do it soon for these people."""
        for person_id in person_ids:
            if person_id in self._again:
                self._again[person_id] = True
                continue
            self._again[person_id] = True
            task = asyncio.create_task(self._do(person_id), name=f"afterwards {person_id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def done(self) -> None:
        """All that was asked for is done."""
        await asyncio.gather(*self._tasks)

    async def _do(self, person_id: str) -> None:
        try:
            while self._again[person_id]:
                self._again[person_id] = False
                try:
                    await self._work(person_id)
                except Exception as error:
                    log.warning("not done afterwards", person=person_id, error=type(error).__name__)
        finally:
            del self._again[person_id]
