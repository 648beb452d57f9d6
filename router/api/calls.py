"""`GET /v1/calls` and `GET /v1/calls/{id}`: what calls did, and why."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from router.api.bodies import Answer
from router.api.description import says
from router.api.keys import Allowed, Asker
from router.api.match import MatchAnswer
from router.api.turns import Turns
from router.calls.question import as_json
from router.engine.session import Session, session_from_json
from router.errors import not_found, unprocessable
from router.messages.registration import as_sent
from router.store import calls as store
from router.store.admin import Cursor, calls_page
from router.store.database import Database
from router.web.reads import Reads

LONGEST_PAGE: Final = 200

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR: Final = re.compile(r"([0-9]{1,16})-([0-9a-f]{32})")


class CallBrief(BaseModel):
    """A call. `from` is null where the caller number was not known or `withheld`; a withheld number is kept nowhere."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    id: str
    channel: str = Field(examples=["asterisk"])
    from_: Annotated[str | None, Field(alias="from", examples=["+4930123456"])]
    withheld: bool
    to: Annotated[str | None, Field(description="The number dialled.", examples=["+493023125000"])]
    state: Annotated[str, Field(description="flow, queue or ended")]
    outcome: Annotated[str | None, Field(description="hung_up, left_queue or finished, once it has ended")]
    queue: str | None
    message_id: Annotated[str | None, Field(description="The message the call was tied to.")]
    started_at: str
    ended_at: str | None


class CallPage(BaseModel):
    """Calls, latest first. With `next` as `cursor` the following page comes; null: there is none."""

    model_config = ConfigDict(extra="forbid")

    calls: list[CallBrief]
    next: str | None


class Step(BaseModel):
    """One thing the flow did."""

    model_config = ConfigDict(extra="forbid")

    at: str
    flow: str
    step: str
    type: str
    note: str


class FlowRun(BaseModel):
    """The flow a call ran, and the set of flow files that it is of."""

    model_config = ConfigDict(extra="forbid")

    name: str
    revision: str


class CallDetail(CallBrief):
    """A call with what the flow did, and whom the call was matched to with which evidence."""

    language: str
    flow: FlowRun
    steps: list[Step]
    match: MatchAnswer | None


def routes(database: Database, turns: Turns, allowed: Allowed, reads: Reads) -> APIRouter:
    """The calls, for those whom ``allowed`` lets in; they see caller numbers."""
    router = APIRouter(prefix="/v1/calls", tags=["calls"], dependencies=[Depends(allowed)])

    @router.get("", operation_id="list_calls", responses={200: {"model": CallPage}, **says(401, 403, 422)})
    async def listed(
        limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="Calls on a page.")] = 50,
        cursor: Annotated[str | None, Query(max_length=60, description="`next` of the page before.")] = None,
        asker: Asker = Depends(allowed),
    ) -> Answer:
        """Calls, latest first."""
        after = _read_cursor(cursor) if cursor is not None else None
        async with turns.one(), database.read(long=True) as connection:
            rows = await calls_page(connection, limit + 1, after)
        await reads.note("calls.listed", "call", **asker.noted)
        further = _cursor(rows[limit - 1]) if len(rows) > limit else None
        return Answer({"calls": [_brief(row) for row in rows[:limit]], "next": further})

    @router.get("/{call_id}", operation_id="read_call", responses={200: {"model": CallDetail}, **says(401, 403, 404)})
    async def one(call_id: str, asker: Asker = Depends(allowed)) -> Answer:
        """One call with the steps it took, its match, the evidence and the outcome. Codes are never in there."""
        async with turns.one(), database.read() as connection:
            row = await store.by_id(connection, call_id) if len(call_id) <= 32 else None
        if row is None:
            raise not_found("There is no such call.")
        await reads.note("call.seen", "call", call_id, **asker.noted)
        return Answer(_brief(row) | _detail(session_from_json(row.session)))

    return router


def _brief(row: store.CallRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "channel": row.channel,
        "from": None if row.withheld else row.caller,
        "withheld": row.withheld,
        "to": row.service_number,
        "state": row.state,
        "outcome": row.outcome,
        "queue": row.queue,
        "message_id": row.message_id,
        "started_at": as_sent(row.started_at),
        "ended_at": as_sent(row.ended_at),
    }


def _detail(session: Session) -> dict[str, Any]:
    return {
        "language": session.language,
        "flow": {"name": session.flow, "revision": session.revision},
        "steps": [
            {"at": as_sent(each.at), "flow": each.flow, "step": each.step, "type": each.type, "note": each.note}
            for each in session.trace
        ],
        "match": as_json(session.match) if session.match else None,
    }


def _cursor(row: store.CallRow) -> str:
    """Where the page ends: the call's start in microseconds since 1970, and its id."""
    return f"{(row.started_at - _EPOCH) // timedelta(microseconds=1)}-{row.id}"


def _read_cursor(cursor: str) -> Cursor:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        message = "is no cursor; take `next` of the page before as it is"
        raise unprocessable(f"cursor: {message}", [{"field": "cursor", "message": message}])
    return Cursor(_EPOCH + timedelta(microseconds=int(found[1])), found[2])
