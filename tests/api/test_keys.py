"""Who gets in with a key, who with a cookie, and who does not."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.api.keys import SCOPES, create_key, digest
from router.store import keys as store
from tests.api.service import ORIGIN, Service, problem

pytestmark = pytest.mark.sqlite_only


def test_the_scopes_are_those_that_others_script_against() -> None:
    assert SCOPES == ("messages:write", "messages:read", "match", "calls:read", "payments:write", "testphone")


async def test_only_the_hash_of_a_key_is_stored(service: Service) -> None:
    key = await service.key("match")
    async with service.house.database.read() as connection:
        (row,) = await store.all_keys(connection)
    assert key.startswith(f"tl_{row.id}_")
    assert (row.key_hash, row.scopes) == (digest(key), ["match"])
    assert key not in str(row)
    assert await service.key("match") != key


@pytest.mark.parametrize(("name", "scopes"), [("x", []), ("x", ["everything"]), ("x" * 101, ["match"])])
async def test_a_key_that_cannot_be_is_not_made(service: Service, name: str, scopes: list[str]) -> None:
    async with service.house.database.begin() as connection:
        with pytest.raises(ValueError, match="key"):
            await create_key(connection, name, scopes, datetime.now(UTC))
        assert await store.all_keys(connection) == []


async def test_a_key_opens_what_its_scope_says_and_nothing_else(service: Service) -> None:
    async with service.allowed("match") as client:
        assert (await client.post("/v1/match", json={})).status_code == 200
        answer = await client.get("/v1/calls")
        assert "calls:read" in problem(answer, 403)["detail"]
        assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="calls:read"'
        problem(await client.post("/v1/messages", json={}), 403)
        problem(await client.get("/v1/messages/x"), 403)
        problem(await client.get("/v1/messages/x/qr.svg"), 403)
        problem(await client.post("/v1/messages/import", content=b"", headers={"Content-Type": "text/csv"}), 403)
        problem(await client.post("/testphone/calls", json={}), 403)


async def test_a_revoked_key_ends_at_once(service: Service) -> None:
    async with service.allowed("match") as client:
        assert (await client.post("/v1/match", json={})).status_code == 200
        async with service.house.database.begin() as connection:
            (row,) = await store.all_keys(connection)
            assert await store.revoke(connection, row.id, service.clock())
        problem(await client.post("/v1/match", json={}), 401)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer tl_000000000000_" + "A" * 43,
        "Basic dGw6eA==",
        "tl_x",
        "Bearer tl_x tl_y",
        "Bearer é",
    ],
)
async def test_without_a_valid_key_nobody_gets_in(service: Service, header: str) -> None:
    async with service.client() as client:
        answer = await client.get("/v1/calls", headers=[(b"Authorization", header.encode("latin-1"))])
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_who_brings_nothing_is_told_what_to_bring(service: Service) -> None:
    async with service.client() as client:
        answer = await client.post("/v1/match", json={})
        assert "threadline keys create" in problem(answer, 401)["detail"]
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_two_keys_at_once_are_none(service: Service) -> None:
    key = await service.key()
    async with service.client() as client:
        header = ("Authorization", f"Bearer {key}")
        problem(await client.get("/v1/calls", headers=[header, header]), 401)


async def test_an_admin_may_use_the_api_from_our_own_pages_only(service: Service) -> None:
    async with service.signed_in("admin") as browser:
        assert (await browser.get("/v1/calls")).status_code == 200
        assert (await browser.post("/v1/match", json={})).status_code == 200
        elsewhere = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
        problem(await browser.post("/v1/match", json={}, headers=elsewhere), 403)
        del browser.headers["Origin"]
        problem(await browser.post("/v1/match", json={}), 403)


async def test_a_supervisor_may_not_use_the_api_but_the_test_phone(service: Service) -> None:
    async with service.signed_in("supervisor") as browser:
        problem(await browser.get("/v1/calls"), 403)
        assert (await browser.post("/testphone/calls", json={})).status_code == 201


async def test_a_key_that_is_sent_decides_alone(service: Service) -> None:
    key = await service.key("match")
    async with service.signed_in("admin") as browser:
        problem(await browser.get("/v1/calls", headers={"Authorization": f"Bearer {key}"}), 403)


async def test_a_key_for_the_test_phone_places_calls(service: Service) -> None:
    async with service.allowed("testphone") as client:
        answer = await client.post("/testphone/calls", json={"withheld": True})
        assert answer.status_code == 201
        assert answer.json()["state"] == "flow"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200).filter(lambda value: b"\r" not in value and b"\n" not in value))
async def test_no_header_opens_or_breaks_anything(service: Service, header: bytes) -> None:
    request = httpx.Request("GET", ORIGIN + "/v1/calls", headers=[(b"authorization", b"Bearer " + header)])
    async with service.client() as client:
        problem(await client.send(request), 401)
