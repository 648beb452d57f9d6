"""Routes whose bodies FastAPI reads, which would take what is not quite JSON."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from json import JSONDecodeError
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from router.core.json_text import strict_json


class StrictJsonRoute(APIRoute):
    """For the ``route_class`` of an `APIRouter`: bodies are read by `strict_json`, else answered as no JSON (400)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(_Request(request.scope, request.receive))

        return strict


class _Request(Request):
    async def json(self) -> Any:
        try:
            return strict_json(await self.body())
        except ValueError as error:
            raise JSONDecodeError(str(error), "", 0) from None
