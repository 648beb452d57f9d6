"""The schemas of flows are served to anybody's editor, and kept there for a while."""

from __future__ import annotations

import pytest

from router.flow.schema import NAMES, path_of, schema
from tests.api.service import Service

pytestmark = pytest.mark.sqlite_only


@pytest.mark.parametrize("name", NAMES)
async def test_a_schema_is_served_without_a_key_and_may_be_kept(service: Service, name: str) -> None:
    async with service.client() as client:
        answer = await client.get(f"/schemas/{name}-1.json")
        again = await client.get(path_of(name), headers={"If-None-Match": answer.headers["etag"]})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/schema+json"
    assert "public" in answer.headers["cache-control"]
    assert answer.json() == schema(name)
    assert again.status_code == 304


async def test_no_other_schema_is_there(service: Service) -> None:
    async with service.client() as client:
        assert (await client.get("/schemas/flow-2.json")).status_code == 404
