"""An application with the sign-in pages on a fresh database, a clock that stands still, and no waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from router.errors import Refused
from router.store import people
from router.store.bus import Bus
from router.store.database import Database
from router.web.assets import Assets
from router.web.ending import Ending
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.passwords import Passwords
from router.web.routes import install, routes
from router.web.sign_in import SignIn

ORIGIN = "http://127.0.0.1:8080"
PASSWORD = "correct horse battery"
SOURCES = (
    "style.css",
    "page.js",
    "link.js",
    "desk.js",
    "supervisor.js",
    "todo.js",
    "testphone.js",
    "recorder.js",
    "admin.js",
    "floweditor.js",
    "images/icon.svg",
)


class Clock:
    """Stands still until it is moved on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)


class Sleeps:
    """Remembers how long one was to wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass
class House:
    """What the pages stand on."""

    database: Database
    bus: Bus
    clock: Clock
    sleeps: Sleeps
    sign_in: SignIn
    guard: Guard
    pages: Pages
    app: FastAPI
    labels: dict[tuple[str, str | None], dict[str, str]]
    """What people call queues and results."""
    left: list[str] = field(default_factory=list)

    async def add(self, login: str, role: str = "agent", language: str = "de", password: str | None = PASSWORD) -> str:
        values = {
            "id": f"id-{login}",
            "login": login,
            "name": f"{login.title()} Muster",
            "role": role,
            "language": language,
            "password_hash": Passwords(FAST).hash(password) if password else None,
            "queues": ["sales"],
            "presence": "off",
            "created_at": self.clock(),
        }
        async with self.database.begin() as connection:
            assert await people.add(connection, values)
        return str(values["id"])

    def client(self, address: str = "192.0.2.1", **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN, **headers})

    @asynccontextmanager
    async def signed_in(
        self, login: str = "anna", role: str = "agent", language: str = "de"
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A client with a session of a new person."""
        await self.add(login, role, language)
        async with self.client() as client:
            answer = await client.post("/sign-in", data={"login": login, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            yield client


FAST = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    clock, sleeps, bus = Clock(), Sleeps(), Bus()
    sign_in = SignIn(database, Passwords(FAST), clock, key=b"k" * 32, sleep=sleeps)
    assets = Assets({name: f"/static/assets/{name}" for name in SOURCES}, tmp_path)
    labels: dict[tuple[str, str | None], dict[str, str]] = {}

    def labels_of(queue: str, result: str | None = None, /) -> dict[str, str]:
        return labels.get((queue, result), {})

    guard, pages, app = Guard(sign_in, ORIGIN), Pages(assets, labels_of), FastAPI()
    house = House(database, bus, clock, sleeps, sign_in, guard, pages, app, labels)

    async def left(person_id: str) -> None:
        house.left.append(person_id)

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        return JSONResponse({"detail": error.detail}, error.status)

    install(app, assets)
    ending = Ending(sign_in, guard, bus, left)
    app.include_router(routes(database=database, sign_in=sign_in, guard=guard, pages=pages, ending=ending))
    return house
