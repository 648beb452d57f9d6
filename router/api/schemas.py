"""The JSON Schemas of flows and shared files at addresses that stay the same, for editors. They are no secret."""

from __future__ import annotations

import hashlib
import json
from functools import cache

from fastapi import APIRouter, Request, Response

from router.flow.schema import NAMES, path_of, schema

_CACHE_CONTROL = "public, max-age=3600"


def routes() -> APIRouter:
    """`GET` and `HEAD /schemas/flow-1.json` and `/schemas/shared-1.json`, with an `ETag`."""
    router = APIRouter(tags=["schemas"])
    for name in NAMES:
        _add(router, name)
    return router


@cache
def _written(name: str) -> str:
    """As JSON. Making it takes a tenth of a second, and it is the same as long as the process lives."""
    return json.dumps(schema(name), ensure_ascii=False)


def _add(router: APIRouter, name: str) -> None:
    text = _written(name)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"Cache-Control": _CACHE_CONTROL, "ETag": etag, "Access-Control-Allow-Origin": "*"}

    @router.api_route(path_of(name), methods=["GET", "HEAD"], operation_id=f"schema_{name}")
    async def answer(request: Request) -> Response:
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(text, media_type="application/schema+json", headers=headers)
