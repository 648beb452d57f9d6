"""What supervisors see: who waits, how the day went for each queue, and who talked how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, extract, func, literal, or_, select

from router.store.database import Connection
from router.store.tables import calls, cards, people

MOST_WAITING = 200
"""Callers who are listed, those who have waited longest first."""

LONGEST_TALK = timedelta(hours=6)
"""A talk that began so long before is over, whatever was not told of it."""
LONGEST_RINGING = timedelta(hours=1)
"""Before a talk a phone does not ring for so long."""


async def waiting(connection: Connection, since: datetime) -> Sequence[Row[Any]]:
    """Callers in queues, of whom something was heard ``since``. Neither their numbers nor who they are."""
    query = (
        select(calls.c.id, calls.c.queue, calls.c.queued_at, calls.c.started_at, calls.c.match, calls.c.direction)
        .where(calls.c.state == "queue", calls.c.updated_at >= since)
        .order_by(func.coalesce(calls.c.queued_at, calls.c.started_at), calls.c.id)
    )
    return list(await connection.execute(query.limit(MOST_WAITING)))


async def day(
    connection: Connection,
    begin: datetime,
    within: Mapping[str, int],
    otherwise: int,
    now: datetime,
    heard_since: datetime,
) -> Sequence[Row[Any]]:
    """For each queue the calls that first waited from ``begin`` on, by what became of them: `answered` (of them
    `in_time`: within so many seconds), `abandoned` (hung up while waiting; of them `soon`: within those seconds),
    `elsewhere` (the queue's time was up, or the flow went on another way), and `late` (those who wait at ``now`` for
    longer than those seconds, and of whom something was heard ``heard_since``).

    ``within`` has the seconds of each queue, ``otherwise`` counts for others. Calls that we placed do not count.
    """
    seconds = case(within, value=calls.c.queue, else_=otherwise) if within else literal(otherwise)
    answered = calls.c.answered_at.is_not(None)
    left = and_(calls.c.answered_at.is_(None), calls.c.state == "ended", calls.c.outcome == "left_queue")
    other = and_(
        calls.c.answered_at.is_(None),
        or_(and_(calls.c.state == "ended", calls.c.outcome != "left_queue"), calls.c.state == "flow"),
    )
    waits = and_(calls.c.answered_at.is_(None), calls.c.state == "queue", calls.c.updated_at >= heard_since)
    query = (
        select(
            calls.c.queue,
            _count(answered).label("answered"),
            _count(and_(answered, _took(connection, calls.c.answered_at) <= seconds)).label("in_time"),
            _count(left).label("abandoned"),
            _count(and_(left, _took(connection, calls.c.ended_at) <= seconds)).label("soon"),
            _count(other).label("elsewhere"),
            _count(and_(waits, _took(connection, literal(now, calls.c.queued_at.type)) > seconds)).label("late"),
        )
        .where(calls.c.queued_at >= begin, calls.c.direction == "in", calls.c.queue.is_not(None))
        .group_by(calls.c.queue)
    )
    return list(await connection.execute(query))


async def talks(connection: Connection, begin: datetime, person_id: str | None = None) -> Sequence[Row[Any]]:
    """Talks that had not ended at ``begin``, of everybody or of one person: `person_id`, `answered_at`, `ended_at`."""
    ended_at = func.coalesce(cards.c.talked_until, cards.c.gone_at)
    query = (
        select(cards.c.person_id, cards.c.answered_at, ended_at.label("ended_at"), cards.c.queue)
        .where(cards.c.answered_at.is_not(None), or_(ended_at.is_(None), ended_at > begin))
        .where(cards.c.answered_at > begin - LONGEST_TALK)
        .where(cards.c.rang_at > begin - LONGEST_TALK - LONGEST_RINGING)  # what an index can go by
        .order_by(cards.c.answered_at, cards.c.id)
    )
    if person_id is not None:
        query = query.where(cards.c.person_id == person_id)
    return list(await connection.execute(query))


async def agents(connection: Connection) -> Sequence[Row[Any]]:
    """Everybody who may sign in and takes calls, or might: agents, and others who are on duty; by name."""
    there = or_(people.c.role == "agent", people.c.presence != "off", people.c.wrap_until.is_not(None))
    query = select(people).where(people.c.disabled_at.is_(None), there).order_by(people.c.name, people.c.login)
    return list(await connection.execute(query))


async def busy(connection: Connection) -> Sequence[Row[Any]]:
    """The calls that ring at agents or that they talk to: `person_id`, `state`, `since`, `queue`."""
    since = func.coalesce(cards.c.answered_at, cards.c.rang_at).label("since")
    query = select(cards.c.person_id, cards.c.state, since, cards.c.queue).where(
        cards.c.state.in_(("ringing", "talking"))
    )
    return list(await connection.execute(query))


def _count(what: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((what, 1), else_=0)), 0)


def _took(connection: Connection, until: Any) -> ColumnElement[Any]:
    """Seconds from the first waiting on; the two databases subtract times in different ways."""
    if connection.dialect.name == "postgresql":
        return extract("epoch", until - calls.c.queued_at)
    return func.round((func.julianday(until) - func.julianday(calls.c.queued_at)) * 86400.0, 3)
