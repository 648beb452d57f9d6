"""What a card tells beside the call's own match: customers, other messages, and how the call came to be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, case, null, select

from router.store.database import Connection
from router.store.tables import callbacks, customers, handovers, messages, notes, voicemails

SourceRow = Row[Any]

# Made once: to make a statement takes longer than to run it, and these run for each card that is looked at.
_UNANSWERED: Final[Select[Any]] = (
    select(
        *(messages.c.id, messages.c.channel, messages.c.sent_at, messages.c.offer),
        case((messages.c.id.in_(bindparam("opened", expanding=True)), messages.c.body), else_=null()).label("body"),
    )
    .where(messages.c.customer_id == bindparam("customer"), messages.c.answered_at.is_(None))
    .order_by(messages.c.sent_at.desc())
    .limit(bindparam("most"))
)
_HANDED_OVER: Final = (
    select(handovers)
    .where(handovers.c.call_id.in_(bindparam("these", expanding=True)), handovers.c.state != "failed")
    .order_by(handovers.c.at.desc(), handovers.c.id)
)
_NOTED: Final = (
    select(notes.c.call_id, notes.c.person_id, notes.c.text, notes.c.at)
    .where(notes.c.call_id.in_(bindparam("these", expanding=True)))
    .order_by(notes.c.at, notes.c.id)
)


async def customers_by_id(connection: Connection, customer_ids: Collection[str]) -> dict[str, SourceRow]:
    """What a card tells of these customers; ``customer_id`` is their id, as with messages."""
    if not customer_ids:
        return {}
    query: Select[Any] = select(
        customers.c.id.label("customer_id"), customers.c.name, customers.c.language, customers.c.external_id
    ).where(customers.c.id.in_(customer_ids))
    return {row.customer_id: row for row in await connection.execute(query)}


async def unanswered(
    connection: Connection, customer_id: str, opened: Collection[str], limit: int
) -> Sequence[SourceRow]:
    """The latest messages of a customer that nobody has called about yet; ``body``, which may be long, only of those
    ``opened``."""
    values = {"customer": customer_id, "opened": list(opened), "most": limit}
    return list(await connection.execute(_UNANSWERED, values))


async def handed_over(connection: Connection, call_ids: Collection[str]) -> Sequence[SourceRow]:
    """How these calls were passed on, the latest first; those that failed are left out."""
    if not call_ids:
        return []
    return (await connection.execute(_HANDED_OVER, {"these": list(call_ids)})).all()


async def noted_in(connection: Connection, call_ids: Collection[str]) -> Sequence[SourceRow]:
    """What agents noted in these calls, the oldest first."""
    if not call_ids:
        return []
    return list(await connection.execute(_NOTED, {"these": list(call_ids)}))


async def callbacks_by_id(connection: Connection, callback_ids: Collection[str]) -> dict[str, SourceRow]:
    """These callbacks, without the numbers they go to."""
    if not callback_ids:
        return {}
    query: Select[Any] = select(
        callbacks.c.id, callbacks.c.call_id, callbacks.c.since, callbacks.c.wanted_from, callbacks.c.attempts
    ).where(callbacks.c.id.in_(callback_ids))
    return {row.id: row for row in await connection.execute(query)}


async def voicemails_of(connection: Connection, call_ids: Collection[str]) -> Sequence[SourceRow]:
    """What was left on the voicemail in these calls, the latest first."""
    if not call_ids:
        return []
    query = select(voicemails).where(voicemails.c.call_id.in_(call_ids)).order_by(voicemails.c.created_at.desc())
    return (await connection.execute(query.limit(10))).all()


async def owner_of(connection: Connection, message_id: str) -> str | None:
    """The customer of a message; None where it has none, or there is no such message."""
    query = select(messages.c.customer_id).where(messages.c.id == message_id)
    found: str | None = (await connection.execute(query)).scalar_one_or_none()
    return found
