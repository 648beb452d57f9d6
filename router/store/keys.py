"""API keys. Only a key's hash is stored; the key itself is shown once, when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from router.store.database import Connection
from router.store.tables import api_keys

KeyRow = Row[Any]


async def add(connection: Connection, values: dict[str, Any]) -> None:
    """Store a new key: `id, name, key_hash, scopes, created_at`."""
    await connection.execute(insert(api_keys).values(**values))


async def by_hash(connection: Connection, key_hash: bytes) -> KeyRow | None:
    """The key with this hash, unless it was revoked."""
    query = select(api_keys).where(api_keys.c.key_hash == key_hash, api_keys.c.revoked_at.is_(None))
    return (await connection.execute(query)).one_or_none()


async def all_keys(connection: Connection) -> Sequence[KeyRow]:
    """All keys, oldest first, revoked ones included."""
    return (await connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))).all()


async def revoke(connection: Connection, key_id: str, now: datetime) -> bool:
    """Make a key worthless from now on; False when there is none, or it was revoked before."""
    statement = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=now)
    return (await connection.execute(statement)).rowcount == 1


async def used(connection: Connection, key_id: str, now: datetime) -> None:
    """Note that a key is in use."""
    await connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(used_at=now))
