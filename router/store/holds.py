"""Making transactions about the same thing wait for each other, even where there is no row yet to lock."""

from __future__ import annotations

from router.store.database import Connection


async def hold(connection: Connection, subject: str) -> None:
    """Nobody else who holds `subject` (such as `call:…`, `phone:…`) goes on until this transaction ends.

    SQLite has one writer at a time anyway. Take a hold before any row lock, and one only, so that none waits in a ring.
    """
    if connection.dialect.name == "postgresql":
        await connection.fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [subject])
