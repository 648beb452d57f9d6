"""Payment links that agents sent, and what their provider tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.tables import payments

ASKED, OPEN, PAID, FAILED, EXPIRED = "asked", "open", "paid", "failed", "expired"
SETTLED = (PAID, FAILED, EXPIRED)
"""What a provider may tell."""

PaymentRow = Row[Any]


async def add(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Store a payment for which a link is asked; False where there is one of this id already."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = build(payments).values(**values, state=ASKED).on_conflict_do_nothing(index_elements=["id"])
    return (await connection.execute(statement)).rowcount == 1


async def by_id(connection: Connection, payment_id: str, *, lock: bool = False) -> PaymentRow | None:
    """The payment, or None. With ``lock`` nobody else may change it until the transaction ends."""
    query = select(payments).where(payments.c.id == payment_id)
    return (await connection.execute(query.with_for_update() if lock else query)).one_or_none()


async def of_calls(connection: Connection, call_ids: Sequence[str]) -> Sequence[PaymentRow]:
    """Those of these calls, the latest first."""
    query = select(payments).where(payments.c.call_id.in_(call_ids))
    return (await connection.execute(query.order_by(payments.c.created_at.desc(), payments.c.id))).all()


async def change(connection: Connection, payment_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a payment."""
    await connection.execute(update(payments).where(payments.c.id == payment_id).values(**values))


async def give_up(connection: Connection, before: datetime, now: datetime) -> int:
    """Settle those whose link was asked for before then and never came; how many they were."""
    statement = update(payments).where(payments.c.state == ASKED, payments.c.created_at < before)
    return (await connection.execute(statement.values(state=FAILED, settled_at=now))).rowcount


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` from before then; how many they were."""
    old = select(payments.c.id).where(payments.c.created_at < before).order_by(payments.c.created_at).limit(bite)
    return (await connection.execute(delete(payments).where(payments.c.id.in_(old)))).rowcount
