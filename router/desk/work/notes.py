"""The note on a card: one for each talk, changed while it is typed, until the card goes."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from router.desk.work.whom import Whom
from router.errors import unprocessable
from router.store import notes as store
from router.store.database import Connection, new_id
from router.store.holds import hold
from router.web.texts import Texts

LONGEST: Final = 4000
"""Characters of a note."""


async def write(connection: Connection, whom: Whom, person_id: str, text: str, now: datetime, t: Texts) -> None:
    """Store the card's note in place of the one before. Raises `Refused` (422) for one that is too long."""
    kept = text.replace("\r\n", "\n").rstrip()
    if len(kept) > LONGEST:
        words = t("work.note.too_long", most=LONGEST)
        raise unprocessable(words, [{"field": "text", "message": words}])
    await hold(connection, f"card:{whom.card_id}")
    about = {
        "id": new_id(),
        "call_id": whom.call_id,
        "message_id": whom.message_id,
        "customer_id": whom.customer_id,
        "person_id": person_id,
    }
    await store.put(connection, whom.card_id, kept, about, now)
