"""How somebody stands: off, ready, paused, or wrapping a talk up. Each change is written down and told to the page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from router.store import cards, people, presence_log
from router.store.database import Connection

PRESENCE_KEPT: Final = timedelta(days=90)
"""How long it is kept how people stood."""
SUPERVISOR: Final = "supervisor"
"""Why somebody is paused who did not choose it: a supervisor did."""
PAGE_GONE: Final = "page_gone"
"""Why somebody is paused: no page of theirs was open for a while."""
AT_PHONE: Final = "at_phone"
"""Why somebody is paused: the phone was paused in Asterisk, at the phone itself or by somebody else."""
ELSEWHERE: Final = "elsewhere"
"""Why a phone is paused at one Asterisk: it rings or talks through another one."""
NOT_CHOSEN: Final = (SUPERVISOR, PAGE_GONE, AT_PHONE)
WRAP_UP: Final = "wrap_up"
"""After a talk. What the agent chose (`presence`) counts again when it is over."""


def standing(row: people.PersonRow) -> str:
    """`off`, `ready`, `paused` or `wrap_up`."""
    return WRAP_UP if row.wrap_until is not None else str(row.presence)


def rests(row: people.PersonRow) -> str | None:
    """Why no call is to come to this person's phone now, though it stays in its queues; None: calls may come."""
    if row.wrap_until is not None:
        return WRAP_UP
    return row.pause_reason or "" if row.presence == "paused" else None


async def change(
    connection: Connection, person_id: str, values: dict[str, Any], now: datetime
) -> people.PersonRow | None:
    """Change columns of a person, who is locked; the person as before, None where there is nobody."""
    before = await people.by_id(connection, person_id)
    if before is None:
        return None
    await people.change(connection, person_id, values)
    after = await people.by_id(connection, person_id) or before
    if _told(after) != _told(before):
        await people.change(connection, person_id, {"presence_since": now})
        await presence_log.add(connection, person_id, *_told(after), now)
    await cards.add_event(connection, person_id, "presence", {"presence": standing(after)}, now)
    return before


def _told(row: people.PersonRow) -> tuple[str, str | None]:
    stands = standing(row)
    return stands, row.pause_reason if stands == "paused" else None
