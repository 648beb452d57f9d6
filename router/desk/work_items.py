"""The list of what is left to do for callers: for agents what concerns them, for supervisors everything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from router.calls.learning import match_of
from router.core.match import NO_MATCH
from router.desk.card import CustomerView, MessageView, OfferView
from router.desk.making import customer_view, message_view, offer_view
from router.errors import bad_request, not_found
from router.matching.disclosure import Policy, visible
from router.store import audit, callbacks, calls, cards, voicemails, work_items
from router.store.database import Connection, Database
from router.store.work_items import DONE, DROPPED, FOLLOW_UP, VOICEMAIL, ItemRow
from router.web.forms import read_form
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.person import AGENT, Person
from router.web.reads import Reads
from router.web.texts import Texts

MOST: Final = 200
MOST_SETTLED: Final = 10

Recording = Callable[[str], Awaitable[Response | None]]
"""The audio of a voicemail, by the name that its channel has for it; None where there is none to be had."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a list says of one item; what disclosure does not let through is None. ``overdue``: it was to be done by
    now."""

    row: ItemRow
    title: str | None
    customer: str | None
    probably: bool
    mine: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """What there is to see to one item. ``number`` is there for who has taken it."""

    item: Item
    who: CustomerView | None
    message: MessageView | None
    offer: OfferView | None
    voicemail: Any
    callback: Any
    number: str | None


def routes(
    *,
    database: Database,
    clock: Callable[[], datetime],
    guard: Guard,
    pages: Pages,
    policy: Policy,
    recording: Recording,
    changed: Callable[[str], None],
) -> APIRouter:
    """`/desk/work…`. ``changed`` is told the queue of an item that was taken, left or settled."""
    router, reads = APIRouter(prefix="/desk/work", include_in_schema=False), Reads(database, clock)

    async def lists(person: Person) -> dict[str, Any]:
        whose, now = _whose(person), clock()
        async with database.read() as connection:
            rows = await work_items.left(connection, whose, MOST + 1)
            settled = await work_items.settled(connection, whose, MOST_SETTLED)
        shown = [_item(row, person, now, policy) for row in rows[:MOST]]
        past = [_item(row, person, now, policy) for row in settled]
        return {
            "items": shown,
            "more": len(rows) > MOST,
            "most": MOST,
            "settled": past,
            "now": now,
            "all": whose is None,
        }

    async def seen(connection: Connection, item_id: str, person: Person) -> ItemRow:
        row = await work_items.by_id(connection, item_id)
        if row is None or (person.role == AGENT and not await work_items.concerns(connection, row, person.id)):
            raise not_found("There is no such work for you.", "no_such_work")
        return row

    @router.get("")
    async def page(request: Request, missed: str = "", person: Person = Depends(guard.agent)) -> Response:
        script = Texts(person.language).under("todo.js.")
        values = await lists(person)
        return pages.page(request, "desk/todo/page.html", person, missed=bool(missed), script_texts=script, **values)

    @router.get("/list")
    async def fragment(request: Request, person: Person = Depends(guard.agent)) -> Response:
        return pages.page(request, "desk/todo/list.html", person, missed=False, **await lists(person))

    @router.get("/{item_id}")
    async def one(request: Request, item_id: str, missed: str = "", person: Person = Depends(guard.agent)) -> Response:
        now = clock()
        async with database.begin() as connection:
            row = await seen(connection, item_id, person)
            detail = await _detail(connection, row, person, now, policy)
            if detail.message is not None:
                await audit.note(connection, now, "message.seen", "message", detail.message.id, person_id=person.id)
            if detail.number is not None:
                await audit.note(connection, now, "number.seen", "call", row.call_id, person_id=person.id)
        return pages.page(request, "desk/todo/one.html", person, detail=detail, missed=bool(missed), now=now)

    @router.post("/{item_id}")
    async def change(request: Request, item_id: str, person: Person = Depends(guard.agent)) -> Response:
        """Take an item, leave it to others, settle it, or take that back. Where somebody was quicker the page says
        so."""
        fields, now = await read_form(request), clock()
        action = fields.get("action", "")
        async with database.begin() as connection:
            row = await seen(connection, item_id, person)
            done = await _act(connection, row, action, person, now)
            if done:
                what = ("work." + action, "call", row.call_id)
                await audit.note(connection, now, *what, person_id=person.id, detail={"kind": row.kind})
        if done:
            changed(row.queue)
        back = f"/desk/work/{item_id}" if fields.get("back") == "one" else "/desk/work"
        return RedirectResponse(back if done else f"{back}?missed=1", 303)

    @router.get("/{item_id}/recording")
    async def play(item_id: str, person: Person = Depends(guard.agent)) -> Response:
        async with database.read() as connection:
            row = await seen(connection, item_id, person)
            left = await voicemails.by_id(connection, _voicemail_of(row)) if row.kind == VOICEMAIL else None
        if left is not None:  # whichever part of it is asked for
            await reads.note("voicemail.heard", "voicemail", left.id, person_id=person.id)
        sound = await recording(left.recording) if left is not None and left.recording else None
        if sound is None:
            raise not_found("There is no recording to be had.", "no_recording")
        return sound

    return router


def _whose(person: Person) -> str | None:
    return person.id if person.role == AGENT else None


def _voicemail_of(row: ItemRow) -> str:
    return str(row.source).removeprefix(f"{VOICEMAIL}:")


async def _act(connection: Connection, row: ItemRow, action: str, person: Person, now: datetime) -> bool:
    match action:
        case "take":
            return await work_items.take(connection, row.id, person.id, now)
        case "give_back":
            # What a supervisor takes from somebody, others may take.
            return await work_items.give_back(connection, row.id, _whose(person))
        case "done" | "dropped":
            return await work_items.settle(connection, row.id, DONE if action == "done" else DROPPED, person.id, now)
        case "open":
            return await work_items.reopen(connection, row.id)
        case _:
            raise bad_request("action is none of take, give_back, done, dropped, open.")


def _item(row: ItemRow, person: Person, now: datetime, policy: Policy) -> Item:
    found = match_of(row.call_id, row.match) or NO_MATCH
    show = visible(found.assurance, found.decision, policy)
    # What an agent has promised was written down by somebody who knew whom it is about.
    opened = show.opened or row.kind == FOLLOW_UP
    title = str((row.offer or {}).get("title") or "") if opened else ""
    return Item(
        row,
        title or None,
        row.customer if opened else None,
        show.probably,
        row.taken_by == person.id,
        row.settled_at is None and row.due_at < now,
    )


async def _detail(connection: Connection, row: ItemRow, person: Person, now: datetime, policy: Policy) -> Detail:
    item = _item(row, person, now, policy)
    found = match_of(row.call_id, row.match) or NO_MATCH
    show = visible(found.assurance, found.decision, policy)
    opened = row.message_id is not None and (show.opened or row.kind == FOLLOW_UP)
    message = (await cards.messages_by_id(connection, [row.message_id])).get(row.message_id) if opened else None
    voicemail = await voicemails.by_id(connection, _voicemail_of(row)) if row.kind == VOICEMAIL else None
    call = await calls.by_id(connection, row.call_id) if row.call_id else None
    callback = await callbacks.of_call(connection, row.call_id) if row.call_id else None
    number = (callback.number if callback else None) or (call.caller if call else None)
    return Detail(
        item,
        customer_view(message) if message else None,
        message_view(message) if message else None,
        offer_view(message.offer, show, (), False) if message else None,
        voicemail,
        callback,
        number if item.mine else None,
    )
