"""Alive, ready, and the figures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from router.api import health, readiness
from router.api.health import Alive, Ready, is_loopback
from router.api.metrics import Metrics
from router.api.problems import install
from router.api.readiness import Parts, Readiness
from router.core.events import WITHHELD, Caller, CallerHungUp, DigitsEntered
from router.matching.codes import make
from router.matching.lockout import By
from router.messages.issuing import random_digits
from router.store import migrate
from router.store.database import Database
from tests.api.service import LANDLINE, ORIGIN, Service, problem


@dataclass
class Around:
    """What readiness looks at beside the database."""

    listening: bool = True
    full: bool = False
    connected: bool = True
    late: float = 0.0


def client_of(database: Database, around: Around, stopping: asyncio.Event, *folders: Path) -> httpx.AsyncClient:
    app = FastAPI()
    install(app)

    async def anybody() -> None:
        return None

    looks = Readiness(Parts(database, around, around, stopping, lambda: around.late, folders))
    app.include_router(health.routes(looks, Metrics(), anybody))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_ready_is_database_schema_and_fastagi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0.0)
    database, parts, stopping = Database(f"sqlite:///{tmp_path}/new.db"), Around(), asyncio.Event()
    client = client_of(database, parts, stopping)
    told = problem(await client.get("/readyz"), 503)
    assert "threadline db upgrade" in told["checks"]["database"]
    await migrate.upgrade(database)
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert Ready.model_validate(answer.json()).checks == {
        "database": "ok",
        "fastagi": "listening",
        "ami": "connected",
    }
    parts.connected = False
    assert (await client.get("/readyz")).json()["checks"]["ami"] == "not connected"
    parts.listening = False
    assert problem(await client.get("/readyz"), 503)["checks"]["fastagi"] == "not listening"
    parts.listening, parts.full = True, True
    assert problem(await client.get("/readyz"), 503)["checks"]["fastagi"] == "full"
    parts.full, parts.late = False, 2.4
    assert problem(await client.get("/readyz"), 503)["checks"]["event loop"] == "was stuck for 2.4 s"
    parts.late = 0.2
    assert (await client.get("/readyz")).status_code == 200
    stopping.set()
    assert problem(await client.get("/readyz"), 503)["checks"]["service"] == "stopping"
    await database.close()


async def schema(database: Database, revision: str) -> None:
    async with database.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")


@pytest.mark.sqlite_only  # the others on PostgreSQL share its schema
async def test_a_newer_schema_serves_and_an_older_one_does_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0.0)
    client = client_of(database, Around(), asyncio.Event())
    await schema(database, "9999")
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (200, "ok, at a newer version's schema")
    await schema(database, "0001")
    told = problem(await client.get("/readyz"), 503)
    assert "threadline db upgrade" in told["checks"]["database"]
    assert "callers go to the default queue" in told["detail"]


@pytest.mark.sqlite_only
async def test_a_data_folder_without_room_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(database, Around(), asyncio.Event(), tmp_path)
    assert (await client.get("/readyz")).json()["checks"]["disk"] == "ok"
    monkeypatch.setattr(readiness, "LEAST_ROOM", 10**18)
    assert problem(await client.get("/readyz"), 503)["checks"]["disk"] == "full"
    gone = client_of(database, Around(), asyncio.Event(), tmp_path / "gone")
    assert problem(await gone.get("/readyz"), 503)["checks"]["disk"] == "the folder gone is not there"


async def test_a_database_that_is_away_is_told_and_the_process_stays_alive() -> None:
    database = Database("postgresql://threadline:password@127.0.0.1:1/threadline")  # nobody listens there
    client = client_of(database, Around(), asyncio.Event())
    told = problem(await client.get("/readyz"), 503)
    assert told["checks"]["database"] == "cannot be reached"
    assert "password" not in str(told)
    assert Alive.model_validate((await client.get("/healthz")).json()).status == "ok"
    await database.close()


async def test_asking_often_looks_at_the_database_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    async def current(_: Database) -> str:
        looks.append(1)
        return migrate.newest()

    monkeypatch.setattr(migrate, "current", current)
    client = client_of(Database(f"sqlite:///{tmp_path}/x.db"), Around(), asyncio.Event())
    answers = await asyncio.gather(*[client.get("/readyz") for _ in range(20)])
    assert {answer.status_code for answer in answers} == {200}
    assert len(looks) == 1


def figures(text: str) -> dict[str, float]:
    return {
        sample.name + str(sorted(sample.labels.items()) or ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_the_figures_count_calls_and_hold_nothing_personal(service: Service) -> None:
    async with service.allowed() as client:
        await service.register(client)
        call_id = await service.call(Caller(LANDLINE))
        await service.house.calls.handle(call_id, CallerHungUp())
        await service.house.calls.hung_up("asterisk", "ref-1")  # told again: counted once
        await service.call(WITHHELD, "ref-2")
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    told = figures(answer.text)
    assert told["threadline_calls_started_total[('channel', 'asterisk')]"] == 2
    ended = [value for name, value in told.items() if name.startswith("threadline_calls_ended_total")]
    assert ended == [1]
    assert told["threadline_turn_seconds_count[('channel', 'asterisk')]"] == 3
    assert told["threadline_desk_pages_open"] == 0
    for private in (LANDLINE[3:], call_id, "Anna", "crm-1"):
        assert private not in answer.text


async def test_the_figures_count_wrong_codes_and_lockouts(service: Service) -> None:
    for number in range(12):
        call_id = await service.call(Caller(LANDLINE), f"ref-{number}")
        await service.house.calls.handle(call_id, DigitsEntered(make(10, random_digits)))
    async with service.allowed() as client:
        told = figures((await client.get("/metrics")).text)
    assert told["threadline_wrong_codes_total"] == 10
    assert [told[f"threadline_code_lockouts_total[('by', '{by}')]"] for by in By] == [0, 2, 0, 0]


def test_the_figures_count_hearings_by_how_they_ended() -> None:
    metrics = Metrics()
    for result, seconds in (("heard", 0.45), ("heard", 0.2), ("lost", 6.0)):
        metrics.hearing(result, seconds)
    told = figures(metrics.text().decode())
    assert told["threadline_hearing_seconds_count[('result', 'heard')]"] == 2
    assert told["threadline_hearing_seconds_sum[('result', 'lost')]"] == 6


@pytest.mark.parametrize(
    ("peer", "host", "headers", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8080", {}, 200),
        ("::1", "localhost:8080", {}, 200),
        ("192.0.2.1", "127.0.0.1:8080", {}, 401),
        ("127.0.0.1", "127.0.0.1:8080", {"X-Forwarded-For": "192.0.2.1"}, 401),
        ("127.0.0.1", "127.0.0.1:8080", {"Forwarded": "for=192.0.2.1"}, 401),
        ("127.0.0.1", "calls.example.com", {}, 401),
    ],
)
async def test_figures_are_for_this_machine_or_a_key(
    service: Service, peer: str, host: str, headers: dict[str, str], status: int
) -> None:
    transport = httpx.ASGITransport(service.app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert (await client.get("/metrics", headers={"Host": host, **headers})).status_code == status
        key = await service.key("calls:read")
        allowed = await client.get("/metrics", headers={"Host": host, **headers, "Authorization": f"Bearer {key}"})
        assert allowed.status_code == 200


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True)]
    + [(name, False) for name in ("", "0.0.0.0", "192.0.2.1", "localhost.example.com", "testclient")],
)
def test_loopback_is_told_from_everything_else(host: str, here: bool) -> None:
    assert is_loopback(host) is here
