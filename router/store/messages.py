"""Messages that were sent, their customers, and the numbers on file for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from router.store.database import Connection
from router.store.tables import customer_phones, customers, messages

MessageRow = Row[Any]

_FOR_MATCHING = (
    messages.c.id,
    messages.c.customer_id,
    messages.c.to_phone,
    messages.c.offer,
    messages.c.service_number,
    messages.c.code_hash,
    messages.c.code_expires_at,
    messages.c.sent_at,
    customers.c.language,
)


def _with_customer() -> Select[Any]:
    return select(*_FOR_MATCHING).select_from(messages.outerjoin(customers))


async def by_code_hash(connection: Connection, code_hash: bytes) -> MessageRow | None:
    """The message whose callback code has this hash, whether the code still holds or not."""
    found: MessageRow | None = (
        await connection.execute(_with_customer().where(messages.c.code_hash == code_hash))
    ).one_or_none()
    return found


async def sent_to(
    connection: Connection, number: str, customer_ids: Collection[str], since: datetime, until: datetime, limit: int
) -> Sequence[MessageRow]:
    """The latest messages to ``number`` or to one of the customers, sent from ``since`` to ``until``."""
    # Two queries, each on an index of its own; OR would make SQLite and PostgreSQL read more than they need.
    found: dict[str, MessageRow] = {}
    conditions = [messages.c.to_phone == number]
    if customer_ids:
        conditions.append(messages.c.customer_id.in_(customer_ids))
    for condition in conditions:
        query = (
            _with_customer()
            .where(condition, messages.c.sent_at.between(since, until))
            .order_by(messages.c.sent_at.desc(), messages.c.id)
            .limit(limit)
        )
        found |= {row.id: row for row in await connection.execute(query)}
    return list(found.values())


async def customers_at(connection: Connection, number: str, limit: int) -> list[str]:
    """Ids of at most ``limit`` customers with ``number`` on file."""
    query = (
        select(customer_phones.c.customer_id)
        .where(customer_phones.c.number == number)
        .order_by(customer_phones.c.customer_id)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())
