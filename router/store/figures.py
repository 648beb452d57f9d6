"""What is counted in the database for an operator. Each statement goes by an index and reads what is open, not what is
over, so that it stays cheap however many calls and messages there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Table, and_, func, select

from router.store.database import Connection
from router.store.tables import callbacks, calls, cards, crm_events, people, text_messages, work_items

MOST_COUNTED: Final = 10_000
"""Rows of an outbox that are counted; whoever has more to send need not know how many more."""
OUTBOXES: Final[Mapping[str, Table]] = {"texts": text_messages, "crm": crm_events}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue: how many wait, and since when the first of them."""

    callers: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits to be sent (``since``: the oldest; None where nothing does), and what was given up within a day."""

    waiting: int
    since: datetime | None
    failed: int


@dataclass(frozen=True, slots=True)
class Stored:
    """How things stood ``at``."""

    at: datetime
    calls: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By channel and state."""
    queues: Mapping[str, Waiting] = field(default_factory=dict)
    agents: Mapping[str, int] = field(default_factory=dict)
    """On duty: `ready`, `paused`, `wrap_up`, `busy`."""
    ready: Mapping[str, int] = field(default_factory=dict)
    """Agents of each queue whom a call may come to."""
    outboxes: Mapping[str, Outbox] = field(default_factory=dict)
    callbacks: int = 0
    work_items: int = 0


async def stored(connection: Connection, now: datetime, heard_since: datetime) -> Stored:
    """How things stand now. Calls of which nothing was heard ``heard_since`` are over, whatever was not told."""
    agents, ready = await _agents(connection)
    return Stored(
        now,
        await _calls(connection, heard_since),
        await _queues(connection, heard_since),
        agents,
        ready,
        await outboxes(connection, now),
        await _count(connection, callbacks, callbacks.c.state.in_(("open", "dialling"))),
        await _count(connection, work_items, work_items.c.state.in_(("open", "taken"))),
    )


async def outboxes(connection: Connection, now: datetime) -> dict[str, Outbox]:
    """What waits to be sent."""
    return {name: await _outbox(connection, table, now) for name, table in OUTBOXES.items()}


async def _calls(connection: Connection, heard_since: datetime) -> dict[tuple[str, str], int]:
    there = and_(calls.c.state.in_(("flow", "queue", "talking")), calls.c.updated_at >= heard_since)
    query = select(calls.c.channel, calls.c.state, func.count()).where(there).group_by(calls.c.channel, calls.c.state)
    return {(channel, state): count for channel, state, count in await connection.execute(query)}


async def _queues(connection: Connection, heard_since: datetime) -> dict[str, Waiting]:
    since = func.min(func.coalesce(calls.c.queued_at, calls.c.started_at), type_=calls.c.started_at.type)
    query = (
        select(calls.c.queue, func.count(), since)
        .where(calls.c.state == "queue", calls.c.updated_at >= heard_since, calls.c.queue.is_not(None))
        .group_by(calls.c.queue)
    )
    return {queue: Waiting(count, first) for queue, count, first in await connection.execute(query)}


async def _agents(connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
    busy = set(
        (await connection.execute(select(cards.c.person_id).where(cards.c.state.in_(("ringing", "talking"))))).scalars()
    )
    query = select(people.c.id, people.c.presence, people.c.wrap_until, people.c.queues).where(
        people.c.disabled_at.is_(None), people.c.presence != "off"
    )
    states, ready = Counter[str](), Counter[str]()
    for row in await connection.execute(query):
        state = "busy" if row.id in busy else "wrap_up" if row.wrap_until is not None else row.presence
        states[state] += 1
        if state == "ready":
            ready.update(row.queues)
    return dict(states), dict(ready)


async def _outbox(connection: Connection, table: Table, now: datetime) -> Outbox:
    due = table.c.state.in_(("queued", "sending"))
    oldest = select(func.min(table.c.created_at, type_=table.c.created_at.type)).where(due)
    waiting = await _count(connection, table, due)
    since = (await connection.execute(oldest)).scalar_one() if waiting else None
    gone = and_(table.c.state == "failed", table.c.created_at >= now - timedelta(days=1))
    return Outbox(waiting, since, await _count(connection, table, gone))


async def _count(connection: Connection, table: Table, those: ColumnElement[bool]) -> int:
    some = select(table.c.id).where(those).limit(MOST_COUNTED).subquery()
    return int((await connection.execute(select(func.count()).select_from(some))).scalar_one())
