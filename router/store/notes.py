"""What agents wrote down: one note for each card, whose it stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from router.store.database import Connection
from router.store.tables import notes


async def of_cards(connection: Connection, card_ids: Collection[str]) -> dict[str, str]:
    """The text of each of these cards' notes, as far as they have one."""
    query = select(notes.c.card_id, notes.c.text).where(notes.c.card_id.in_(card_ids))
    return {row.card_id: row.text for row in await connection.execute(query)}


async def put(connection: Connection, card_id: str, text: str, about: Mapping[str, Any], now: datetime) -> None:
    """Store a card's note in place of the one before; an empty one is none. ``about`` are its id and whom it is about
    and by (``id, call_id, message_id, customer_id, person_id``). Whoever writes holds the card."""
    if not text:
        await connection.execute(delete(notes).where(notes.c.card_id == card_id))
        return
    told = {name: value for name, value in about.items() if name not in ("id", "person_id")}
    changed = update(notes).where(notes.c.card_id == card_id).values(text=text, changed_at=now, **told)
    if not (await connection.execute(changed)).rowcount:
        await connection.execute(insert(notes).values(**about, card_id=card_id, text=text, at=now))
