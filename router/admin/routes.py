"""The administration's lists. All of them only read; files of messages go to `POST /v1/messages/import`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from pydantic import TypeAdapter, ValidationError

from router.core.match import Match
from router.core.times import rfc3339
from router.engine.session import Trace, session_from_json
from router.errors import bad_request, not_found
from router.matching.codes import grouped
from router.store import admin as lists
from router.store import calls, people, speech_recordings
from router.store.admin import Cursor
from router.store.database import Connection, Database
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.person import Person
from router.web.reads import Reads
from router.web.texts import Texts

PAGE: Final = 50

_MATCH = TypeAdapter(Match)
_log = structlog.get_logger(__name__)


class Recordings(Protocol):
    """See `router.speech.kept.KeptSpeech`."""

    def file(self, name: str) -> Path | None: ...
    def seconds(self, name: str) -> float | None: ...


class Messages(Protocol):
    """See `router.messages.registrar.Registrar`."""

    async def stored(self, message_id: str) -> dict[str, Any] | None: ...


_List = Callable[[Connection, int, Cursor | None], Awaitable[Sequence[Any]]]


def routes(
    *,
    database: Database,
    guard: Guard,
    pages: Pages,
    messages: Messages,
    recordings: Recordings,
    reads: Reads,
) -> APIRouter:
    """`/admin…`, for admins."""
    router = APIRouter(prefix="/admin", include_in_schema=False)

    async def listed(
        request: Request, person: Person, template: str, rows_of: _List, time: str, before: str, **more: Any
    ) -> Response:
        async with database.read(long=True) as connection:
            rows = await rows_of(connection, PAGE + 1, _cursor(before))
        shown = rows[:PAGE]
        older = f"{getattr(shown[-1], time).isoformat()}~{shown[-1].id}" if len(rows) > PAGE else None
        return pages.page(request, template, person, rows=shown, older=older, before=before, **more)

    @router.get("")
    async def start(_: Person = Depends(guard.admin)) -> Response:
        return RedirectResponse("/admin/calls", 303)

    @router.get("/calls")
    async def call_list(request: Request, before: str = "", person: Person = Depends(guard.admin)) -> Response:
        return await listed(request, person, "admin/calls.html", lists.calls_page, "started_at", before)

    @router.get("/calls/{call_id}")
    async def call(request: Request, call_id: str, person: Person = Depends(guard.admin)) -> Response:
        async with database.read() as connection:
            row = await calls.by_id(connection, call_id)
            if row is None:
                raise not_found("There is no such call.", "no_such_call")
            match = _match_of(row)
            wanted = {each.message_id for each in match.candidates} if match else set()
            titles = await lists.message_titles(connection, wanted)
            agent = await people.by_id(connection, row.agent_id) if row.agent_id else None
            said = await speech_recordings.of_call(connection, call_id)
        values: dict[str, Any] = {
            "call": row,
            "match": match,
            "titles": titles,
            "agent": agent,
            "trace": _trace_of(row),
            "recordings": [(each, recordings.seconds(each.recording)) for each in said],
        }
        await reads.note("call.seen", "call", call_id, person_id=person.id)
        return pages.page(request, "admin/call.html", person, **values)

    @router.get("/calls/{call_id}/speech/{recording_id}")
    async def recording(call_id: str, recording_id: str, person: Person = Depends(guard.admin)) -> Response:
        """What the caller said, as WAV. Who fetches it is logged."""
        async with database.read() as connection:
            row = await speech_recordings.by_id(connection, call_id, recording_id)
        file = recordings.file(row.recording) if row else None
        if row is None or file is None:
            raise not_found("There is no such recording, or no more.", "no_recording")
        _log.info("a recording of a caller was fetched", call=call_id, recording=recording_id, person=person.id)
        detail = {"recording": recording_id}
        await reads.note("recording.heard", "call", call_id, person_id=person.id, detail=detail)
        name = f"{row.created_at:%Y-%m-%d-%H%M%S}-{row.step}.wav"
        headers = {"Cache-Control": "no-store"}
        return FileResponse(file, media_type="audio/wav", filename=name, headers=headers)

    @router.get("/messages")
    async def message_list(request: Request, before: str = "", person: Person = Depends(guard.admin)) -> Response:
        script = Texts(person.language).under("admin.js.")
        more = {"script_texts": script}
        return await listed(request, person, "admin/messages.html", lists.messages_page, "created_at", before, **more)

    @router.get("/messages/{message_id}")
    async def message(request: Request, message_id: str, person: Person = Depends(guard.admin)) -> Response:
        found = await messages.stored(message_id)
        if found is None:
            raise not_found("There is no such message.", "no_such_message")
        await reads.note("message.seen", "message", message_id, person_id=person.id)
        code = found["callback_code"]
        return pages.page(request, "admin/message.html", person, message=found, code=grouped(code) if code else None)

    @router.get("/voicemails")
    async def voicemail_list(request: Request, before: str = "", person: Person = Depends(guard.admin)) -> Response:
        return await listed(request, person, "admin/voicemails.html", lists.voicemails_page, "created_at", before)

    return router


def _cursor(before: str) -> Cursor | None:
    """Where a list goes on: ``TIME~ID`` of the last row seen. Raises `Refused` (400)."""
    if not before:
        return None
    # A plus sign in an address means a blank unless it is escaped.
    time, _, row_id = before.replace(" ", "+").partition("~")
    try:
        return Cursor(rfc3339(time), row_id)
    except ValueError:
        raise bad_request("before is not the end of a page; go back to the beginning of the list.") from None


def _match_of(row: Any) -> Match | None:
    if row.match is None:
        return None
    try:
        return _MATCH.validate_python(row.match)
    except ValidationError:
        _log.error("stored match is unreadable", call=row.id)
        return None


def _trace_of(row: Any) -> tuple[Trace, ...]:
    try:
        return session_from_json(row.session).trace
    except ValidationError:
        _log.error("stored session is unreadable", call=row.id)
        return ()
