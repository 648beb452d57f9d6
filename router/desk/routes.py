"""The desk's requests: the page, its two parts that change, the event stream, and what an agent can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from fastapi import APIRouter, Depends, Request, Response

from router.agents.presence import PhoneChoice, PresenceView
from router.agents.states import NOT_CHOSEN
from router.desk.card import Card
from router.desk.cards import last_card
from router.desk.crm_link import NO_CRM, CrmPage
from router.desk.doing import note_seen
from router.desk.keys import KEYS, KEYS_WITH_CRM
from router.desk.outcomes import say
from router.desk.stream import DeskStream
from router.desk.work.view import WorkView
from router.errors import bad_request, conflict, not_found
from router.store import cards as card_rows
from router.store.database import Connection, Database
from router.web.forms import read_form
from router.web.guard import Guard
from router.web.headers import with_other_tab
from router.web.pages import Pages
from router.web.person import Person, SignedIn
from router.web.streams import EventStream
from router.web.texts import Texts

PAUSE_REASONS: Final = ("break", "lunch", "wrap_up", "meeting", "training")
Policy = Literal["normal", "strict"]


class CardsFor(Protocol):
    """See `router.desk.cards.cards_for`."""

    async def __call__(
        self, connection: Connection, person_id: str, now: datetime, policy: Policy
    ) -> Sequence[Card]: ...


class WorkOn(Protocol):
    """See `router.desk.work.routes.Desk.views`."""

    async def __call__(
        self, connection: Connection, cards: Sequence[Card], person: Person
    ) -> Mapping[str, WorkView]: ...


class Presence(Protocol):
    """See `router.agents.presence.Presence`."""

    async def choose_phone(self, person_id: str, phone: str | None) -> PresenceView: ...
    async def ready(self, person_id: str) -> PresenceView: ...
    async def pause(self, person_id: str, reason: str = "") -> PresenceView: ...
    async def off(self, person_id: str) -> PresenceView: ...
    async def look(self, person_id: str) -> PresenceView: ...
    async def phones(self, person_id: str) -> tuple[PhoneChoice, ...]: ...


class BrowserPhone(Protocol):
    """Answers and ends calls of the test phone; False when the call is not there any more."""

    async def answer(self, call_id: str, person_id: str) -> bool: ...
    async def finish(self, call_id: str, person_id: str) -> bool: ...


def routes(
    *,
    database: Database,
    clock: Callable[[], datetime],
    guard: Guard,
    pages: Pages,
    stream: DeskStream,
    presence: Presence,
    browser_phone: BrowserPhone,
    cards_for: CardsFor,
    policy: Policy,
    checks: Sequence[str] = (),
    work_on: WorkOn | None = None,
    crm: CrmPage = NO_CRM,
) -> APIRouter:
    """`/desk…` for people, and `GET /v1/desk/events`. ``checks`` are what agents can ask for to find out who calls;
    ``work_on`` gives what cards show of the agent's work, ``crm`` where they lead in the CRM."""
    router = APIRouter()

    async def work_of(connection: Connection, shown: Sequence[Card], person: Person) -> Mapping[str, WorkView]:
        return await work_on(connection, shown, person) if work_on is not None else {}

    async def bar_of(person: Person) -> dict[str, Any]:
        view = await presence.look(person.id)
        return {
            "view": view,
            "phones": await presence.phones(person.id),
            "reasons": PAUSE_REASONS,
            "not_chosen": NOT_CHOSEN,
        }

    async def bar(request: Request, person: Person) -> Response:
        return pages.page(request, "desk/bar.html", person, **await bar_of(person))

    async def seen(person: Person, cards: Sequence[Card], now: datetime) -> None:
        """Write down which messages these cards have opened, once for each card."""
        opened = [(card.id, card.message.id) for card in cards if card.unseen and card.message is not None]
        if opened:
            async with database.begin(lasting=False) as connection:  # the card is wanted now, and waits for this
                for card_id, message_id in opened:
                    await note_seen(connection, person.id, card_id, message_id, now)

    def around(person: Person) -> dict[str, Any]:
        return {"checks": checks, "crm": crm.of(person.login), "crm_opens": crm.opens}

    async def own_call(card_id: str, person: Person, state: str) -> str:
        async with database.read() as connection:
            rows = await card_rows.live_of_person(connection, person.id)
        row = next((row for row in rows if row.id == card_id and row.state == state), None)
        if row is None or row.call_id is None:
            raise not_found("This call is not on your desk any more.", "off_desk")
        return str(row.call_id)

    @router.get("/desk", include_in_schema=False)
    async def desk(request: Request, person: Person = Depends(guard.agent)) -> Response:
        script = Texts(person.language).under("desk.js.")
        keys = KEYS_WITH_CRM if crm.template else KEYS
        page = pages.page(request, "desk/desk.html", person, script_texts=script, keys=keys, **await bar_of(person))
        return with_other_tab(page) if crm.template else page

    @router.get("/desk/cards", include_in_schema=False)
    async def cards(request: Request, person: Person = Depends(guard.agent)) -> Response:
        now = clock()
        async with database.read() as connection:
            shown = await cards_for(connection, person.id, now, policy)
            last = None if shown else await last_card(connection, person.id, now, policy)
            work = await work_of(connection, shown, person)
        await seen(person, shown, now)
        shows: dict[str, Any] = {"cards": shown, "last": last, "now": now, "work": work, **around(person)}
        return pages.page(request, "desk/cards.html", person, **shows)

    @router.get("/desk/cards/{card_id}", include_in_schema=False)
    async def one_card(request: Request, card_id: str, person: Person = Depends(guard.agent)) -> Response:
        now = clock()
        async with database.read() as connection:
            shown = await cards_for(connection, person.id, now, policy)
            work = await work_of(connection, [card for card in shown if card.id == card_id], person)
        if card_id not in {card.id for card in shown}:
            raise not_found("This call is not on your desk any more.", "off_desk")
        await seen(person, [card for card in shown if card.id == card_id], now)
        shows: dict[str, Any] = {"cards": shown, "only": card_id, "last": None, "now": now, "work": work}
        return pages.page(request, "desk/cards.html", person, **shows, **around(person))

    @router.get("/desk/bar", include_in_schema=False)
    async def state_bar(request: Request, person: Person = Depends(guard.agent)) -> Response:
        return await bar(request, person)

    @router.post("/desk/presence", include_in_schema=False)
    async def choose_presence(request: Request, person: Person = Depends(guard.agent)) -> Response:
        fields = await read_form(request)
        match fields.get("presence"):
            case "ready":
                await presence.ready(person.id)
            case "paused":
                reason = fields.get("reason", "")
                if reason not in PAUSE_REASONS:
                    raise bad_request(f"reason is one of {', '.join(PAUSE_REASONS)}.")
                await presence.pause(person.id, reason)
            case "off":
                await presence.off(person.id)
            case _:
                raise bad_request("presence is one of ready, paused, off.")
        return await bar(request, person)

    @router.post("/desk/phone", include_in_schema=False)
    async def choose_phone(request: Request, person: Person = Depends(guard.agent)) -> Response:
        fields = await read_form(request)
        if "phone" not in fields:
            raise bad_request("phone is missing.")
        await presence.choose_phone(person.id, fields["phone"] or None)
        return await bar(request, person)

    @router.post("/desk/cards/{card_id}/answer", include_in_schema=False, status_code=204)
    async def answer(card_id: str, person: Person = Depends(guard.agent)) -> None:
        if not await browser_phone.answer(await own_call(card_id, person, "ringing"), person.id):
            raise conflict("This call does not ring any more.", "rings_no_more")

    @router.post("/desk/cards/{card_id}/finish", include_in_schema=False, status_code=204)
    async def finish(card_id: str, person: Person = Depends(guard.agent)) -> None:
        if not await browser_phone.finish(await own_call(card_id, person, "talking"), person.id):
            raise conflict("This call is over already.", "over")

    @router.post("/desk/cards/{card_id}/outcome", include_in_schema=False, status_code=204)
    async def outcome(request: Request, card_id: str, person: Person = Depends(guard.agent)) -> None:
        fields = await read_form(request)
        verdict, message_id = fields.get("verdict", ""), fields.get("message") or None
        async with database.begin() as connection:
            await say(connection, person.id, card_id, verdict, message_id, clock(), policy)

    @router.get(
        "/v1/desk/events", status_code=200, response_class=EventStream, tags=["desk"], operation_id="desk_events"
    )
    async def events(
        request: Request, work: bool = False, signed_in: SignedIn = Depends(guard.signed_in_agent)
    ) -> Response:
        """Server-sent events of the person who is signed in: `hello`, `card`, `presence`, and `work` where what is open
        on a card has changed; with `work=1` also where the list of work has, then without a card and a number.

        Send the number of the last event as `Last-Event-ID` and nothing in between is missed. On `hello` fetch
        everything anew. `over` says that the session ended, `elsewhere` that too many pages are open.
        """
        return EventStream(stream.events(signed_in, request.headers.get("last-event-id"), lists=work))

    return router
