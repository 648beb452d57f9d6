"""Something to be done for the caller later: by the agent, or by anybody of the queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from router.calls.work import Work
from router.desk.work.whom import Whom
from router.errors import unprocessable
from router.store import audit
from router.store.database import Connection
from router.web.texts import Texts

FARTHEST: Final = timedelta(days=366)
LONGEST_NOTE: Final = 1000
DEFAULT_QUEUE: Final = "default"
_A_MOMENT_AGO: Final = timedelta(minutes=5)


async def schedule(
    connection: Connection,
    work: Work,
    whom: Whom,
    person_id: str,
    fields: Mapping[str, str],
    once: str,
    now: datetime,
    t: Texts,
) -> str:
    """Store it; the same form twice is one. The queue whose list has it then. Raises `Refused` (422) with each field
    that is wrong."""
    due, note = _moment(fields.get("due_at", "")), fields.get("note", "").replace("\r\n", "\n").strip()
    wrong = []
    if due is None or not now - _A_MOMENT_AGO <= due <= now + FARTHEST:
        wrong.append({"field": "due", "message": t("work.follow_up.when_wrong")})
    if not note or len(note) > LONGEST_NOTE:
        wrong.append({"field": "note", "message": t("work.follow_up.note_wrong", most=LONGEST_NOTE)})
    if wrong or due is None:
        raise unprocessable(wrong[0]["message"], wrong)
    queue = whom.card.queue or DEFAULT_QUEUE
    new = await work.follow_up(
        connection,
        queue=queue,
        note=note,
        due_at=due,
        created_by=person_id,
        now=now,
        for_person_id=None if fields.get("for") == "queue" else person_id,
        call_id=whom.call_id,
        message_id=whom.message_id,
        customer_id=whom.customer_id,
        source=f"follow_up:{once}",
    )
    if new:
        await audit.note(connection, now, "follow_up.made", "call", whom.call_id, person_id=person_id)
    return queue


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
