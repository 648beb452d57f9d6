"""The supervisors' requests: the board and its event stream, an agent's day, and what can be changed about an agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from router.agents.supervising import may_change
from router.errors import Refused, not_found
from router.store import board as rows
from router.store import people, presence_log
from router.store.database import Database
from router.supervisor.board import Boards
from router.supervisor.figures import Change, Times, spells, times
from router.supervisor.stream import SupervisorStream
from router.web.forms import read_form
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.person import Person, SignedIn
from router.web.streams import EventStream
from router.web.texts import Texts

MOST_SPELLS = 200
"""Spells of a day that are listed, the latest first."""


class Acting(Protocol):
    """See `router.agents.supervising.Supervising`."""

    async def assign(self, person_id: str, queues: Sequence[str], skills: Sequence[str], by: str) -> bool: ...
    async def pause(self, person_id: str, by: str) -> None: ...
    async def sign_out(self, person_id: str, by: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Days:
    """Reads the day of agents."""

    database: Database
    clock: Callable[[], datetime]
    boards: Boards

    async def of_all(self) -> dict[str, Times]:
        """How everybody's day went so far, by their ids."""
        begin, now = self.boards.begin_of_day(), self.clock()
        async with self.database.read(long=True) as connection:
            logged = await presence_log.since(connection, begin)
            talked = await rows.talks(connection, begin)
        changes: dict[str, list[Change]] = {}
        talks: dict[str, list[tuple[datetime, datetime | None]]] = {}
        for row in logged:
            changes.setdefault(row.person_id, []).append(Change(row.at, row.presence, row.reason))
        for row in talked:
            talks.setdefault(row.person_id, []).append((row.answered_at, row.ended_at))
        everybody = {*changes, *talks}
        return {each: times(changes.get(each, []), talks.get(each, []), (begin, now)) for each in everybody}

    async def of(self, person_id: str) -> dict[str, Any]:
        """One agent's day for the page: the totals, and the spells, latest first."""
        begin, now = self.boards.begin_of_day(), self.clock()
        async with self.database.read(long=True) as connection:
            logged = await presence_log.since(connection, begin, person_id)
            talked = await rows.talks(connection, begin, person_id)
        changes = [Change(row.at, row.presence, row.reason) for row in logged]
        talks = [(row.answered_at, row.ended_at) for row in talked]
        return {
            "times": times(changes, talks, (begin, now)),
            "spells": spells(changes, begin)[::-1][:MOST_SPELLS],
            "talks": talked[::-1][:MOST_SPELLS],
        }


def routes(
    *,
    database: Database,
    clock: Callable[[], datetime],
    guard: Guard,
    pages: Pages,
    boards: Boards,
    stream: SupervisorStream,
    acting: Acting,
    known_queues: Sequence[str],
) -> APIRouter:
    """`/supervisor…` for supervisors and admins, and `GET /v1/supervisor/events`."""
    router = APIRouter()
    days = _Days(database, clock, boards)

    async def parts() -> dict[str, Any]:
        return {"board": await boards.now(), "days": await days.of_all(), "now": clock()}

    @router.get("/supervisor", include_in_schema=False)
    async def page(request: Request, person: Person = Depends(guard.supervisor)) -> Response:
        script = Texts(person.language).under("supervisor.js.")
        return pages.page(request, "supervisor/supervisor.html", person, script_texts=script, **await parts())

    @router.get("/supervisor/board", include_in_schema=False)
    async def board(request: Request, person: Person = Depends(guard.supervisor)) -> Response:
        return pages.page(request, "supervisor/board.html", person, **await parts())

    async def agent_page(
        request: Request, person: Person, person_id: str, refused: Refused | None = None, done: str = ""
    ) -> Response:
        async with database.read() as connection:
            row = await people.by_id(connection, person_id)
        if row is None:
            raise not_found("There is no such person.", "no_such_person")
        shown = next((each for each in (await boards.now(fresh=True)).agents if each.id == person_id), None)
        values: dict[str, Any] = {
            "row": row,
            "agent": shown,
            "locked": not may_change(row.role, person.role),
            "all_queues": dict.fromkeys([*known_queues, *row.queues]),
            "wrong": {each["field"] for each in refused.more.get("errors", [])} if refused else set(),
            "done": done if done in ("assigned", "paused", "signed_out") else "",
            "now": clock(),
            **await days.of(person_id),
        }
        return pages.page(request, "supervisor/agent.html", person, refused.status if refused else 200, **values)

    @router.get("/supervisor/people/{person_id}", include_in_schema=False)
    async def agent(
        request: Request, person_id: str, done: str = "", person: Person = Depends(guard.supervisor)
    ) -> Response:
        return await agent_page(request, person, person_id, done=done)

    @router.post("/supervisor/people/{person_id}/assign", include_in_schema=False)
    async def assign(request: Request, person_id: str, person: Person = Depends(guard.supervisor)) -> Response:
        fields = await read_form(request)
        queues = [name.removeprefix("queue.") for name in fields if name.startswith("queue.")]
        skills = fields.get("skills", "").replace(",", " ").split()
        try:
            await acting.assign(person_id, queues, skills, person.id)
        except Refused as refused:
            if refused.status != 422:
                raise
            return await agent_page(request, person, person_id, refused)
        return _back(person_id, "assigned")

    @router.post("/supervisor/people/{person_id}/pause", include_in_schema=False)
    async def pause(person_id: str, person: Person = Depends(guard.supervisor)) -> Response:
        await acting.pause(person_id, person.id)
        return _back(person_id, "paused")

    @router.post("/supervisor/people/{person_id}/sign-out", include_in_schema=False)
    async def sign_out(person_id: str, person: Person = Depends(guard.supervisor)) -> Response:
        await acting.sign_out(person_id, person.id)
        return _back(person_id, "signed_out")

    @router.get(
        "/v1/supervisor/events",
        status_code=200,
        response_class=EventStream,
        tags=["supervisor"],
        operation_id="supervisor_events",
    )
    async def events(request: Request, signed_in: SignedIn = Depends(guard.signed_in_supervisor)) -> Response:
        """Server-sent events of a supervisor who is signed in: `board`, at most once a second, says that something has
        changed; fetch the board anew. `over` says that the session ended, `elsewhere` that too many pages are open.
        """
        return EventStream(stream.events(signed_in))

    return router


def _back(person_id: str, done: str) -> Response:
    return RedirectResponse(f"/supervisor/people/{person_id}?{urlencode({'done': done})}", 303)
