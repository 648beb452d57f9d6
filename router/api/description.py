"""The OpenAPI description: shared pieces, and bodies that a room reads by itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

VERSION: Final = "1.0"
"""Of the contract, not of the program."""

_REF: Final = "#/components/schemas/{model}"

ABOUT: Final = """
Threadline ties a call to the message it answers. Register what you send, print what you get back in the message, and
ask what became of the calls.

* Every request needs an API key: `Authorization: Bearer tl_…`, made by `threadline keys create --scope …`.
* Times are RFC 3339 with an offset; numbers are E.164 in answers and may have any spelling in requests.
* Fields that are not described are refused. An optional text that is blank counts as left out.
* Errors are problem documents (RFC 9457, `application/problem+json`); wrong fields are listed in `errors`.
""".strip()


class FieldError(BaseModel):
    """One wrong field."""

    field: str = Field(examples=["offer.valid_until"])
    message: str = Field(examples=["is not a time with an offset; write it like 2026-03-31T18:00:00+02:00"])


class Problem(BaseModel):
    """A problem document (RFC 9457). `incident` names an entry of the service's log, for its operator."""

    model_config = ConfigDict(extra="allow")

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Wrong fields"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["offer.title: is missing"])
    errors: list[FieldError] | None = None
    incident: str | None = None


def refers_to(model: type[BaseModel]) -> dict[str, str]:
    """A schema that is another one; `describe` has to know the model."""
    return {"$ref": _REF.format(model=model.__name__)}


def says(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its ``responses``."""
    content = {"application/problem+json": {"schema": refers_to(Problem)}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def takes(model: type[BaseModel], *examples: dict[str, Any]) -> dict[str, Any]:
    """A JSON body that the route reads by itself, for its ``openapi_extra``; `describe` has to know the model."""
    content: dict[str, Any] = {"schema": refers_to(model)}
    if examples:
        content["examples"] = {f"example {number}": {"value": value} for number, value in enumerate(examples, 1)}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def describe(app: FastAPI, bodies: Sequence[type[BaseModel]], cookie: str) -> None:
    """Make ``app.openapi`` know ``bodies``, the problem document, what is refused everywhere, and the ``cookie`` of
    people who are signed in, beside what its routes declare."""

    models: list[type[BaseModel]] = [*bodies, Problem]

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title="Threadline", version=VERSION, description=ABOUT, routes=app.routes, tags=_TAGS)
            _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas |= definitions["$defs"]
            _drop_default_refusals(schema)
            schema["components"]["securitySchemes"][_SIGNED_IN] = {"type": "apiKey", "in": "cookie", "name": cookie}
            for path, operations in schema["paths"].items():
                for operation in operations.values():
                    _add_what_holds_everywhere(path, operation)
            app.openapi_schema = json.loads(json.dumps(schema))
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


_TAGS: Final = [
    {"name": "messages", "description": "Registering what was sent, and what a message carries so that calls find it."},
    {"name": "match", "description": "Explaining whom we would recognise."},
    {"name": "calls", "description": "What calls did."},
    {"name": "desk", "description": "The agent's page."},
    {"name": "operation", "description": "For operators and their tools."},
]


_SIGNED_IN: Final = "Signed in"
_OF_PEOPLE: Final = {"desk_events", "supervisor_events"}
"""Operations that no key is enough for."""


def _add_what_holds_everywhere(path: str, operation: dict[str, Any]) -> None:
    """What is refused before an operation is looked at, and who may come by the cookie of a page of ours."""
    refused = [400]
    if path.startswith("/v1/"):
        refused += [429, 503, *([408, 413] if "requestBody" in operation else [])]
    if operation["operationId"] in _OF_PEOPLE:
        refused += [401, 403]
        operation["security"] = [{_SIGNED_IN: []}]
        operation["responses"]["200"]["content"] = {"text/event-stream": {}}  # a schema would be one of each event
    elif "security" in operation and operation["operationId"] != "report_payment":
        operation["security"].append({_SIGNED_IN: []})
    operation["responses"] |= says(*(each for each in refused if str(each) not in operation["responses"]))


def _drop_default_refusals(schema: dict[str, Any]) -> None:
    """FastAPI describes refusals of its own form, which `problems` replaces."""
    for path in schema["paths"].values():
        for operation in path.values():
            refusal = operation.get("responses", {}).get("422", {})
            if "application/json" in refusal.get("content", {}):
                operation["responses"] |= {"422": says(422)[422]}
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
