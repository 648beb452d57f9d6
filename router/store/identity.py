"""Who was found to be calling: what agents checked, and one-time codes that were read out to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, update

from router.store.database import Connection
from router.store.tables import identity_checks

CheckRow = Row[Any]


_OF_CALLS: Final = (
    select(identity_checks)
    .where(identity_checks.c.call_id.in_(bindparam("these", expanding=True)))
    .order_by(identity_checks.c.at.desc(), identity_checks.c.id)
)


async def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Store a check."""
    await connection.execute(insert(identity_checks).values(**values))


async def of_calls(connection: Connection, call_ids: Collection[str]) -> Sequence[CheckRow]:
    """The checks of these calls, the latest first."""
    if not call_ids:
        return []
    return (await connection.execute(_OF_CALLS, {"these": list(call_ids)})).all()


async def undo(connection: Connection, check_id: str, now: datetime) -> None:
    """The check counts no longer; that it was made stays."""
    await connection.execute(update(identity_checks).where(identity_checks.c.id == check_id).values(undone_at=now))
