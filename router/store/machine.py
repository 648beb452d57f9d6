"""What an operator asks of the database as a machine: its clock, and how much it holds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from router.store.database import Connection


async def clock_of(connection: Connection) -> datetime | None:
    """What time it is there; None where it goes by this machine's clock."""
    if connection.dialect.name != "postgresql":
        return None
    moment: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return moment


async def size_of(connection: Connection) -> int:
    """Bytes that it takes on the disk."""
    if connection.dialect.name == "postgresql":
        query = "SELECT pg_database_size(current_database())"
    else:
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return int((await connection.execute(text(query))).scalar_one())
