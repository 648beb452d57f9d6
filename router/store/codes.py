"""Callback codes as they are stored with their messages: how many are live, taken, renewed, revoked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, select, update

from router.store.database import Connection
from router.store.tables import messages


async def live(connection: Connection, now: datetime) -> list[tuple[int | None, int]]:
    """How many codes hold at ``now``, by their length; None are those from before lengths were kept."""
    holds = messages.c.code_expires_at > now
    by_length = select(messages.c.code_digits, func.count()).where(messages.c.code_digits.is_not(None), holds)
    found = [(row[0], row[1]) for row in await connection.execute(by_length.group_by(messages.c.code_digits))]
    # Revoked codes have no length either, so these few have to be looked at; the query above is answered by the index.
    unknown = select(func.count()).where(messages.c.code_digits.is_(None), messages.c.code_hash.is_not(None), holds)
    count = (await connection.execute(unknown)).scalar_one()
    return [*found, (None, count)] if count else found


async def known_among(connection: Connection, code_hashes: Collection[bytes]) -> set[bytes]:
    """Which of these hashes stand for stored codes."""
    query = select(messages.c.code_hash).where(messages.c.code_hash.in_(code_hashes))
    return set((await connection.execute(query)).scalars())


@dataclass(frozen=True, slots=True)
class SealedCode:
    """What is stored of a code: its hash, itself sealed, and its length."""

    hash: bytes
    sealed: bytes
    digits: int


async def sealed(connection: Connection, now: datetime, after: str, limit: int) -> list[Row[Any]]:
    """``id`` and ``code_sealed`` of messages whose codes hold at ``now``, in the order of ids from ``after`` on."""
    query = (
        select(messages.c.id, messages.c.code_sealed)
        .where(messages.c.id > after, messages.c.code_sealed.is_not(None), messages.c.code_expires_at > now)
        .order_by(messages.c.id)
        .limit(limit)
    )
    return list(await connection.execute(query))


async def renew(connection: Connection, message_id: str, sealed: bytes, anew: SealedCode) -> bool:
    """Store a message's code anew where it is still stored as ``sealed``; False where it was changed meanwhile, or the
    new hash is another message's."""
    other = messages.alias()
    taken = exists().where(other.c.code_hash == anew.hash, other.c.id != message_id)
    statement = (
        update(messages)
        .where(messages.c.id == message_id, messages.c.code_sealed == sealed, ~taken)
        .values(code_hash=anew.hash, code_sealed=anew.sealed, code_digits=anew.digits)
    )
    return (await connection.execute(statement)).rowcount == 1


async def revoke(connection: Connection, message_id: str) -> bool:
    """Erase a message's code; False when there is no such message. Done twice it is the same."""
    gone = {"code_hash": None, "code_sealed": None, "code_digits": None}
    return (await connection.execute(update(messages).where(messages.c.id == message_id).values(gone))).rowcount == 1
