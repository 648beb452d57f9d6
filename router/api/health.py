"""Whether the service is alive, whether it can take calls, and its figures."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, Protocol

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from router.api.description import says
from router.api.keys import Allowed
from router.api.metrics import CONTENT_TYPE, Metrics
from router.errors import Refused
from router.store import migrate
from router.store.database import Database

CHECK_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 1.0
"""An answer is kept so long: nobody may keep the database busy by asking."""

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """What the service needs is there. `ami` is information: without it calls are taken, but agents' phones are not
    followed."""

    status: Literal["ready"]
    checks: dict[str, str]


class Connected(Protocol):
    """What is needed of `router.agents.ami.Ami`."""

    @property
    def connected(self) -> bool: ...


class Readiness:
    """Looks whether calls can be taken. ``agi_listens`` is None where this process has no FastAGI server."""

    def __init__(
        self,
        database: Database,
        agi_listens: Callable[[], bool] | None,
        ami: Connected | None,
        stopping: asyncio.Event,
    ) -> None:
        self._database = database
        self._agi_listens = agi_listens
        self._ami = ami
        self._stopping = stopping
        self._wanted = migrate.newest()
        self._turn = asyncio.Lock()
        self._known = ""
        self._looked_at = float("-inf")

    async def checks(self) -> tuple[bool, dict[str, str]]:
        """Whether all is there, and the state of each part."""
        checks = {"database": await self._database_state(), "fastagi": self._agi_state(), "ami": self._ami_state()}
        if self._stopping.is_set():
            checks["service"] = "stopping"
        needed = checks["database"] == "ok" and checks["fastagi"] != "not listening"
        return needed and not self._stopping.is_set(), checks

    async def _database_state(self) -> str:
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if now - self._looked_at >= KEPT_SECONDS:
                self._known = await self._look()
                self._looked_at = asyncio.get_running_loop().time()
            return self._known

    async def _look(self) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                current = await migrate.current(self._database)
        except Exception:  # whatever a driver raises, the answer is the same
            return "cannot be reached"
        return "ok" if current == self._wanted else "not at this version's schema; run `threadline db upgrade`"

    def _agi_state(self) -> str:
        if self._agi_listens is None:
            return "not in this process"
        return "listening" if self._agi_listens() else "not listening"

    def _ami_state(self) -> str:
        if self._ami is None:
            return "not set up"
        return "connected" if self._ami.connected else "not connected"


def routes(readiness: Readiness, metrics: Metrics, figures_allowed: Callable[..., Awaitable[None]]) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", operation_id="healthz", response_model=Alive)
    async def healthz() -> dict[str, str]:
        """The process is alive. Says nothing about what it depends on: ask `/readyz` for that."""
        return {"status": "ok"}

    @router.get("/readyz", operation_id="readyz", response_model=Ready, responses=says(503))
    async def readyz() -> dict[str, Any]:
        """Calls can be taken: the database answers and has the right schema, and FastAGI listens."""
        ready, checks = await readiness.checks()
        if not ready:
            detail = "Calls cannot be taken: " + "; ".join(f"{name} {state}" for name, state in checks.items())
            raise Refused(503, "Not ready", detail, more={"checks": checks}, headers={"Retry-After": "2"})
        return {"status": "ready", "checks": checks}

    @router.get(
        "/metrics",
        operation_id="metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}, **says(401, 403)},
        dependencies=[Depends(figures_allowed)],
    )
    async def figures() -> Response:
        """Figures for Prometheus, without anything personal.

        From the machine itself, not through a proxy, they are read without a key as long as the service listens on
        loopback; from elsewhere with a key of scope `calls:read`.
        """
        return Response(metrics.text(), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    return router


def from_here_or(allowed: Allowed, host: str) -> Callable[..., Awaitable[None]]:
    """A dependency for `/metrics`: this machine itself may read without a key while the service listens on ``host`` and
    that is loopback; everybody else has to be ``allowed``.

    A proxy on this machine comes from loopback, too; it is told by the headers it adds and by the name asked for, which
    also keeps out a web page whose name was made to lead here.
    """
    on_loopback = is_loopback(host)

    async def check(request: Request) -> None:
        if not (on_loopback and _from_here(request)):
            await allowed(request)

    return check


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    name = host.strip("[]").lower()
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _from_here(request: Request) -> bool:
    peer = request.client.host if request.client else ""
    direct = not any(name in request.headers for name in _FORWARDED)
    return direct and is_loopback(peer) and is_loopback(request.url.hostname or "")
