"""`POST /v1/messages/import`: a file of messages in, a line for each row out, as it is stored."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from router.api.bodies import media_type, unsupported
from router.api.description import FieldError, refers_to, says
from router.api.keys import Allowed
from router.api.spool import SpooledAnswer
from router.errors import Refused, unprocessable
from router.messages.imports import RowOutcome, import_rows
from router.messages.reading import Format
from router.messages.registrar import Registrar

PATH: Final = "/v1/messages/import"
NDJSON: Final = "application/x-ndjson"
AT_ONCE: Final = 2
PIECE: Final = 16 * 1024
"""Bytes, some dozens of rows, after which an import asks whether it is to wait."""

Pause = Callable[[], Awaitable[None]]

_FORMATS: Final[dict[str, Format]] = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
}
_CSV_EXAMPLE: Final = (
    "external_id;channel;to_phone;customer_name;offer_title;offer_valid_until;offer_facts.Preis\n"
    "crm-1;sms;0171 3920011;Anna Beispiel;Ökostrom 12 Monate;2026-12-31T23:59:59+01:00;29,90 €\n"
)
_TAKES: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": _CSV_EXAMPLE},
            NDJSON: {"schema": {"type": "string"}, "description": "A message as in `POST /v1/messages` on each line."},
        },
    }
}


class ImportedRow(BaseModel):
    """A line of the answer: the handles of a message that is stored now, or what is wrong with its row.

    `row` counts from 1, a CSV's header included. A line with the field `file` in its errors is the last one: the file
    could not be read further, and no row after it was stored.
    """

    model_config = ConfigDict(extra="forbid")

    row: int
    external_id: str | None
    id: str | None = None
    callback_code: str | None = None
    reference: str | None = None
    tel_link: str | None = None
    qr_url: str | None = None
    service_number: str | None = None
    errors: list[FieldError] | None = Field(None, description="Where it stands, nothing of the row was stored.")


class _Room:
    """Counts the imports under way."""

    def __init__(self) -> None:
        self.taken = 0


def routes(registrar: Registrar, writers: Allowed, pause: Pause) -> APIRouter:
    """The import, for ``writers``. ``pause`` waits while there is too much else to do."""
    router = APIRouter(tags=["messages"])
    room = _Room()

    @router.post(
        PATH,
        operation_id="import_messages",
        responses={
            200: {
                "content": {NDJSON: {"schema": refers_to(ImportedRow)}},
                "description": "A line for each row, in the file's order.",
            },
            **says(401, 403, 408, 413, 415, 422, 503),
        },
        openapi_extra=_TAKES,
        response_class=Response,
        dependencies=[Depends(writers)],
    )
    async def import_messages(request: Request) -> Response:
        """Register the messages of a CSV file (UTF-8, or what German Excel writes; comma, semicolon or tab) or of JSON
        lines. Send the file itself as the body, with its Content-Type.

        Lines of the answer come while the file is still being read; a row's line is sent once the row is stored. Every
        row needs an `external_id`, so sending a file twice does no harm.
        """
        format_ = _FORMATS.get(media_type(request))
        if format_ is None:
            raise unsupported("text/csv", NDJSON)
        if room.taken >= AT_ONCE:
            detail = f"{AT_ONCE} files are being imported already. Send this one when they are through."
            raise Refused(503, "Busy", detail, headers={"Retry-After": "30"})
        lines = _lines(import_rows(_unhurried(request.stream(), pause), format_, registrar), room)
        # Until the first row is through, what is wrong with the file or its sending still has a status of its own.
        first = await anext(lines, b"")
        return SpooledAnswer(first, lines, NDJSON, when_full=_NOT_READ)

    return router


async def _unhurried(stream: AsyncIterator[bytes], pause: Pause) -> AsyncIterator[bytes]:
    async for piece in stream:
        for start in range(0, len(piece), PIECE):
            await pause()
            yield piece[start : start + PIECE]


async def _lines(outcomes: AsyncIterator[RowOutcome], room: _Room) -> AsyncGenerator[bytes, None]:
    """A line for each outcome. Raises `Refused` for a file of which nothing can be read or stored."""
    row = 0
    room.taken += 1
    try:
        async for outcome in outcomes:
            if outcome.stopped and row == 0:
                raise _nothing_of(outcome)
            row = outcome.row
            yield _line(outcome.as_json())
    except HTTPException as error:  # too large, too slow
        if row == 0:
            raise
        yield _line(_stopped(row + 1, f"{error.detail} No row from here on was stored."))
    finally:
        room.taken -= 1


def _nothing_of(outcome: RowOutcome) -> Refused:
    """What is wrong when the very first row is the end: the file, or, where the row could be read, the database."""
    errors = list(outcome.errors)
    if outcome.external_id is None:
        return unprocessable(f"{errors[0]['field']}: {errors[0]['message']}", errors)
    return Refused(503, "Not available", "The database cannot be reached. Nothing was stored; send the file again.")


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _stopped(row: int, message: str) -> dict[str, Any]:
    return {"row": row, "external_id": None, "errors": [{"field": "file", "message": message}]}


_NOT_READ: Final = _line(
    _stopped(0, "Too much of the answer was not read; the import was stopped. Read it while sending, and send again.")
)
