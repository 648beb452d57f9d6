"""Each request: how long its answer took to begin, and an id of its own in the log and in the answer's headers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from itertools import count
from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router import traces
from router.logs import about

Told = Callable[[str, int, float], None]
"""Told of an answer: the part of the service, the status, and the seconds until it began."""

AREAS: Final = ("v1", "desk", "admin", "supervisor", "channels", "testphone", "prompts", "static", "sign-in", "account")
"""The parts of the service that are told apart: the first word of an address."""
OTHER: Final = "other"
HEADER: Final = b"x-request-id"
_TRACE: Final = (b"traceparent", b"tracestate")

_SUBJECTS: Final = re.compile(r"/(call|card|message)s/([0-9a-f]{32})(?=/|$)")


class Requests:
    """ASGI middleware. What an event stream sends after its beginning does not count. No id is taken from the client:
    it could be anything."""

    def __init__(self, app: ASGIApp, told: Told) -> None:
        self._app = app
        self._told = told
        self._number = count(1)
        self._run = secrets.token_hex(4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, told, path = perf_counter(), self._told, scope["path"]
        request, area = f"{self._run}-{next(self._number):x}", area_of(path)
        # Each request is a task of its own: what is said here ends with it.
        about(request=request, **dict(_SUBJECTS.findall(path)))

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                told(area, message["status"], perf_counter() - begun)
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, request.encode())]}
            await send(message)

        if not traces.on():
            await self._app(scope, receive, timed)
            return
        # Whose trace it is part of, the client may say; an event stream has a span until it ends.
        around = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"] if name in _TRACE}
        with traces.span(f"{scope['method']} /{area}", "server", around, http__request__method=scope["method"]) as span:
            span.tell("threadline.request.id", request)
            if (trace := traces.current_id()) is not None:
                about(trace=trace)
            await self._app(scope, receive, timed)
            if route := getattr(scope.get("route"), "path", None):
                span.tell("http.route", route)


def area_of(path: str) -> str:
    """The part of the service that an address belongs to, one of few whatever is asked for."""
    first = path[1:].partition("/")[0]
    return first if first in AREAS else OTHER
