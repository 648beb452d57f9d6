"""Calls that ended without anybody telling us."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from router.store import calls as store
from router.store.database import Database, is_away

LATE: Final = timedelta(minutes=10)
"""A call of which nothing was heard for so long has nothing done for it any more when it turns out to be over."""

log = structlog.get_logger(__name__)


class _Calls(Protocol):
    async def hung_up(self, channel: str, channel_ref: str, *, late: bool = False) -> None: ...


async def end(
    calls: _Calls,
    database: Database,
    now: datetime,
    channel: str,
    still_there: frozenset[str],
    untouched_since: datetime,
    only: str = "",
) -> list[str]:
    """End the calls of ``channel`` that it no longer has, given the refs it does have; the ids of those ended.

    Only those whose refs begin with ``only``: there may be several of the kind, and each knows its own. And only those
    last touched before ``untouched_since``: a call may be younger than the list.
    """
    async with database.read() as connection:
        rows = await store.open_calls(connection, channel, untouched_since)
    ended: list[str] = []
    for row in rows:
        if row.channel_ref in still_there or not row.channel_ref.startswith(only):
            continue
        try:
            await calls.hung_up(channel, row.channel_ref, late=row.updated_at < now - LATE)
        except Exception as error:  # one that cannot be read does not keep the others
            if is_away(error):
                raise
            log.error("a lost call could not be ended", call=row.id, error=type(error).__name__)
        else:
            ended.append(row.id)
    return ended
