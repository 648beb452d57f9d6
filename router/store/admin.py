"""Lists for the administration, newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Row, Select, and_, func, or_, select

from router.store.database import Connection
from router.store.tables import calls, customers, messages, people, voicemails, web_sessions


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page; the next page goes on after it."""

    at: datetime
    id: str


async def calls_page(connection: Connection, limit: int, after: Cursor | None) -> list[Row[Any]]:
    """Calls with the title of their message's offer and the name of the agent."""
    query = (
        select(calls, messages.c.offer, people.c.name.label("agent"))
        .outerjoin(messages, messages.c.id == calls.c.message_id)
        .outerjoin(people, people.c.id == calls.c.agent_id)
    )
    return await _page(connection, query, calls.c.started_at, calls.c.id, limit, after)


async def messages_page(connection: Connection, limit: int, after: Cursor | None) -> list[Row[Any]]:
    """Messages with their customer's name, by when they were registered: a message may be sent long before or after."""
    query = select(messages, customers.c.name.label("customer")).outerjoin(customers)
    return await _page(connection, query, messages.c.created_at, messages.c.id, limit, after)


async def voicemails_page(connection: Connection, limit: int, after: Cursor | None) -> list[Row[Any]]:
    """Voicemails with what is known of their calls."""
    query = select(voicemails, calls.c.caller, calls.c.withheld, calls.c.queue, calls.c.message_id).join(calls)
    return await _page(connection, query, voicemails.c.created_at, voicemails.c.id, limit, after)


async def message_titles(connection: Connection, message_ids: set[str]) -> dict[str, str]:
    """The titles of messages' offers by message id; of deleted ones none."""
    query = select(messages.c.id, messages.c.offer).where(messages.c.id.in_(message_ids))
    return {row.id: str(row.offer.get("title") or "") for row in await connection.execute(query)}


async def signed_in(connection: Connection, now: datetime) -> dict[str, int]:
    """The number of live sessions by person id."""
    query = (
        select(web_sessions.c.person_id, func.count().label("sessions"))
        .where(web_sessions.c.expires_at > now)
        .group_by(web_sessions.c.person_id)
    )
    return {row.person_id: row.sessions for row in await connection.execute(query)}


async def _page(
    connection: Connection,
    query: Select[Any],
    time: Column[Any],
    key: Column[Any],
    limit: int,
    after: Cursor | None,
) -> list[Row[Any]]:
    if after is not None:
        query = query.where(or_(time < after.at, and_(time == after.at, key > after.id)))
    return list(await connection.execute(query.order_by(time.desc(), key).limit(limit)))
