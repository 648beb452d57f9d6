"""What an agent does on a card: saying whose call it is, looking for it, finding out who calls, opening what is closed.

Each is a small form that answers 204, and the page fetches the card anew. A refusal is in the agent's language.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from router.calls.texting import LONGEST_TEXT
from router.core.commands import CODE_PLACE
from router.desk.checking import SECONDS, Checking
from router.desk.doing import open_fact, open_message, show_more
from router.desk.outcomes import OFF_DESK, say
from router.desk.searching import LONGEST, SHORTEST, Searching, SearchRefused
from router.errors import bad_request, conflict, not_found
from router.matching.disclosure import Policy
from router.matching.outcomes import Verdict
from router.messages import texting as outbox
from router.store import cards as card_rows
from router.store.bus import Bus
from router.store.database import Database
from router.web.forms import read_form
from router.web.guard import Guard
from router.web.person import Person
from router.web.texts import Texts


def card_routes(
    *,
    database: Database,
    bus: Bus,
    clock: Callable[[], datetime],
    guard: Guard,
    searching: Searching,
    checking: Checking,
    policy: Policy,
) -> APIRouter:
    """`/desk/cards/ID/…` but for answering and ending a call, and `/desk/calls/ID`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/desk/calls/{call_id}")
    async def card_of_call(call_id: str, person: Person = Depends(guard.agent)) -> Response:
        async with database.read() as connection:
            row = await card_rows.of_call_and_person(connection, call_id, person.id)
        if row is None:
            raise not_found(OFF_DESK, "off_desk")
        return RedirectResponse(f"/desk#card-{row.id}", status_code=303)

    @router.post("/desk/cards/{card_id}/search", status_code=204)
    async def search(request: Request, card_id: str, person: Person = Depends(guard.agent)) -> None:
        term, t = (await read_form(request)).get("term", ""), Texts(person.language)
        try:
            async with database.begin(long=True) as connection:
                await searching.search(connection, person.id, card_id, term, clock(), policy)
        except SearchRefused as refused:
            raise bad_request(t(f"search.{refused.why}", shortest=SHORTEST, longest=LONGEST)) from None

    @router.post("/desk/cards/{card_id}/pick", status_code=204)
    async def pick(request: Request, card_id: str, person: Person = Depends(guard.agent)) -> None:
        fields = await read_form(request)
        message_id, customer_id = fields.get("message") or None, fields.get("customer") or None
        if (message_id is None) == (customer_id is None):
            raise bad_request("Name a message or a customer.")
        async with database.begin() as connection:
            now = clock()
            await say(connection, person.id, card_id, Verdict.OTHER, message_id, now, policy, customer_id)

    @router.post("/desk/cards/{card_id}/open", status_code=204)
    async def open_closed(request: Request, card_id: str, person: Person = Depends(guard.agent)) -> None:
        fields = await read_form(request)
        async with database.begin() as connection:
            if "message" in fields:
                await open_message(connection, person.id, card_id, fields["message"], clock(), policy)
            else:
                await open_fact(connection, person.id, card_id, fields.get("fact", ""), clock(), policy)

    @router.post("/desk/cards/{card_id}/more", status_code=204)
    async def more(card_id: str, person: Person = Depends(guard.agent)) -> None:
        async with database.begin() as connection:
            await show_more(connection, person.id, card_id, policy)

    @router.post("/desk/cards/{card_id}/identity", status_code=204)
    async def identity(request: Request, card_id: str, person: Person = Depends(guard.agent)) -> None:
        fields, t = await read_form(request), Texts(person.language)
        match fields.get("way"):
            case "passed" | "failed" as way:
                asked = [name for name in checking.checks if f"asked.{name}" in fields]
                if not asked:
                    raise bad_request(t("check.nothing_asked"))
                async with database.begin() as connection:
                    passed = way == "passed"
                    await checking.own(connection, person.id, card_id, asked, clock(), policy, passed=passed)
            case "send":
                async with database.begin() as connection:
                    sent = await checking.send(connection, person.id, card_id, clock(), policy, _code_text)
                if checking.sent_in(sent[0]):
                    bus.announce(outbox.TOPIC)
                bus.announce(f"call:{sent[0]}")  # a test phone shows what is sent
                if sent[1] is not None:
                    raise conflict(t(f"check.unsent.{sent[1].value}"))
            case "code":
                async with database.begin() as connection:
                    code = fields.get("code", "")
                    right = await checking.code(connection, person.id, card_id, code, clock(), policy)
                if not right:  # only now: the try has to count
                    raise conflict(t("check.wrong_code"))
            case "undo":
                async with database.begin() as connection:
                    await checking.undo(connection, person.id, card_id, clock(), policy)
            case _:
                raise bad_request("way is one of passed, failed, send, code, undo.")

    return router


def _code_text(language: str) -> str:
    """The text message with a one-time code, in the customer's language."""
    return Texts(language)("check.code_text", code=CODE_PLACE, minutes=SECONDS // 60)[:LONGEST_TEXT]
