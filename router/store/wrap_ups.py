"""Who wraps up which talks, and whether what came of them has been said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, select

from router.store.database import Connection
from router.store.tables import cards, dispositions, people


async def of_person(connection: Connection, person_id: str) -> Sequence[Row[Any]]:
    """The cards that a person wraps up, the talk that ended first before others: `person_id`, `card_id`, `call_id`,
    `queue`, `talked_until`, and `disposed`, None where nobody said what came of it."""
    query = _cards().where(people.c.id == person_id, cards.c.id.is_not(None))
    return list(await connection.execute(query))


async def due(connection: Connection, now: datetime) -> Sequence[Row[Any]]:
    """As `of_person`, of everybody whose time is up. Somebody without such a card has one row, `card_id` None."""
    return list(await connection.execute(_cards().where(people.c.wrap_until <= now)))


def _cards() -> Select[Any]:
    query: Select[Any] = (
        select(
            people.c.id.label("person_id"),
            cards.c.id.label("card_id"),
            cards.c.call_id,
            cards.c.queue,
            cards.c.talked_until,
            dispositions.c.card_id.label("disposed"),
        )
        .select_from(people)
        .outerjoin(cards, and_(cards.c.person_id == people.c.id, cards.c.state == "wrap_up"))
        .outerjoin(dispositions, dispositions.c.card_id == cards.c.id)
        .order_by(people.c.id, cards.c.talked_until, cards.c.id)
    )
    return query
