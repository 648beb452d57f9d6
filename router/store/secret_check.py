"""By what the secret of the installation is known again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select

from router.store.database import Connection
from router.store.tables import secret_checks

_ONLY: Final = 1


async def kept(connection: Connection) -> bytes | None:
    """What was kept last; None where nothing was."""
    found = await connection.execute(select(secret_checks.c.value).where(secret_checks.c.id == _ONLY))
    value = found.scalar_one_or_none()
    return None if value is None else bytes(value)


async def keep(connection: Connection, value: bytes, now: datetime) -> None:
    """Keep this in the place of what was kept."""
    await connection.execute(delete(secret_checks).where(secret_checks.c.id == _ONLY))
    await connection.execute(insert(secret_checks).values(id=_ONLY, value=value, kept_at=now))
