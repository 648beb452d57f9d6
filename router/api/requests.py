"""Each request: how long its answer took to begin, and a name of its own in the log."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Told = Callable[[str, int, float], None]
"""Told of an answer: the part of the service, the status, and the seconds until it began."""

AREAS: Final = ("v1", "desk", "admin", "supervisor", "channels", "testphone", "prompts", "static", "sign-in", "account")
"""The parts of the service that are told apart: the first word of an address."""
OTHER: Final = "other"


class Requests:
    """ASGI middleware. What an event stream sends after its beginning does not count."""

    def __init__(self, app: ASGIApp, told: Told) -> None:
        self._app = app
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, told, area = perf_counter(), self._told, area_of(scope["path"])

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                told(area, message["status"], perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, timed)


def area_of(path: str) -> str:
    """The part of the service that an address belongs to, one of few whatever is asked for."""
    first = path[1:].partition("/")[0]
    return first if first in AREAS else OTHER
