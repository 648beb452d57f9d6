"""A contact centre on PostgreSQL, for faults of the database: the same people as elsewhere, another way to store."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from router.store import migrate
from router.store.database import Database
from router.store.tables import api_keys, people
from tests.postgres import Cluster
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.office import Blueprint, Office
from tests.system.harness.router import Router


class PostgresRouter(Router):
    """A router whose database is asked on PostgreSQL, past whatever is between the two."""

    def __init__(self, asterisk: Asterisk, directory: Path, cluster: Cluster, address: str, **settings: str) -> None:
        super().__init__(asterisk, directory, **settings)
        self._cluster = cluster
        self._address = address

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with ThreadPoolExecutor(1) as aside:  # a browser keeps a loop running in this thread
            return aside.submit(self._cluster.rows, self._address, query, *values).result()


def through(address: str, port: int) -> str:
    """The same database at another port."""
    return make_url(address).set(port=port).render_as_string(hide_password=False)


def on_postgresql(
    asterisk: Asterisk,
    blueprint: Blueprint,
    directory: Path,
    cluster: Cluster,
    address: str,
    asked_at: str,
    **more: str,
) -> Office:
    """An office with the blueprint's people, whose database is at ``address``, and is reached at ``asked_at``."""
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, _copied(blueprint.directory / "threadline.db", address)).result()
    settings = {**blueprint.settings, **more, "DATABASE": asked_at}
    return Office(PostgresRouter(asterisk, directory, cluster, address, **settings), blueprint)


async def _copied(file: Path, address: str) -> None:
    """The people and keys of one database in a new one."""
    source, target = Database(f"sqlite:///{file}"), Database(address)
    try:
        await migrate.upgrade(target)
        async with source.read() as there, target.begin() as here:
            for table in (people, api_keys):
                for row in await there.execute(select(table)):
                    await here.execute(insert(table).values(**row._mapping))
    finally:
        await source.close()
        await target.close()
