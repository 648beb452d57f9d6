"""Which numbers of pools are leased, to which message or campaign, and until when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.holds import hold
from router.store.tables import messages, number_leases

LeaseRow = Row[Any]


async def hold_all(connection: Connection) -> None:
    """Nobody else leases a number until this transaction ends. Before anything that locks rows, see `hold`.

    One hold for all pools: a file names several of them in one transaction, and an operator may move a number.
    """
    await hold(connection, "number pools")


async def of_campaigns(connection: Connection, campaigns: Collection[str], now: datetime) -> Sequence[LeaseRow]:
    """The leases of these campaigns that have not ended, in any pool."""
    query = select(number_leases).where(number_leases.c.campaign.in_(campaigns), number_leases.c.until > now)
    return (await connection.execute(query)).all()


async def free_at(connection: Connection, numbers: Collection[str]) -> dict[str, datetime]:
    """When each of the numbers is, or was, free again; those never leased are not in it."""
    query = (
        select(number_leases.c.number, func.max(number_leases.c.free_at).label("free_at"))
        .where(number_leases.c.number.in_(numbers))
        .group_by(number_leases.c.number)
    )
    return {row.number: row.free_at for row in await connection.execute(query)}


async def keep(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store leases; one that is there already (by its id) gets the new ``until`` and ``free_at``."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = build(number_leases)
    later = {"until": new.excluded.until, "free_at": new.excluded.free_at}
    await connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=later), list(rows))


async def end(connection: Connection, number: str, now: datetime, free_at: datetime) -> bool:
    """End the lease of ``number`` now; whether there was one. `hold_all` first."""
    ended = (
        update(number_leases)
        .where(number_leases.c.number == number, number_leases.c.until > now)
        .values(until=now, free_at=free_at)
    )
    return (await connection.execute(ended)).rowcount > 0


async def not_free(connection: Connection, now: datetime) -> Sequence[LeaseRow]:
    """The leases that keep a number from being free; the one that does so for the longest comes last."""
    query = select(number_leases).where(number_leases.c.free_at > now).order_by(number_leases.c.free_at)
    return (await connection.execute(query)).all()


async def overflows(connection: Connection, since: datetime) -> dict[str, int]:
    """How many messages registered since ``since`` named a pool and got no number of it, by pools."""
    leased = select(number_leases.c.id).where(number_leases.c.number == messages.c.service_number).exists()
    query = (
        select(messages.c.pool, func.count().label("messages"))
        .where(messages.c.created_at >= since, messages.c.pool.is_not(None), ~leased)
        .group_by(messages.c.pool)
    )
    return {row.pool: row.messages for row in await connection.execute(query)}


async def campaign_of(connection: Connection, number: str, now: datetime) -> str | None:
    """The campaign that ``number`` is leased to at ``now``, itself or by one of its messages."""
    query = (
        select(func.coalesce(number_leases.c.campaign, messages.c.campaign))
        .select_from(number_leases.outerjoin(messages, messages.c.id == number_leases.c.message_id))
        .where(number_leases.c.number == number, number_leases.c.leased_at <= now, number_leases.c.until > now)
        .order_by(number_leases.c.leased_at.desc())
        .limit(1)
    )
    found: str | None = (await connection.execute(query)).scalar_one_or_none()
    return found
