from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from router.store import keys
from router.store.database import Database
from tests.agents.house import START, House


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


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
