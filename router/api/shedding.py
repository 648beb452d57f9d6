"""Who may come in at all: not too many from one address, and when there is too much to do, only what matters most.

Both are decided before a request is looked at. What an address may have is said by the setting ``requests_a_minute``;
what gives way is decided by `router.api.governor`.
"""

from __future__ import annotations

import re
from time import monotonic
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.api.governor import Governor, Work
from router.api.problems import DOCUMENTS, Answer
from router.core.rates import Rates
from router.errors import Refused, too_often
from router.web.guesses import network

_NEVER: Final = re.compile(r"/(?:channels|prompts|static)/|/(?:healthz|readyz|metrics)$")
_BULK: Final = re.compile(r"/v1/messages/import$|/v1/match/quality$|/admin/audit\.csv$|/admin/match$|"
                          r"/admin/flows/(?:check|replay|scenarios)/")  # fmt: skip
_SEARCHES: Final = re.compile(r"/desk/cards/[^/]+/search$")
_REGISTERING: Final = re.compile(r"/v1/(?:messages|payments)(?:/|$)|/desk(?:/|$)|/v1/desk/")


def work_of(path: str) -> Work:
    """What kind of work an address stands for."""
    if _NEVER.match(path):
        return Work.CALLS
    if _BULK.match(path):
        return Work.BULK
    if _SEARCHES.match(path):
        return Work.PAGES
    return Work.REGISTERING if _REGISTERING.match(path) else Work.PAGES


class Addresses:
    """ASGI middleware that refuses (429) what is too much from one address. Webhooks are not counted: their signature
    decides, and all of a provider's calls may come from one address; nor are prompts that Asterisk fetches."""

    def __init__(self, app: ASGIApp, rates: Rates, answer: Answer = DOCUMENTS) -> None:
        self._app = app
        self._answer = answer
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and work_of(scope["path"]) is not Work.CALLS:
            seconds = self._rates.wait(_address(scope), monotonic())
            if seconds:
                refused = too_often(seconds, "from this address")
                await self._answer(Request(scope), refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Shedding:
    """ASGI middleware that asks the governor for room. A request has it until its answer begins."""

    def __init__(self, app: ASGIApp, governor: Governor, answer: Answer = DOCUMENTS) -> None:
        self._app = app
        self._answer = answer
        self._governor = governor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        work = Work.CALLS if scope["type"] != "http" else work_of(scope["path"])
        if work is Work.CALLS:
            await self._app(scope, receive, send)
            return
        begun = False
        try:
            async with self._governor.room(work, _address(scope)) as leave:

                async def leaving(message: Message) -> None:
                    nonlocal begun
                    if message["type"] == "http.response.start":
                        begun = True
                        leave()
                    await send(message)

                await self._app(scope, receive, leaving)
        except Refused as refused:  # by the governor: those of the routes are answered further in
            if begun:
                raise
            await self._answer(Request(scope), refused)(scope, receive, send)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network(client[0] if client else None)
