"""The whole application on a database of its own, with a clock that stands still, and clients for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from router import app as composition
from router.agents.people import NewPerson, add
from router.api.keys import SCOPES, create_key
from router.app import House
from router.app_agents import agents_of
from router.core.events import Caller, CallStarted
from router.settings import load
from router.web.passwords import Passwords
from router.web.sign_in import SignIn
from router.web_app import web_app
from tests.web.conftest import FAST

FLOWS = Path(__file__).parents[2] / "ivr_flows"
ORIGIN = "http://127.0.0.1:8080"
SECRET = "a secret of the tests, long enough to pass"
MOBILE, LANDLINE = "+491713920011", "+493023125011"
SERVICE_NUMBER = "+493023125000"
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

MESSAGE: dict[str, Any] = {
    "external_id": "crm-1",
    "channel": "sms",
    "to": {"phone": MOBILE},
    "customer": {"external_id": "K-1", "name": "Anna Beispiel", "language": "de", "phones": ["030/23125-011"]},
    "offer": {
        "title": "Ökostrom 12",
        "summary": "Preisgarantie",
        "valid_from": "2026-03-01T00:00:00+01:00",
        "valid_until": "2026-03-31T23:59:59+02:00",
        "queue": "sales",
        "skills": ["energy"],
        "url": "https://example.com/o/1",
        "facts": {"Preis": "29,90 €", "Kontonummer": {"value": "12345678", "sensitive": True}},
    },
    "body": "Ihr Angebot",
    "reference": "A-4711",
    "campaign": "spring",
    "sent_at": "2026-03-02T10:00:00+01:00",
}


class Clock:
    """Stands still until it is moved on."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Service:
    """A running application and what it stands on."""

    house: House
    app: FastAPI
    clock: Clock
    stopping: asyncio.Event

    async def beside(self) -> Service:
        """Another process with the same database, as far as the pages and the API go."""
        prompts = await composition.prompt_store(self.house.settings)
        return replace(self, app=web_app(self.house, agents_of(self.house), prompts, self.stopping))

    async def key(self, *scopes: str) -> str:
        async with self.house.database.begin() as connection:
            return await create_key(connection, "tests", scopes or SCOPES, self.clock())

    def client(self, **headers: str) -> httpx.AsyncClient:
        return self.client_from("192.0.2.1", **headers)

    def client_from(self, address: str, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    @asynccontextmanager
    async def allowed(self, *scopes: str) -> AsyncIterator[httpx.AsyncClient]:
        """A client with a key for ``scopes``, or for all."""
        async with self.client(Authorization=f"Bearer {await self.key(*scopes)}") as client:
            yield client

    @asynccontextmanager
    async def signed_in(self, role: str) -> AsyncIterator[httpx.AsyncClient]:
        """A browser on our own pages."""
        async with self.house.database.begin() as connection:
            person = NewPerson(login=role, name=role, role=role)
            person_id = await add(connection, person, self.house.settings.queues, self.clock())
        async with self.client(Origin=ORIGIN) as browser:
            link = await self._link(person_id)
            answer = await browser.post("/sign-in/link", data={"token": link.partition("#")[2]})
            assert answer.status_code == 303, answer.text
            yield browser

    async def _link(self, person_id: str) -> str:
        sign_in = SignIn(self.house.database, Passwords(FAST), self.clock, key=b"k" * 32)
        return await sign_in.make_link(person_id, "/desk")

    async def register(self, client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
        answer = await client.post("/v1/messages", json=MESSAGE | fields)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def call(self, caller: Caller, ref: str = "ref-1", channel: str = "asterisk") -> str:
        turn = await self.house.calls.begin(channel, ref, CallStarted(channel, caller, SERVICE_NUMBER))
        return turn.call_id


@asynccontextmanager
async def running(folder: Path, database_url: str, **settings: Any) -> AsyncIterator[Service]:
    """A service with its files in ``folder`` and the database there."""
    over = {"data_dir": folder, "database": database_url, "secret": SECRET, "flows": FLOWS}
    chosen = load({}, folder, **(over | {"service_number": SERVICE_NUMBER} | settings))
    clock, stopping = Clock(), asyncio.Event()
    async with composition.assembled(chosen, clock) as house:
        agents = agents_of(house)
        prompts = await composition.prompt_store(chosen)
        await prompts.open()
        try:
            yield Service(house, web_app(house, agents, prompts, stopping), clock, stopping)
        finally:
            await prompts.aclose()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document, which it has to be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (told["status"], told["type"]) == (status, "about:blank")
    assert told["title"]
    assert told["detail"]
    return told


def fields(told: dict[str, Any]) -> Sequence[str]:
    """The wrong fields that a problem document names."""
    return [error["field"] for error in told["errors"]]
