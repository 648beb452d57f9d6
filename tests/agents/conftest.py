from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.store.database import Database
from tests.agents.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = Database(f"sqlite:///{tmp_path}/threadline.db")
    house = House(database)
    await house.build()
    yield house
    await database.close()
