"""What is known of all live references together, in a few statements whose cost is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Row, Select, func, literal, or_, select

from router.matching.codes import LONGEST, SHORTEST
from router.matching.live import LiveSet, Shape
from router.matching.parameters import Parameters
from router.matching.prior import calls_a_day
from router.store.database import Connection
from router.store.tables import messages

MOST_COUNTED = 1_000_000
"""References that are counted; more are taken for so many."""
SAMPLE = 500
"""Messages whose references say what all look like."""
_LOOKED_THROUGH = 3000
"""Messages that are looked through for them."""


async def live_set(connection: Connection, start: str, now: datetime, parameters: Parameters) -> LiveSet:
    """How many messages have a reference, and what a sample of them is like: those whose ids, which are random, come
    from ``start`` on. A reference is live as long as its message is stored."""
    counted = select(literal(1)).where(messages.c.reference_key.is_not(None)).limit(MOST_COUNTED).subquery()
    count = (await connection.execute(select(func.count()).select_from(counted))).scalar_one()
    sample = await _sample(connection, start)
    if len(sample) < SAMPLE:
        sample = [*sample, *await _sample(connection, "", before=start)][:SAMPLE]
    rates = [calls_a_day(row.channel, now - row.sent_at, parameters) for row in sample]
    all_calls = count * sum(rates) / len(rates) if rates else 0.0
    return LiveSet(count, Shape(row.reference_key for row in sample), all_calls, await _lengths(connection, now))


async def _sample(connection: Connection, start: str, before: str | None = None) -> Sequence[Row[Any]]:
    columns = (messages.c.id, messages.c.reference_key, messages.c.channel, messages.c.sent_at)
    query: Select[Any] = select(*columns).where(messages.c.id >= start).order_by(messages.c.id).limit(_LOOKED_THROUGH)
    if before is not None:
        query = query.where(messages.c.id < before)
    found = await connection.execute(query)
    return list(islice((row for row in found if row.reference_key is not None), SAMPLE))


async def _lengths(connection: Connection, now: datetime) -> set[int]:
    """The lengths of codes that hold."""
    holds = or_(messages.c.code_expires_at.is_(None), messages.c.code_expires_at > now)
    found: set[int] = set()
    for digits in range(SHORTEST, LONGEST + 1):  # each stops at the first; all lengths at once would read every code
        query = select(literal(1)).where(messages.c.code_digits == digits, holds).limit(1)
        if (await connection.execute(query)).first() is not None:
            found.add(digits)
    return found
