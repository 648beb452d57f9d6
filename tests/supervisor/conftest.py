from __future__ import annotations

import pytest

from router.store.database import Database
from tests.agents.house import House


@pytest.fixture
def house(database: Database) -> House:
    return House(database)
