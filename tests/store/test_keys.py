from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.store import keys
from router.store.database import Database
from tests.agents.house import START, House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(Database(f"sqlite:///{tmp_path}/threadline.db"))
    await house.build()
    yield house
    await house.database.close()


def key(name: str, **values: Any) -> dict[str, Any]:
    scopes = ["messages"]
    return {"id": name, "name": name, "key_hash": name.encode(), "scopes": scopes, "created_at": START} | values


async def test_a_revoked_key_opens_nothing(house: House) -> None:
    async with house.database.begin() as connection:
        await keys.add(connection, key("crm"))
        await keys.add(connection, key("shop", created_at=START + timedelta(days=1)))
        found = await keys.by_hash(connection, b"crm")
        assert found is not None
        assert found.scopes == ["messages"]
        assert await keys.revoke(connection, "crm", START)
        assert not await keys.revoke(connection, "crm", START)
        assert not await keys.revoke(connection, "none", START)
        assert await keys.by_hash(connection, b"crm") is None
        assert await keys.by_hash(connection, b"shop") is not None
        assert [row.id for row in await keys.all_keys(connection)] == ["crm", "shop"]
