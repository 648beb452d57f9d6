"""What customers wrote to us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.tables import calls, cards, customer_phones, inbound_messages, messages, text_messages

TEXT, STOP, START = "text", "stop", "start"
_ON_THE_DESK = ("ringing", "talking", "wrap_up")


async def add(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Store one; False where it is there already (its provider told of it twice)."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = build(inbound_messages).values(**values).on_conflict_do_nothing(index_elements=["provider_ref"])
    return (await connection.execute(statement)).rowcount == 1


async def customers_of(connection: Connection, number: str, most: int) -> set[str]:
    """The customers who have this number on file, at most so many."""
    query = select(customer_phones.c.customer_id).where(customer_phones.c.number == number).limit(most)
    return set((await connection.execute(query)).scalars())


async def last_written(connection: Connection, number: str, number_hash: bytes, since: datetime) -> Row[Any] | None:
    """What was last sent to this number since then: ``message_id`` and ``customer_id``, each None where not known."""
    sent: Select[Any] = (
        select(messages.c.id.label("message_id"), messages.c.customer_id, messages.c.sent_at.label("at"))
        .where(messages.c.to_phone == number, messages.c.channel == "sms", messages.c.sent_at >= since)
        .order_by(messages.c.sent_at.desc())
        .limit(1)
    )
    texted: Select[Any] = (
        select(text_messages.c.message_id, text_messages.c.customer_id, text_messages.c.created_at.label("at"))
        .where(text_messages.c.number_hash == number_hash, text_messages.c.created_at >= since)
        .order_by(text_messages.c.created_at.desc())
        .limit(1)
    )
    found = [row for query in (sent, texted) if (row := (await connection.execute(query)).first()) is not None]
    latest: Row[Any] | None = max(found, key=lambda row: row.at, default=None)
    return latest


async def owner_of(connection: Connection, message_id: str) -> str | None:
    """Whose message it is, None where nobody said so."""
    query = select(messages.c.customer_id).where(messages.c.id == message_id)
    owner: str | None = (await connection.execute(query)).scalar()
    return owner


async def wants_none(connection: Connection, number: str) -> bool:
    """Whether the last word from this number was that it wants no text messages."""
    query = (
        select(inbound_messages.c.kind)
        .where(inbound_messages.c.from_number == number, inbound_messages.c.kind != TEXT)
        .order_by(inbound_messages.c.at.desc(), inbound_messages.c.id)
        .limit(1)
    )
    return (await connection.execute(query)).scalar() == STOP


async def on_desks(connection: Connection, customer_id: str) -> Sequence[Row[Any]]:
    """The cards, with their people, of calls of this customer that are on a desk now."""
    query: Select[Any] = (
        select(cards.c.id, cards.c.person_id)
        .join(calls, calls.c.id == cards.c.call_id)
        .outerjoin(messages, messages.c.id == calls.c.message_id)
        .where(cards.c.state.in_(_ON_THE_DESK))
        .where(or_(calls.c.customer_id == customer_id, messages.c.customer_id == customer_id))
    )
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` from before then, but for the word that no more is wanted; how many they were."""
    old = (
        select(inbound_messages.c.id)
        .where(inbound_messages.c.at < before, inbound_messages.c.kind == TEXT)
        .order_by(inbound_messages.c.at)
    )
    return (
        await connection.execute(delete(inbound_messages).where(inbound_messages.c.id.in_(old.limit(bite))))
    ).rowcount
