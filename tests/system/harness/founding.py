"""The first people of a database that several processes share, and ways in for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from router.agents.people import NewPerson, add
from router.api.keys import create_key
from router.store.database import Database
from router.web.passwords import Passwords
from router.web.sign_in import SignIn

QUEUES = ("default", "sales")


@dataclass(frozen=True, slots=True)
class Founded:
    """A key for `/v1/calls`, and tokens of links by which Anna, an agent, and Sina, a supervisor, sign in once."""

    key: str
    annas: str
    sinas: str


def founded(address: str) -> Founded:
    """In the database at ``address``, which has its tables and nothing in them."""
    return asyncio.run(_founded(Database(address)))


async def _founded(database: Database) -> Founded:
    now = datetime.now(UTC)
    async with database.begin() as connection:
        anna = await add(connection, NewPerson(login="anna", name="Anna Beispiel", queues=QUEUES), QUEUES, now)
        sina = await add(connection, NewPerson(login="sina", name="Sina", role="supervisor"), QUEUES, now)
        key = await create_key(connection, "test", ["calls:read"], now)
    sign_in = SignIn(database, Passwords(), lambda: datetime.now(UTC), key=b"k" * 32)
    links = [await sign_in.make_link(anna, "/desk"), await sign_in.make_link(sina, "/supervisor")]
    await database.close()
    return Founded(key, *(link.partition("#")[2] for link in links))
