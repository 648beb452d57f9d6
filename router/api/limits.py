"""What is refused of any request before it is looked at: bodies too large or too slow, and addresses with NUL."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.api.problems import ProblemDocument
from router.errors import bad_request

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """``largest`` in bytes. The whole body has to be there within ``seconds``; with ``each`` any part of it, since a
    long one may well take its time as long as it goes on coming."""

    largest: int
    seconds: float
    each: bool = False


USUAL: Final = BodyLimit(MIB, 20.0)
IMPORT: Final = BodyLimit(512 * MIB, 30.0, each=True)
"""Files of messages: about a million rows."""


class BodyLimits:
    """ASGI middleware; ``special`` are the limits of paths that differ from ``usual``.

    Refuses with 413 and 408, by an exception that FastAPI lets through from the reading of a body.
    """

    def __init__(self, app: ASGIApp, usual: BodyLimit = USUAL, special: Mapping[str, BodyLimit] | None = None) -> None:
        self._app = app
        self._usual = usual
        self._special = dict(special or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._special.get(scope["path"], self._usual)
        await self._app(scope, _Body(limit, scope, receive).receive, send)


class PlainAddresses:
    """ASGI middleware that refuses (400) an address with NUL in it: no id has one, and PostgreSQL takes none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            refused = bad_request("The address holds the character NUL, which nothing here is named by.")
            await ProblemDocument(refused)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _Body:
    """Counts and times one request's body. Once it is whole, waiting for the client to go has no limit."""

    def __init__(self, limit: BodyLimit, scope: Scope, receive: Receive) -> None:
        self._limit = limit
        self._receive = receive
        self._announced = _announced(scope)
        self._received = 0
        self._whole = False
        self._until: float | None = None

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        self._check(max(self._announced, self._received))
        message = await self._next()
        self._received += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        self._check(self._received)
        return message

    async def _next(self) -> Message:
        now = asyncio.get_running_loop().time()
        if self._until is None or self._limit.each:
            self._until = now + self._limit.seconds
        try:
            async with asyncio.timeout_at(self._until):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408, "The body did not come in time.", {"Connection": "close"}) from None

    def _check(self, size: int) -> None:
        if size > self._limit.largest:
            detail = f"The body is larger than {self._limit.largest} bytes."
            raise HTTPException(413, detail, {"Connection": "close"})


def _announced(scope: Scope) -> int:
    """The length the client told beforehand; 0 where it did not (it may send in chunks)."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) <= 18:
            return int(value)
    return 0
