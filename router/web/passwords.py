"""Passwords as argon2id hashes. Hashing takes tens of milliseconds of a core, so it runs beside the event loop."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST: Final = 1000
"""Characters of a password that are looked at; a longer one is wrong."""
SHORTEST: Final = 10
"""Characters of a password that is chosen."""
AT_ONCE: Final = 2
"""Hashes computed side by side; each takes 64 MiB with the default parameters (RFC 9106, low-memory profile)."""


class Passwords:
    """Hashes and verifies passwords with ``hasher``'s parameters."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(AT_ONCE)
        # Verified for logins that do not exist, so that they take as long as those that do.
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The hash to store. Blocks; `hash_aside` does not."""
        return self._hasher.hash(password)

    async def hash_aside(self, password: str) -> str:
        """The hash to store, computed in a thread."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is right; without a hash (unknown login, no password) it takes as long and is False."""
        async with self._turns:
            right = await asyncio.to_thread(self._verify, password[:LONGEST], password_hash or self._nobody)
        return right and password_hash is not None and len(password) <= LONGEST

    def outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
