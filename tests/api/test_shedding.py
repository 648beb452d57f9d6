"""Not too many requests from one address or with one key; and who it is that asks, behind a proxy and not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from router.api import keys, shedding
from router.api.governor import Work
from router.api.shedding import work_of
from router.settings import SettingsRefused, load
from tests.api.service import MESSAGE, Service, problem, running
from tests.api.test_entrances import EXPECTED

pytestmark = pytest.mark.sqlite_only
PROXY = "10.0.0.7"


@pytest.fixture(autouse=True)
def time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (shedding, keys):
        monkeypatch.setattr(module, "monotonic", lambda: 1000.0)


@asynccontextmanager
async def limited(folder: Path, database_url: str, **settings: Any) -> AsyncIterator[Service]:
    async with running(folder, database_url, **settings) as service:
        yield service


def asking(service: Service, address: str, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(service.app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers)


async def times_answered(service: Service, address: str, times: int, path: str = "/sign-in", **headers: str) -> int:
    """How many of so many requests are not told that they are too many."""
    answered = 0
    async with asking(service, address, **headers) as client:
        for _ in range(times):
            answer = await client.get(path)
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) >= 1
                problem(answer, 429)
            else:
                answered += 1
    return answered


async def test_one_address_has_so_many_and_others_have_theirs(folder: Path, database_url: str) -> None:
    async with limited(folder, database_url, requests_a_minute=100) as service:
        assert await times_answered(service, "192.0.2.1", 15) == 10
        assert await times_answered(service, "192.0.2.2", 5) == 5
        assert await times_answered(service, "2001:db8::1", 6) == 6
        assert await times_answered(service, "2001:db8::2", 6) == 4, "a subscriber has a whole /64"
        assert await times_answered(service, "192.0.2.1", 3, "/healthz") == 3, "whoever watches us is always answered"


async def test_what_a_stranger_says_of_their_address_is_not_believed(folder: Path, database_url: str) -> None:
    async with limited(folder, database_url, requests_a_minute=100, trusted_proxies=[f"{PROXY}/32"]) as service:
        for number in range(3):
            answered = await times_answered(service, "192.0.2.1", 5, **{"X-Forwarded-For": f"198.51.100.{number}"})
            assert answered == (5 if number < 2 else 0)


async def test_behind_our_proxy_each_has_theirs(folder: Path, database_url: str) -> None:
    async with limited(folder, database_url, requests_a_minute=100, trusted_proxies=[PROXY]) as service:
        for number in range(3):
            assert await times_answered(service, PROXY, 10, **{"X-Forwarded-For": f"198.51.100.{number}"}) == 10
        # What a client wrote itself stands before what our proxy has added.
        forged = {"X-Forwarded-For": "203.0.113.1, 198.51.100.0"}
        assert await times_answered(service, PROXY, 3, **forged) == 0


async def test_without_a_proxy_in_the_settings_none_is_believed(folder: Path, database_url: str) -> None:
    async with limited(folder, database_url, requests_a_minute=100) as service:
        answered = [
            await times_answered(service, PROXY, 5, **{"X-Forwarded-For": f"198.51.100.{number}"})
            for number in range(3)
        ]
        assert answered == [5, 5, 0]


async def test_one_key_has_so_many_and_others_have_theirs(folder: Path, database_url: str) -> None:
    async with (
        limited(folder, database_url, key_requests_a_minute=50) as service,
        service.allowed("messages:write") as client,
        service.allowed("messages:write") as other,
    ):
        statuses = [(await client.post("/v1/messages", json=MESSAGE)).status_code for _ in range(8)]
        assert (statuses[0], set(statuses[1:5]), set(statuses[5:])) == (201, {200}, {429})
        told = await client.post("/v1/messages", json=MESSAGE)
        assert "API key" in problem(told, 429)["detail"]
        assert int(told.headers["retry-after"]) >= 1
        assert (await other.post("/v1/messages", json=MESSAGE)).status_code == 200


def test_each_address_is_known_by_what_gives_way_with_it() -> None:
    works = {name: work_of(name.split()[1]) for name in EXPECTED}
    assert {name for name, work in works.items() if work is Work.CALLS} == {
        name
        for name in EXPECTED
        if name.split()[1].startswith(("/channels/", "/prompts/"))
        or name in ("GET /healthz", "GET /readyz", "GET /metrics")
    }
    assert {name.split()[1] for name, work in works.items() if work is Work.BULK} == {
        "/v1/messages/import",
        "/v1/match/quality",
        "/admin/match",
        "/admin/audit.csv",
        "/admin/flows/check/{path:path}",
        "/admin/flows/scenarios/{path:path}",
        "/admin/flows/replay/{path:path}",
    }
    assert works["POST /v1/messages"] is works["GET /desk/cards"] is works["GET /v1/desk/events"] is Work.REGISTERING
    assert works["POST /desk/cards/{card_id}/search"] is works["GET /supervisor/board"] is Work.PAGES


@pytest.mark.parametrize("proxies", [["proxy.example"], ["10.0.0.1/8"], ["*"], [""]])
def test_proxies_are_addresses(tmp_path: Path, proxies: list[str]) -> None:
    with pytest.raises(SettingsRefused, match="trusted_proxies"):
        load({}, tmp_path, trusted_proxies=proxies)
