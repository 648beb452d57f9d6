"""JSON in, hostile until it fits a model, and JSON out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from router.core.json_text import strict_json
from router.errors import Refused, bad_request, unprocessable
from router.messages.registration import field_errors

Model = TypeVar("Model", bound=BaseModel)


class Answer(JSONResponse):
    """JSON that nobody on the way keeps: most answers here are about people."""

    def __init__(self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status, {"Cache-Control": "no-store"} | dict(headers or {}))


def media_type(request: Request) -> str:
    """The type of the body, without parameters, in small letters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def json_bytes(request: Request) -> bytes:
    """The body of a request that says it is JSON. Raises `Refused` (415)."""
    kind = media_type(request)
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise unsupported("application/json")
    return await request.body()


async def json_body(request: Request, model: type[Model]) -> Model:
    """The body as ``model``. Raises `Refused`: 400 for what is not JSON, 415, 422 with one error a field."""
    body = await json_bytes(request)
    try:
        content = strict_json(body)
    except ValueError as error:
        raise bad_request(f"This is not JSON: {error}.") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        wrong = field_errors(error)
        raise unprocessable(f"{wrong[0]['field']}: {wrong[0]['message']}", wrong) from None


def unsupported(*expected: str) -> Refused:
    """415: a body in a form that is not understood."""
    detail = f"The body has to be of the type {' or '.join(expected)}; say so in the header Content-Type."
    return Refused(415, "Unsupported media type", detail, headers={"Accept-Post": ", ".join(expected)})
