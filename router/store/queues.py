"""How queues stand: who waits, who takes calls, whom a customer talked to, and how long the last talks took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Row, exists, func, or_, select

from router.store.database import Connection
from router.store.tables import calls, cards, messages, people

MOST_MATTERS = 100
"""Messages of a customer whose calls are looked for where the calls themselves do not say whose they are."""
MOST_TALKS = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """Callers ``waiting``, agents ``on_duty`` (ready for the queue, whether or not they talk or wrap up) and ``free``
    of them, and the seconds that the latest ``talks`` took with their wrap-up, at most `MOST_TALKS`."""

    waiting: int
    on_duty: int
    free: int
    talks: tuple[float, ...]


async def standing(connection: Connection, queue: str, waiting_since: datetime, talks_since: datetime) -> Standing:
    """How ``queue`` stands. Callers count who joined it, and talks that began, not before the times given."""
    waits = select(func.count()).where(
        calls.c.state == "queue", calls.c.updated_at >= waiting_since, calls.c.queue == queue
    )
    talks = (
        select(cards.c.answered_at, cards.c.gone_at)
        .where(cards.c.queue == queue, cards.c.answered_at >= talks_since, cards.c.gone_at.is_not(None))
        .order_by(cards.c.answered_at.desc())
        .limit(MOST_TALKS)
    )
    busy = ("talking", "wrap_up")
    talking = exists().where(cards.c.person_id == people.c.id, cards.c.state.in_(busy))
    ready = select(people.c.queues, talking.label("talking")).where(people.c.presence == "ready")
    waiting = (await connection.execute(waits)).scalar_one()
    # The queues are a JSON list, which the two databases search in different ways; people are few.
    there = [row.talking for row in await connection.execute(ready) if queue in row.queues]
    took = tuple((row.gone_at - row.answered_at).total_seconds() for row in await connection.execute(talks))
    return Standing(waiting, len(there), sum(not talks for talks in there), took)


async def ready_people(connection: Connection) -> Sequence[Row[Any]]:
    """Everybody who takes calls, talking or not: ``id``, ``phone``, ``queues`` and ``skills``."""
    columns: tuple[Column[Any], ...] = (people.c.id, people.c.phone, people.c.queues, people.c.skills)
    return (await connection.execute(select(*columns).where(people.c.presence == "ready"))).all()


async def last_agent(connection: Connection, message_id: str, but_call: str) -> str | None:
    """Who talked last to the customer of this message, in whichever call about whichever of the latest messages,
    ``but_call``; None: nobody, or nobody knows whose the message is."""
    customer = select(messages.c.customer_id).where(messages.c.id == message_id).scalar_subquery()
    theirs = select(messages.c.id).where(messages.c.customer_id == customer)
    theirs = theirs.order_by(messages.c.sent_at.desc()).limit(MOST_MATTERS)
    query = (
        select(cards.c.person_id)
        .join(calls, calls.c.id == cards.c.call_key)
        .where(or_(calls.c.customer_id == customer, calls.c.message_id.in_(theirs)))
        .where(cards.c.answered_at.is_not(None), calls.c.id != but_call)
        .order_by(cards.c.answered_at.desc(), cards.c.id)
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()
