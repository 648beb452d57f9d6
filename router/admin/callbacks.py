"""The administration's page of callbacks: who is to be called, in which order, and that it was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from router.errors import bad_request
from router.store import audit
from router.store import callbacks as store
from router.store.callbacks import DONE, DROPPED, OPEN
from router.store.database import Database
from router.web.forms import read_form
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.person import Person

MOST_OPEN: Final = 500
MOST_SETTLED: Final = 20

RESULTS: Final = frozenset(
    {
        "dialled",
        "busy",
        "no_answer",
        "failed",
        "cancelled",
        "machine",
        "nobody",
        "unknown",
        "not_allowed",
        "too_late",
        "called",
    }
)
"""What may have come of the latest attempt, beside that all went well."""

_log = structlog.get_logger(__name__)


def routes(*, database: Database, clock: Callable[[], datetime], guard: Guard, pages: Pages) -> APIRouter:
    """`/admin/callbacks`, for admins."""
    router = APIRouter(prefix="/admin/callbacks", include_in_schema=False)

    @router.get("")
    async def callback_list(request: Request, missed: str = "", person: Person = Depends(guard.admin)) -> Response:
        async with database.read(long=True) as connection:
            rows = await store.in_order(connection, MOST_OPEN + 1)
            settled = await store.settled(connection, MOST_SETTLED)
        values: dict[str, Any] = {
            "rows": rows[:MOST_OPEN],
            "more": len(rows) > MOST_OPEN,
            "most": MOST_OPEN,
            "settled": settled,
            "missed": bool(missed),
            "known": RESULTS,
            "now": clock(),
        }
        return pages.page(request, "admin/callbacks.html", person, **values)

    @router.post("/{callback_id}")
    async def change(request: Request, callback_id: str, person: Person = Depends(guard.admin)) -> Response:
        """Settle one, or take that back. Where somebody else was quicker the page says so."""
        state = (await read_form(request)).get("state", "")
        async with database.begin() as connection:
            match state:
                case "done" | "dropped":
                    changed = await store.settle(connection, callback_id, state, person.id, clock())
                case "open":
                    changed = await store.reopen(connection, callback_id)
                case _:
                    raise bad_request(f"state is none of {OPEN}, {DONE}, {DROPPED}.")
            if changed:
                what = (f"callback.{state}", "callback", callback_id)
                await audit.note(connection, clock(), *what, person_id=person.id)
        if changed:
            _log.info("callback", callback=callback_id, state=state, person=person.id)
        return RedirectResponse("/admin/callbacks" if changed else "/admin/callbacks?missed=1", 303)

    return router
