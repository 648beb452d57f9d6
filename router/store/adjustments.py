"""Adjustments that calibration made: one row each time, the newest that was not taken back counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from router.store.database import Connection
from router.store.holds import hold
from router.store.tables import match_adjustments

AdjustmentsRow = Row[Any]


async def add(
    connection: Connection,
    log_odds: dict[str, float],
    report: dict[str, Any],
    now: datetime,
    confusions: dict[str, dict[str, float]] | None = None,
) -> None:
    """Store adjustments (log odds by kind of evidence) and how recognisers err (figures by recogniser and language)
    with what they were made from; they count from now on."""
    values = {"created_at": now, "log_odds": log_odds, "report": report, "confusions": confusions}
    await connection.execute(insert(match_adjustments).values(values))


async def newest(connection: Connection) -> AdjustmentsRow | None:
    """Those that count; None: the table of the code alone."""
    query = select(match_adjustments).where(match_adjustments.c.undone_at.is_(None))
    return (await connection.execute(query.order_by(match_adjustments.c.id.desc()).limit(1))).first()


async def take_back(connection: Connection, now: datetime) -> AdjustmentsRow | None:
    """Take back those that count, so that the ones before count again; None: there are none."""
    await hold(connection, "adjustments")
    row = await newest(connection)
    if row is not None:
        here = match_adjustments.c.id == row.id
        await connection.execute(update(match_adjustments).where(here).values(undone_at=now))
    return row


async def history(connection: Connection) -> Sequence[AdjustmentsRow]:
    """All that ever counted, oldest first, those taken back included."""
    return (await connection.execute(select(match_adjustments).order_by(match_adjustments.c.id))).all()
