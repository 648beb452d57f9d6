"""What all outboxes have in common: rows in a state, with ``tries`` and the time of the next one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, select, update

from router.store.database import Connection

SENDING: Final = "sending"


async def claim(
    connection: Connection, table: Table, due: ColumnElement[bool], now: datetime, until: datetime, most: int
) -> Sequence[Row[Any]]:
    """Take at most ``most`` rows for which ``due`` holds and whose time has come, for the caller alone until ``until``.
    One that was claimed before and not settled in time is due again: whoever had it has gone."""
    query = (
        select(table.c.id)
        .where(due, table.c.next_try_at <= now)
        .order_by(table.c.next_try_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=table)
    )
    ids = (await connection.execute(query)).scalars().all()
    if not ids:
        return ()
    claimed = update(table).where(table.c.id.in_(ids)).returning(table)
    rows: Sequence[Row[Any]] = (
        await connection.execute(claimed.values(state=SENDING, next_try_at=until, tries=table.c.tries + 1))
    ).all()
    return rows
