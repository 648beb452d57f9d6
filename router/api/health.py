"""Whether the service is alive, whether it can take calls, and its figures."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from router.api.description import says
from router.api.keys import Allowed
from router.api.metrics import CONTENT_TYPE, Metrics
from router.api.readiness import Readiness
from router.errors import Refused

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """What calls need is there. `ami` is information: without it calls are taken, but agents' phones are not followed.
    So is `disk` with a database elsewhere: prompts that were not made yet are not heard."""

    status: Literal["ready"]
    checks: dict[str, str]


def routes(
    readiness: Readiness,
    metrics: Metrics,
    figures_allowed: Callable[..., Awaitable[None]],
    look: Callable[[], Awaitable[object]] | None = None,
) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`, before which ``look`` is awaited."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", operation_id="healthz", response_model=Alive)
    async def healthz() -> dict[str, str]:
        """The process is alive. Says nothing about what it depends on: ask `/readyz` for that."""
        return {"status": "ok"}

    @router.get("/readyz", operation_id="readyz", response_model=Ready, responses=says(503))
    async def readyz() -> dict[str, Any]:
        """Calls can be taken here: the database answers and has the right schema, FastAGI listens and is not full, the
        disk has room, the event loop is not stuck, and the service is not stopping.

        With 503 new calls should go to another process. Those that come here all the same go to the default queue.
        """
        ready, checks = await readiness.checks()
        if not ready:
            states = "; ".join(f"{name} {state}" for name, state in checks.items())
            detail = f"Calls are not decided here, callers go to the default queue: {states}"
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
        if look is not None:
            await look()
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
