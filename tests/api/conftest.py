"""The whole application, with assets that need not be built."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.web import assets
from router.web.assets import Assets
from tests.api.service import Service, running
from tests.web.conftest import SOURCES


@pytest.fixture
def unbuilt_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses of assets without their files: nothing here looks at a page's script."""
    addresses = {name: f"/static/assets/{name}" for name in SOURCES}
    monkeypatch.setattr(assets, "load", lambda: Assets(addresses, tmp_path))


@pytest.fixture
async def service(tmp_path: Path, unbuilt_assets: None) -> AsyncIterator[Service]:
    async with running(tmp_path) as service:
        yield service
