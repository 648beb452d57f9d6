"""`POST /v1/messages/{id}/status` and `POST /v1/messages/status`: what became of messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from router.api.bodies import Answer, json_body, json_bytes
from router.api.description import FieldError, refers_to, says, takes
from router.api.keys import Allowed
from router.api.turns import Turns
from router.core.json_text import strict_json
from router.errors import bad_request, not_found, unprocessable
from router.messages.delivery import (
    MOST_REPORTS,
    MessageState,
    NamedReport,
    StatusReport,
    errors_of,
    record,
)
from router.messages.fields import is_storable
from router.messages.registration import FieldErrors, field_errors
from router.store.database import Database

_LONGEST_ID: Final = 200
_EXAMPLE: Final = {"status": "delivered", "at": "2026-11-20T10:00:07+01:00"}
_EXAMPLES: Final = [
    {"external_id": "crm-2026-000123", **_EXAMPLE},
    {"external_id": "crm-2026-000124", "status": "read"},
]


class ReportedMessage(BaseModel):
    """What is known of a message after a report."""

    model_config = ConfigDict(extra="forbid")

    id: str
    external_id: str | None
    delivery: Annotated[str | None, Field(description="sent, delivered, read or failed; null: not told")]
    delivery_at: str | None
    answered_at: Annotated[str | None, Field(description="When somebody had called about it, or it was settled.")]


class ReportOutcome(BaseModel):
    """What became of one report of a list: the message as it is now, or what is wrong with the report."""

    model_config = ConfigDict(extra="forbid")

    id: str | None
    external_id: str | None
    delivery: str | None = None
    delivery_at: str | None = None
    answered_at: str | None = None
    errors: list[FieldError] | None = Field(None, description="Where it stands, nothing of the report was stored.")


_LIST: Final = {"type": "array", "items": refers_to(NamedReport), "minItems": 1, "maxItems": MOST_REPORTS}
_TAKES_LIST: Final = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _LIST, "example": _EXAMPLES}}}
}


def routes(database: Database, clock: Callable[[], datetime], turns: Turns, writers: Allowed) -> APIRouter:
    """Reports by ``writers``."""
    router = APIRouter(prefix="/v1/messages", tags=["messages"], dependencies=[Depends(writers)])

    @router.post(
        "/{message_id}/status",
        operation_id="report_message",
        responses={200: {"model": ReportedMessage}, **says(400, 401, 403, 404, 413, 415, 422)},
        openapi_extra=takes(StatusReport, _EXAMPLE),
    )
    async def report(request: Request, message_id: str) -> Answer:
        """Tell how far a message got, or that it was answered. Repeats and late reports do no harm."""
        told = await json_body(request, StatusReport)
        if wrong := errors_of(told, clock()):
            raise unprocessable(f"{wrong[0]['field']}: {wrong[0]['message']}", wrong)
        state = None
        if is_storable(message_id) and len(message_id) <= _LONGEST_ID:
            async with turns.one():
                (state,) = await record(database, [(("id", message_id), told)], clock())
        if state is None:
            raise not_found("There is no such message.")
        return Answer(state.as_json())

    @router.post(
        "/status",
        operation_id="report_messages",
        responses={
            200: {"model": list[ReportOutcome], "description": "The outcome of each report, in their order."},
            **says(400, 401, 403, 413, 415, 422),
        },
        openapi_extra=_TAKES_LIST,
    )
    async def report_many(request: Request) -> Answer:
        """Tell what became of up to 1000 messages, by `id` or `external_id`. Each report has an outcome of its own."""
        now = clock()
        entries = _entries(await json_bytes(request))
        read = [_read(entry, now) for entry in entries]
        good = [(each.message, each) for each in read if isinstance(each, NamedReport)]
        async with turns.one():
            states = iter(await record(database, good, now))
        outcomes = [
            _outcome(each, next(states)) if isinstance(each, NamedReport) else _refused(entry, each)
            for entry, each in zip(entries, read, strict=True)
        ]
        return Answer(outcomes)

    return router


def _entries(body: bytes) -> Sequence[Any]:
    try:
        content = strict_json(body)
    except ValueError as error:
        raise bad_request(f"This is not JSON: {error}.") from None
    if not isinstance(content, list) or not 1 <= len(content) <= MOST_REPORTS:
        wrong = f"has to be a list of 1 to {MOST_REPORTS} reports"
        raise unprocessable(f"The body {wrong}.", [{"field": "body", "message": wrong}])
    return content


def _read(entry: Any, now: datetime) -> NamedReport | FieldErrors:
    try:
        report = NamedReport.model_validate(entry)
    except ValidationError as error:
        return field_errors(error)
    return errors_of(report, now) or report


def _outcome(report: NamedReport, state: MessageState | None) -> dict[str, Any]:
    if state is not None:
        return state.as_json()
    field, name = report.message
    errors = [{"field": field, "message": "there is no such message"}]
    return {"id": None, "external_id": None, field: name, "errors": errors}


def _refused(entry: Any, errors: FieldErrors) -> dict[str, Any]:
    """What is wrong with a report, with its names as far as they can be told."""
    names = {field: entry.get(field) if isinstance(entry, dict) else None for field in ("id", "external_id")}
    told = {field: name if _can_be_told(name) else None for field, name in names.items()}
    return {**told, "errors": errors}


def _can_be_told(name: Any) -> bool:
    return isinstance(name, str) and len(name) <= _LONGEST_ID and is_storable(name)
