"""Whether the secret of the settings is the one that the database was used with.

Codes are found and read under their secret only, so with another one none would be, and nobody would notice.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from router.matching.codes import CodeKeys
from router.store import secret_check
from router.store.database import Connection, Database
from router.store.holds import hold

OTHER: Final = (
    "is another one than this database was used with: none of its callback codes would be found. Set the one before; "
    "to change it on purpose, name that in THREADLINE_OLD_SECRETS (docs/codes.md, 'Changing the secret'); if it is "
    "lost, 'threadline codes accept-secret' goes on without those codes"
)
"""What is told of such a secret, after its name."""


class Fit(StrEnum):
    """How secret and database go together."""

    SAME = "same"
    CHANGED = "changed"
    """It was changed on purpose: the one before is among the old ones."""
    NEW = "new"
    """Nothing is known yet."""
    OTHER = "other"


async def fit(connection: Connection, keys: CodeKeys) -> Fit:
    """How the secret of ``keys`` fits the database."""
    kept = await secret_check.kept(connection)
    if kept is None:
        return Fit.NEW
    if kept == keys.check:
        return Fit.SAME
    return Fit.CHANGED if kept in keys.old_checks else Fit.OTHER


async def begun_with(database: Database, keys: CodeKeys, now: datetime) -> Fit:
    """As `fit`, for a process that begins to serve: a new or changed secret is the one to know again from now on."""
    async with database.begin() as connection:
        await hold(connection, "secret")
        found = await fit(connection, keys)
        if found in (Fit.NEW, Fit.CHANGED):
            await secret_check.keep(connection, keys.check, now)
    return found


async def accept(database: Database, keys: CodeKeys, now: datetime) -> None:
    """Take the secret as the right one, whatever was before."""
    async with database.begin() as connection:
        await hold(connection, "secret")
        await secret_check.keep(connection, keys.check, now)
