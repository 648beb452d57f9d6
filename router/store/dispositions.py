"""What came of talks, as agents said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Row, insert, select, update

from router.store.database import Connection
from router.store.tables import dispositions


async def of_cards(connection: Connection, card_ids: Collection[str]) -> dict[str, Row[Any]]:
    """What was said of each of these cards' talks."""
    query = select(dispositions).where(dispositions.c.card_id.in_(card_ids))
    return {row.card_id: row for row in await connection.execute(query)}


async def put(connection: Connection, card_id: str, values: Mapping[str, Any]) -> None:
    """Store what came of a card's talk, in place of what was said before. Whoever writes holds the card."""
    changed = update(dispositions).where(dispositions.c.card_id == card_id).values(**values)
    if not (await connection.execute(changed)).rowcount:
        await connection.execute(insert(dispositions).values(card_id=card_id, **values))
