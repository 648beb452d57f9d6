"""Finds messages and customers for an agent who looks for them. Each statement goes by an index and is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, union_all

from router.store.customer_words import named
from router.store.database import Connection
from router.store.tables import customer_phones, customers, messages

__all__ = ["by_code", "by_number", "by_reference", "customer_called", "latest_of", "named"]


async def by_code(connection: Connection, code_hashes: Sequence[bytes]) -> list[str]:
    """The message with this code, whether it has expired or not."""
    return await _ids(connection, select(messages.c.id).where(messages.c.code_hash.in_(code_hashes)).limit(1))


async def by_reference(connection: Connection, key: str, limit: int) -> list[str]:
    """The latest messages with this reference, as it is compared."""
    found = select(messages.c.id).where(messages.c.reference_key == key).order_by(messages.c.sent_at.desc())
    return await _ids(connection, found.limit(limit))


async def by_number(connection: Connection, number: str, limit: int) -> tuple[list[str], list[str]]:
    """The latest messages to this number that have no customer, and the customers who have it on file."""
    sent = select(messages.c.id).where(messages.c.to_phone == number, messages.c.customer_id.is_(None))
    on_file = select(customer_phones.c.customer_id).where(customer_phones.c.number == number).limit(limit)
    return (
        await _ids(connection, sent.order_by(messages.c.sent_at.desc()).limit(limit)),
        await _ids(connection, on_file),
    )


async def customer_called(connection: Connection, external_id: str) -> list[str]:
    """The customer whom the company knows by this number."""
    return await _ids(connection, select(customers.c.id).where(customers.c.external_id == external_id))


async def latest_of(connection: Connection, customer_ids: Sequence[str], each: int) -> list[str]:
    """The latest messages of each of these customers, at most so many of each."""
    if not customer_ids:
        return []
    parts = [
        select(messages.c.id, messages.c.sent_at)
        .where(messages.c.customer_id == customer_id)
        .order_by(messages.c.sent_at.desc())
        .limit(each)
        .subquery()
        for customer_id in customer_ids
    ]
    every = union_all(*(select(part) for part in parts)).subquery()
    return await _ids(connection, select(every.c.id).order_by(every.c.sent_at.desc()))


async def _ids(connection: Connection, query: Select[Any]) -> list[str]:
    return list((await connection.execute(query)).scalars())
