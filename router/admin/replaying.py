"""The calls of the last days, run again on a draft before it is published."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from router.admin.editing import known_kind, needed, number_in
from router.admin.trying import NDJSON
from router.admin.turns import Turns
from router.admin.versions import refused
from router.errors import bad_request, not_found
from router.flow.model import Flow
from router.flow.problems import FlowRefused
from router.releases.releases import Releases, UnknownDraft
from router.releases.replaying import Change, Report, replay
from router.store.database import Database
from router.web.forms import read_json
from router.web.guard import Guard
from router.web.person import Person

LONGEST: Final = 31
"""Days that can be looked back."""
MOST_CHANGES: Final = 30
"""Kinds of differences shown, the most frequent first."""

_log = structlog.get_logger(__name__)


def routes(
    *, database: Database, clock: Callable[[], datetime], guard: Guard, releases: Releases, turns: Turns
) -> APIRouter:
    """`POST /admin/flows/replay/PATH`, for admins."""
    router = APIRouter(prefix="/admin/flows", include_in_schema=False)

    @router.post("/replay/{path:path}")
    async def replayed(request: Request, path: str, person: Person = Depends(guard.admin)) -> Response:
        """Runs the recorded calls of the last ``days`` on ``draft``: a line each time some have been looked at, and one
        with the report at the end."""
        known_kind(path)
        body = await read_json(request)
        days = needed(number_in(body, "days"), "days")
        if days > LONGEST:
            raise bad_request(f"days is at most {LONGEST}.")
        flow = await _flow_with(releases, needed(number_in(body, "draft"), "draft"), person.language)
        since = clock() - timedelta(days=days)
        return StreamingResponse(_told(database, flow, since, turns, person.id), media_type=NDJSON)

    return router


async def _flow_with(releases: Releases, draft_id: int, language: str) -> Flow:
    """A flow of the set in which the draft is laid over the newest release. Raises `Refused`."""
    try:
        draft = await releases.draft(draft_id)
    except UnknownDraft as error:
        raise not_found(str(error), "no_such_draft") from None
    checked = await releases.check(draft.path, draft.text)
    if checked.flow_set is None:
        raise refused(FlowRefused(checked.problems), language)
    return next(iter(checked.flow_set.flows.values()))


async def _told(database: Database, flow: Flow, since: datetime, turns: Turns, person_id: str) -> AsyncIterator[str]:
    news: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()

    async def work() -> None:
        try:
            async with turns.of(person_id):
                report = await replay(
                    database, flow, since=since, progress=lambda done, all: news.put_nowait({"done": done, "all": all})
                )
            news.put_nowait({"report": _report_shown(report)})
        except Exception as error:
            _log.warning("replay of calls failed", error=type(error).__name__)
            news.put_nowait({"failed": True})
        finally:
            news.put_nowait(None)

    task = asyncio.create_task(work())
    try:
        while (line := await news.get()) is not None:
            yield json.dumps(line) + "\n"
    finally:
        task.cancel()


def _report_shown(report: Report) -> Mapping[str, Any]:
    return {
        "all": report.looked_at,
        "same": report.same,
        "other_steps": report.other_steps,
        "other_end": report.other_end,
        "cannot_tell": report.cannot_tell,
        "changes": [_change_shown(change) for change in report.changes[:MOST_CHANGES]],
    }


def _change_shown(change: Change) -> Mapping[str, Any]:
    return {
        "verdict": change.verdict.value,
        "old": change.old_end,
        "new": change.new_end,
        "why": change.why,
        "calls": change.calls,
        "examples": [
            {"call": each.call_id, "at": each.started_at.isoformat(), "step": each.parted} for each in change.examples
        ],
    }
