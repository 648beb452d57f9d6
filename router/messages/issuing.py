"""Draws callback codes: as long as the guessing budget asks for, and none that is another message's."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import datetime

from router.errors import Refused
from router.matching import codes
from router.matching.budget import Budget
from router.matching.codes import CodeKeys
from router.messages.live_codes import LiveCodes
from router.store import codes as store
from router.store.database import Connection, Database


def random_digits(count: int) -> str:
    """``count`` digits that nobody can foresee."""
    return f"{secrets.randbelow(10**count):0{count}d}"


class CodeIssuer:
    """Where new codes come from. ``draw(n)`` gives n random digits."""

    def __init__(
        self, keys: CodeKeys, budget: Budget, clock: Callable[[], datetime], draw: Callable[[int], str]
    ) -> None:
        self._keys = keys
        self._draw = draw
        self._live = LiveCodes(budget, clock)

    async def prepare(self, database: Database) -> None:
        """Count live codes where that is due; to be called before a transaction that draws codes."""
        await self._live.recount(database)

    async def one(self, connection: Connection) -> str:
        """A code. Raises `Refused` (503) when another one would break the guessing budget."""
        await self._live.counted(connection)
        return codes.make(self._live.take(), self._draw)

    async def several(self, connection: Connection, count: int) -> list[str | None]:
        """At most ``count`` codes, as many as the guessing budget allows; None is one that cannot be had."""
        drawn: list[str] = []
        try:
            while len(drawn) < count:
                drawn.append(await self.one(connection))
        except Refused:
            pass
        taken = await self.taken(connection, drawn)
        return [None if code in taken else code for code in drawn]

    async def taken(self, connection: Connection, drawn: Collection[str]) -> set[str]:
        """Those that are other messages' codes under an old secret. The present one needs no look: its hashes are
        unique."""
        hashes = {hash_: code for code in drawn for hash_ in self._keys.old_hashes(code)}
        found = await store.known_among(connection, hashes) if hashes else set()
        return {hashes[hash_] for hash_ in found}
