"""The end of what was written down and done on cards: it goes with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from router.store.database import Connection
from router.store.tables import cards, dispositions, handovers, identity_checks, notes


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` cards of phones that rang before then, with their notes and what came of their talks, and
    how their calls were passed on and who was found to be calling; how many cards they were."""
    old = select(cards.c.id, cards.c.call_id).where(cards.c.rang_at < before).order_by(cards.c.rang_at).limit(bite)
    rows = (await connection.execute(old)).all()
    ids, calls = [row.id for row in rows], [row.call_id for row in rows if row.call_id is not None]
    if ids:
        await connection.execute(delete(notes).where(notes.c.card_id.in_(ids)))
        await connection.execute(delete(dispositions).where(dispositions.c.card_id.in_(ids)))
        await connection.execute(delete(handovers).where(handovers.c.call_id.in_(calls)))
        await connection.execute(delete(identity_checks).where(identity_checks.c.call_id.in_(calls)))
        await connection.execute(delete(cards).where(cards.c.id.in_(ids)))
    return len(ids)
