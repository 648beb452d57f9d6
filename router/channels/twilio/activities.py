"""Keeps the activity of TaskRouter's workers what people chose on their desks. Runs beside the service.

A worker's friendly name, or the attribute ``login``, is the login of a person. What is told is compared with what was
told last; now and then all of it is told anew, since workers may be changed elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Protocol

import structlog

from router.channels.twilio.taskrouter import NotDone
from router.channels.twilio.tasks import login_of
from router.store import people
from router.store.database import Database, is_away

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 3.0
ANEW_EVERY: Final = 10
"""Looks after which the workers are read again: TaskRouter itself changes them after a call."""
MOST_AT_A_LOOK: Final = 20


class Workers(Protocol):
    """See `router.channels.twilio.taskrouter.TaskRouter`."""

    async def workers(self) -> dict[str, dict[str, Any]]: ...
    async def set_activity(self, worker: str, activity: str) -> None: ...
    async def aclose(self) -> None: ...


class Activities:
    """``ready`` and ``away`` are the ids of the two activities."""

    def __init__(self, database: Database, workers: Workers, ready: str, away: str) -> None:
        self._database = database
        self._workers = workers
        self._ready = ready
        self._away = away
        self._known: dict[str, tuple[str, str]] = {}  # the worker's id and activity, by login
        self._looks = 0

    async def run(self) -> None:
        """Look again and again until cancelled, in one process at a time. Nothing that goes wrong ends it."""
        self._looks = 0
        while True:
            try:
                await self.look()
            except NotDone as error:
                self._looks = 0
                log.warning("workers are not kept in line", reason=str(error))
            except Exception as error:
                self._looks = 0
                if not is_away(error):
                    log.exception("workers are not kept in line")
            await asyncio.sleep(LOOK_EVERY)

    async def aclose(self) -> None:
        """Close the connections; looks are over."""
        await self._workers.aclose()

    async def look(self) -> int:
        """Tell what differs; how many there were. Raises `NotDone`."""
        if self._looks % ANEW_EVERY == 0:
            self._known = _by_login(await self._workers.workers())
        self._looks += 1
        async with self._database.read() as connection:
            rows = await people.everybody(connection)
        differing = [found for row in rows if (found := self._differing(row)) is not None]
        failed: NotDone | None = None
        for login, worker, wanted in differing[:MOST_AT_A_LOOK]:
            try:
                await self._workers.set_activity(worker, wanted)
                self._known[login] = (worker, wanted)
            except NotDone as error:  # of one worker who is gone, say; the others are told all the same
                failed = error
                del self._known[login]
        if failed is not None:
            raise failed
        return len(differing[:MOST_AT_A_LOOK])

    def _differing(self, row: people.PersonRow) -> tuple[str, str, str] | None:
        """The login, the worker and the activity that they are to have, where it is another one."""
        worker, activity = self._known.get(row.login, ("", ""))
        wanted = self._ready if row.presence == "ready" and row.wrap_until is None else self._away
        return (row.login, worker, wanted) if worker and wanted != activity else None


def _by_login(workers: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    found = {}
    for name, worker in workers.items():
        attributes = worker.get("attributes")
        login = login_of(attributes if isinstance(attributes, str) else None, name)
        if login:
            found[login] = (str(worker.get("sid")), str(worker.get("activity_sid")))
    return found
