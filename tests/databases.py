"""Databases for tests: what asks for one runs on SQLite and on PostgreSQL, unless it is marked for one of them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Literal

import pytest

from router.store import migrate
from router.store.database import Database
from tests.postgres import Cluster

Kind = Literal["sqlite", "postgresql"]
MakeAddress = Callable[[], str]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" not in metafunc.fixturenames:
        return
    kinds = {
        "sqlite_only": "sqlite",
        "postgresql_only": pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
    }
    chosen = [kind for mark, kind in kinds.items() if metafunc.definition.get_closest_marker(mark)]
    metafunc.parametrize("database_kind", chosen or list(kinds.values()))


@pytest.fixture
def database_kind() -> Kind:
    """Which database the test runs on."""
    return "sqlite"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A server for all tests of this process."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def sqlite_at_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database at the newest schema, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "empty.db"

    async def make() -> None:
        database = Database(f"sqlite:///{file}")
        await migrate.upgrade(database)
        await database.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(make())
    return file


@pytest.fixture
def make_database(database_kind: Kind, request: pytest.FixtureRequest, tmp_path: Path) -> MakeAddress:
    """Makes a database at the newest schema without a row, and tells its address; what was made before may go by that.

    Not to be called in a running loop."""
    if database_kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql")
        return cluster.emptied
    template: Path = request.getfixturevalue("sqlite_at_schema")
    numbers = count(1)

    def copied() -> str:
        file = tmp_path / f"threadline-{next(numbers)}.db"
        shutil.copy(template, file)
        return f"sqlite:///{file}"

    return copied


@pytest.fixture
def database_url(make_database: MakeAddress) -> str:
    """The address of a database at the newest schema without a row."""
    return make_database()


@pytest.fixture
def bare_database_url(database_kind: Kind, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if database_kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql")
        return cluster.fresh()
    return f"sqlite:///{tmp_path}/bare.db"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database at the newest schema without a row."""
    database = Database(database_url)
    yield database
    await database.close()
