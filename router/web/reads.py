"""Notes in the audit log of what was read: by whom, once an hour for each thing, however often it is loaded anew."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from router.store import audit
from router.store.database import Database

ONCE_IN: Final = timedelta(hours=1)
MOST_KNOWN: Final = 10_000
"""Things that are known to have been noted; the longest known one is forgotten, and noted again."""


class Who(TypedDict):
    """Who it was: one of the two."""

    person_id: str | None
    key_id: str | None


class Reads:
    """What this process has noted, it knows; others note again."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._noted: OrderedDict[tuple[str | None, ...], datetime] = OrderedDict()

    async def note(
        self,
        action: str,
        subject: str,
        subject_id: str | None = None,
        *,
        person_id: str | None = None,
        key_id: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Note it, unless it was noted within the hour; before the answer goes out, so that none goes unnoted."""
        now, known = self._clock(), (action, subject, subject_id, person_id, key_id)
        before = self._noted.get(known)
        if before is not None and now - before < ONCE_IN:
            return
        async with self._database.begin() as connection:
            who = {"person_id": person_id, "key_id": key_id}
            await audit.note(connection, now, action, subject, subject_id, detail=detail, **who)
        self._noted.pop(known, None)
        self._noted[known] = now
        if len(self._noted) > MOST_KNOWN:
            self._noted.popitem(last=False)
