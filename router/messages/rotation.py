"""Renews codes after the secret has changed: each live code is sealed and hashed anew under the present secret, and
stays the same code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from router.matching.codes import CodeKeys
from router.store import codes as store
from router.store.database import Connection, Database

BATCH = 200
"""Codes in one transaction: a few milliseconds, so that no call waits for it."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """How far it is. ``renewed`` were under an old secret, ``unreadable`` are under none that is set, ``taken`` are the
    codes of other messages as well by now. The last two were left as they are."""

    seen: int = 0
    renewed: int = 0
    unreadable: int = 0
    taken: int = 0

    @property
    def complete(self) -> bool:
        """Whether no live code needs an old secret any more."""
        return not self.unreadable and not self.taken


async def rotate(database: Database, keys: CodeKeys, now: datetime, *, batch: int = BATCH) -> AsyncIterator[Rotated]:
    """Renew all codes that live at ``now`` and say after each transaction how far it is. Codes under the present secret
    are passed over, so that one may stop at any time and begin again; calls and registrations go on meanwhile."""
    so_far, after = Rotated(), ""
    while True:
        async with database.begin(long=True) as connection:
            rows = await store.sealed(connection, now, after, batch)
            for row in rows:
                so_far = await _renew(connection, keys, row, so_far)
        if not rows:
            return
        after = rows[-1].id
        yield so_far


async def _renew(connection: Connection, keys: CodeKeys, row: Row[Any], so_far: Rotated) -> Rotated:
    so_far = replace(so_far, seen=so_far.seen + 1)
    if keys.is_present(row.code_sealed, row.id):
        return so_far
    code = keys.unseal(row.code_sealed, row.id)
    if code is None:
        return replace(so_far, unreadable=so_far.unreadable + 1)
    anew = store.SealedCode(keys.code_hash(code), keys.seal(code, row.id), len(code))
    if not await store.renew(connection, row.id, row.code_sealed, anew):
        return replace(so_far, taken=so_far.taken + 1)
    return replace(so_far, renewed=so_far.renewed + 1)
