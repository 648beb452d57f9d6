"""The whole application, with assets that need not be built and what is slow made once or made quick."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router import app
from router.web import assets
from router.web.assets import Assets
from router.web.passwords import Passwords
from tests.api.service import Service, running
from tests.web.conftest import FAST, SOURCES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a service can run: with addresses of assets without their files, since nothing here looks at a page's
    script."""
    addresses = {name: f"/static/assets/{name}" for name in SOURCES}
    monkeypatch.setattr(assets, "load", lambda: Assets(addresses, tmp_path))
    monkeypatch.setattr(app, "Passwords", lambda: Passwords(FAST))
    return tmp_path


@pytest.fixture
async def service(folder: Path, database_url: str) -> AsyncIterator[Service]:
    async with running(folder, database_url) as service:
        yield service
