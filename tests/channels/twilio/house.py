"""A house with a database of its own, behind Twilio's webhooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import select

from router.calls.answers import Answering
from router.calls.handle import Calls
from router.channels.twilio.routes import routes
from router.core.events import Caller
from router.core.match import Match
from router.errors import Refused
from router.flow.load import load_file
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.settings import Settings
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import calls as calls_table
from router.store.tables import voicemails
from tests.channels.twilio.phone import PUBLIC_URL, TOKEN

FLOW = load_file(Path(__file__).parents[3] / "ivr_flows" / "hotline.yaml")
OPEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CLOSED = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)


@dataclass
class House:
    """``matches`` is what matching answers, in order; ``asked`` whose calls it was asked about."""

    database: Database
    calls: Calls
    client: httpx.AsyncClient
    matches: list[Match]
    asked: list[Caller] = field(default_factory=list)
    now: datetime = OPEN

    async def rows(self, table: Any = calls_table) -> list[Any]:
        async with self.database.read() as connection:
            return list((await connection.execute(select(table))).all())

    async def messages(self) -> list[Any]:
        return await self.rows(voicemails)

    async def session(self) -> Any:
        (row,) = await self.rows()
        return (await self.calls.turn(row.id)).session


def settings(**over: Any) -> Settings:
    return Settings(**{"public_url": PUBLIC_URL, "twilio_auth_token": TOKEN, **over})


def make_calls(database: Database, clock: Callable[[], datetime], answers: Answering | None = None) -> Calls:
    flows = Flows({"hotline": FLOW}, {}, "hotline")
    return Calls(database, Bus(), flows, CodeKeys("s" * 32), clock, answers=answers)


def application(calls: Any, set_up: Settings, **more: Any) -> FastAPI:
    app = FastAPI()
    app.include_router(routes(calls, set_up, **more))

    @app.exception_handler(Refused)
    async def _(_request: Request, refused: Refused) -> JSONResponse:
        problem = {"title": refused.title, "status": refused.status, "detail": refused.detail}
        return JSONResponse(problem, refused.status, media_type="application/problem+json")

    return app


def client_for(app: FastAPI) -> httpx.AsyncClient:
    """Not through the public address: what a proxy in front of us makes of it must not matter."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")
