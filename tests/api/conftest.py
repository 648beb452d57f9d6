"""The whole application, with assets that need not be built and what is slow made once or made quick."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from router import app
from router.store import migrate
from router.store.database import Database
from router.web import assets
from router.web.assets import Assets
from router.web.passwords import Passwords
from tests.api.service import DATABASE, Service, running
from tests.web.conftest import FAST, SOURCES


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at the newest schema, to be copied."""
    file = tmp_path_factory.mktemp("api") / DATABASE
    database = Database(f"sqlite:///{file}")
    await migrate.upgrade(database)
    await database.close()
    return file


@pytest.fixture
def folder(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a service can run: with a database, and with addresses of assets without their files, since nothing here
    looks at a page's script."""
    shutil.copy(empty_database, tmp_path / DATABASE)
    addresses = {name: f"/static/assets/{name}" for name in SOURCES}
    monkeypatch.setattr(assets, "load", lambda: Assets(addresses, tmp_path))
    monkeypatch.setattr(app, "Passwords", lambda: Passwords(FAST))
    return tmp_path


@pytest.fixture
async def service(folder: Path) -> AsyncIterator[Service]:
    async with running(folder) as service:
        yield service
