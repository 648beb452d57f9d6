"""Customers by themselves; what they were sent stands in `router.store.messages`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from router.store.database import Connection
from router.store.tables import customers

CustomerRow = Row[Any]


async def by_id(connection: Connection, customer_id: str) -> CustomerRow | None:
    """The customer, or None."""
    return (await connection.execute(select(customers).where(customers.c.id == customer_id))).one_or_none()
