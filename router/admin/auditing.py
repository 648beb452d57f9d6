"""The administration's page of the audit log: who saw or changed what, filtered, and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from router.store import audit, audit_notes, people
from router.store import keys as key_rows
from router.store.audit_notes import NOBODY, Asked
from router.store.database import Database
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.person import Person

PAGE: Final = 100
BITE: Final = 1000
MOST_EXPORTED: Final = 100_000
SUBJECTS: Final = (
    "audit", "call", "callback", "customer", "flow", "key", "match", "message", "payment", "person", "queue",
    "voicemail",
)  # fmt: skip
COLUMNS: Final = ("id", "at", "who", "way", "action", "subject", "subject_id", "detail")
_LONGEST: Final = 200
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection")."""
FIELDS: Final = ("who", "action", "subject", "id", "since", "until")


def routes(*, database: Database, clock: Callable[[], datetime], guard: Guard, pages: Pages) -> APIRouter:
    """`/admin/audit` and `/admin/audit.csv`, for admins. Days of the filter are days in UTC."""
    router = APIRouter(include_in_schema=False)

    @router.get("/admin/audit")
    async def page(request: Request, before: str = "", me: Person = Depends(guard.admin)) -> Response:
        fields, wrong = _fields(request)
        number = int(before) if before.isascii() and before.isdigit() and len(before) <= 18 else None
        async with database.read(long=True) as connection:
            rows = await audit_notes.found(connection, _asked(fields), PAGE + 1, number)
            values: dict[str, Any] = {
                "everybody": await people.everybody(connection),
                "keys": await key_rows.all_keys(connection),
                "actions": await audit_notes.actions(connection),
            }
        shown = rows[:PAGE]
        values |= {"rows": shown, "fields": fields, "wrong": wrong, "subjects": SUBJECTS, "nobody": NOBODY}
        values |= {"before": number, "same": urlencode({name: value for name, value in fields.items() if value})}
        values["older"] = shown[-1].id if len(rows) > PAGE else None
        return pages.page(request, "admin/audit.html", me, **values)

    @router.get("/admin/audit.csv")
    async def export(request: Request, me: Person = Depends(guard.admin)) -> Response:
        """The same as CSV, at most `MOST_EXPORTED` lines. That it was fetched is noted, too."""
        fields, _ = _fields(request)
        async with database.begin() as connection:
            detail = {name: value for name, value in fields.items() if value and name != "id"}
            await audit.note(connection, clock(), "audit.exported", "audit", None, person_id=me.id, detail=detail)
        headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "Cache-Control": "no-store"}
        return StreamingResponse(
            _lines(database, _asked(fields)), headers=headers, media_type="text/csv; charset=utf-8"
        )

    return router


async def _lines(database: Database, asked: Asked) -> AsyncIterator[str]:
    """Bite by bite, with no connection held while the reader is slow."""
    yield "\ufeff" + _line(COLUMNS)  # else a spreadsheet takes it for Latin-1
    before = None
    for _ in range(MOST_EXPORTED // BITE):
        async with database.read(long=True) as connection:
            rows = await audit_notes.found(connection, asked, BITE, before)
        yield "".join(_line(_cells(row)) for row in rows)
        if len(rows) < BITE:
            return
        before = rows[-1].id


def _cells(row: Any) -> tuple[object, ...]:
    who, way = (row.login or row.person_id, "person") if row.person_id else (row.key or row.key_id, "key")
    if row.person_id is None and row.key_id is None:
        who, way = "", "command line"
    detail = json.dumps(row.detail, ensure_ascii=False) if row.detail else ""
    return row.id, row.at.astimezone(UTC).isoformat(), who, way, row.action, row.subject, row.subject_id or "", detail


def _line(cells: tuple[object, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([harmless(str(cell)) for cell in cells])
    return text.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(_FORMULA) else cell


def _fields(request: Request) -> tuple[dict[str, str], dict[str, str]]:
    """The filter as it was filled in, and the text for each wrong field."""
    fields = {name: request.query_params.get(name, "").replace("\0", "").strip()[:_LONGEST] for name in FIELDS}
    wrong = {name: "audit.wrong.day" for name in ("since", "until") if fields[name] and _day(fields[name]) is None}
    return fields, wrong


def _asked(fields: dict[str, str]) -> Asked:
    until = _day(fields["until"])
    return Asked(
        who=fields["who"],
        action=fields["action"],
        subject=fields["subject"],
        subject_id=fields["id"],
        since=_day(fields["since"]),
        until=until + timedelta(days=1) if until else None,
    )


def _day(text: str) -> datetime | None:
    """The beginning of a day (``2026-03-02``) in UTC."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day, time(), UTC) if 2000 <= day.year < 9000 else None
