"""What agents said of matches: one row for a call, which a changed mind replaces."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, Text, and_, bindparam, cast, delete, func, insert, or_, select, update

from router.store.database import Connection
from router.store.holds import hold
from router.store.tables import calls, match_outcomes, messages

OutcomeRow = Row[Any]


_OF_CALLS: Final = select(match_outcomes).where(match_outcomes.c.call_id.in_(bindparam("these", expanding=True)))


async def put(connection: Connection, values: dict[str, Any]) -> None:
    """Store what was said of a call, in place of what was said before. The message it is about counts as answered
    from then on, as long as that stands and nobody else has said so earlier."""
    await take_back(connection, values["call_id"])
    await connection.execute(insert(match_outcomes).values(**values))
    if values["message_id"] is not None:
        here = and_(messages.c.id == values["message_id"], messages.c.answered_at.is_(None))
        await connection.execute(update(messages).where(here).values(answered_at=values["at"]))


async def take_back(connection: Connection, call_id: str) -> None:
    """Forget what was said of a call; its message counts as answered no more, where it did only by that. Where it was
    said of a later call, too, the message counts as answered from then on."""
    await hold(connection, f"outcome:{call_id}")
    before = (await of_calls(connection, [call_id])).get(call_id)
    if before is None:
        return
    await connection.execute(delete(match_outcomes).where(match_outcomes.c.call_id == call_id))
    if before.message_id is not None:
        here = and_(messages.c.id == before.message_id, messages.c.answered_at == before.at)
        # The bound on the time is what an index can go by: what was said earlier would stand with the message.
        said = and_(match_outcomes.c.at >= before.at, match_outcomes.c.message_id == before.message_id)
        later = select(func.min(match_outcomes.c.at)).where(said).scalar_subquery()
        await connection.execute(update(messages).where(here).values(answered_at=later))


async def of_calls(connection: Connection, call_ids: Collection[str]) -> dict[str, OutcomeRow]:
    """What was said of these calls, by call id."""
    if not call_ids:
        return {}
    return {row.call_id: row for row in await connection.execute(_OF_CALLS, {"these": list(call_ids)})}


async def latest(connection: Connection, since: datetime | None, limit: int) -> Sequence[OutcomeRow]:
    """The latest outcomes, newest first."""
    query = select(match_outcomes).order_by(match_outcomes.c.at.desc(), match_outcomes.c.call_id).limit(limit)
    if since is not None:
        query = query.where(match_outcomes.c.at >= since)
    return (await connection.execute(query)).all()


async def talked(
    connection: Connection, since: datetime, until: datetime, after: tuple[datetime, str] | None, limit: int
) -> Sequence[OutcomeRow]:
    """Calls of a period that an agent talked to, newest first, with their match (``found``, JSON as text) and what was
    said of it (``verdict`` None: nothing). ``after`` is start and id of the last call of the page before."""
    query: Select[Any] = (
        select(
            calls.c.id,
            calls.c.started_at,
            cast(calls.c.match, Text).label("found"),
            match_outcomes.c.verdict,
            match_outcomes.c.message_id,
        )
        .outerjoin(match_outcomes, match_outcomes.c.call_id == calls.c.id)
        .where(calls.c.started_at >= since, calls.c.started_at < until, calls.c.agent_id.is_not(None))
    )
    if after is not None:
        at, call_id = after
        # The bound on the time alone is what an index can go by.
        query = query.where(calls.c.started_at <= at, or_(calls.c.started_at < at, calls.c.id > call_id))
    ordered = query.order_by(calls.c.started_at.desc(), calls.c.id).limit(limit)
    return list(await connection.execute(ordered))
