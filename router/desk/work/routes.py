"""The requests of an agent's work on a call. Forms are answered with nothing; the page then fetches the card anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from fastapi import APIRouter, Depends, Request, Response

from router.agents.handing_over import HandingOver
from router.calls.work import Work
from router.desk.card import Card
from router.desk.work import dispositions, follow_ups, handing_over, notes
from router.desk.work.canned import Filling, offered
from router.desk.work.payments import PaymentLinks
from router.desk.work.sending import Sender
from router.desk.work.view import Views, WorkView
from router.desk.work.whom import WORKING, CardsFor, Whom, working_on
from router.errors import bad_request
from router.flow.model import Flow
from router.flow.queues import Queue
from router.matching.disclosure import Policy
from router.messages.texting import TOPIC
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Connection, Database, new_id
from router.web.forms import read_form
from router.web.guard import Guard
from router.web.pages import Pages
from router.web.person import Person
from router.web.texts import Texts

LARGEST_FORM: Final = 128 * 1024
"""Bytes: an e-mail in which every character takes several."""
_ONCE = re.compile(r"[0-9a-f]{32}")


class WrapUps(Protocol):
    """See `router.agents.wrap_up.WrapUps`."""

    async def extend(self, person_id: str) -> datetime: ...
    async def finish(self, person_id: str, card_id: str) -> Any: ...


class Desk:
    """What the cards show of agents' work, and what agents do there."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        clock: Callable[[], datetime],
        flows: Flows,
        queues: Collection[str],
        cards_for: CardsFor,
        policy: Policy,
        sender: Sender,
        links: PaymentLinks,
        work: Work,
        wrap_ups: WrapUps,
        handing_over: HandingOver,
    ) -> None:
        self.database, self.bus, self.clock = database, bus, clock
        self._flows, self.queues = flows, queues
        self._cards_for, self._policy = cards_for, policy
        self.sender, self.links, self.work = sender, links, work
        self.wrap_ups, self.handing_over = wrap_ups, handing_over
        self._views = Views(sender, links)

    @property
    def flow(self) -> Flow | None:
        """One of the flows that new calls run: all share queues and canned texts."""
        return next(iter(self._flows.current.values()), None)

    def queue(self, name: str | None) -> Queue:
        """How a queue is described."""
        flow = self.flow
        return (flow.queues if flow is not None else {}).get(name or "", Queue())

    async def views(self, connection: Connection, cards: Sequence[Card], person: Person) -> dict[str, WorkView]:
        """What these cards of this person show, by id."""
        return await self._views.of_cards(connection, cards, self.flow, person)

    async def whom(self, connection: Connection, person: Person, card_id: str, states: Sequence[str] = WORKING) -> Whom:
        """See `working_on`."""
        return await working_on(connection, self._cards_for, person.id, card_id, self.clock(), self._policy, states)

    def sent(self, call_id: str) -> None:
        """Tell whoever sends that something is to be sent, and a test phone that it has something to show."""
        self.bus.announce(TOPIC)
        self.bus.announce(f"call:{call_id}")


async def _form(request: Request) -> dict[str, str]:
    return await read_form(request, LARGEST_FORM)


def _once(fields: dict[str, str]) -> str:
    once = fields.get("once", "")
    if not once:
        return new_id()
    if not _ONCE.fullmatch(once):
        raise bad_request("once is an id of 32 hexadecimal digits.")
    return once


def routes(desk: Desk, guard: Guard, pages: Pages) -> APIRouter:
    """`/desk/cards/{card_id}/…`, for the agent whose card it is."""
    router = APIRouter(prefix="/desk/cards/{card_id}", include_in_schema=False)
    agent = Depends(guard.agent)

    @router.post("/note", status_code=204)
    async def note(request: Request, card_id: str, person: Person = agent) -> None:
        fields, t = await _form(request), Texts(person.language)
        async with desk.database.begin() as connection:
            whom = await desk.whom(connection, person, card_id)
            await notes.write(connection, whom, person.id, fields.get("text", ""), desk.clock(), t)

    @router.get("/texts")
    async def texts(request: Request, card_id: str, person: Person = agent) -> Response:
        flow = desk.flow
        async with desk.database.read() as connection:
            whom = await desk.whom(connection, person, card_id)
            filled = []
            if flow is not None:
                filling = await Filling.of(connection, flow, whom, person.name, person.language, desk.clock())
                canned = offered(flow, whom.card.queue)
                filled = [filling.filled(name, each) for name, each in canned.items()]
        return pages.page(request, "desk/work/texts.html", person, card_id=card_id, texts=filled)

    @router.post("/send", status_code=204)
    async def send(request: Request, card_id: str, person: Person = agent) -> None:
        fields, t = await _form(request), Texts(person.language)
        async with desk.database.begin() as connection:
            whom = await desk.whom(connection, person, card_id)
            await desk.sender.send(connection, whom, person.id, fields, _once(fields), desk.clock(), t)
        desk.sent(whom.call_id)

    @router.post("/payment", status_code=204)
    async def payment(request: Request, card_id: str, person: Person = agent) -> None:
        fields = await _form(request)
        async with desk.database.read() as connection:
            whom = await desk.whom(connection, person, card_id)
        await desk.links.send(whom, desk.flow, person, fields, _once(fields), desk.clock)
        desk.sent(whom.call_id)

    @router.post("/follow-up", status_code=204)
    async def follow_up(request: Request, card_id: str, person: Person = agent) -> None:
        fields, t = await _form(request), Texts(person.language)
        async with desk.database.begin() as connection:
            whom = await desk.whom(connection, person, card_id)
            queue = await follow_ups.schedule(
                connection, desk.work, whom, person.id, fields, _once(fields), desk.clock(), t
            )
        desk.work.on_change(queue)

    @router.post("/disposition", status_code=204)
    async def disposition(request: Request, card_id: str, person: Person = agent) -> None:
        fields, t = await _form(request), Texts(person.language)
        if fields.get("disposition") or fields.get("then") != "next":
            async with desk.database.begin() as connection:
                whom = await desk.whom(connection, person, card_id)
                queue = desk.queue(whom.card.queue)
                await dispositions.say(connection, whom, queue, person.id, fields, desk.clock(), t)
        if fields.get("then") == "next":
            await desk.wrap_ups.finish(person.id, card_id)

    @router.post("/next", status_code=204)
    async def next_call(card_id: str, person: Person = agent) -> None:
        await desk.wrap_ups.finish(person.id, card_id)

    @router.post("/more-time", status_code=204)
    async def more_time(card_id: str, person: Person = agent) -> None:
        async with desk.database.read() as connection:
            await desk.whom(connection, person, card_id, ("wrap_up",))
        await desk.wrap_ups.extend(person.id)

    @router.get("/places")
    async def places(request: Request, card_id: str, person: Person = agent) -> Response:
        async with desk.database.read() as connection:
            whom = await desk.whom(connection, person, card_id, ("talking",))
            able = await handing_over.places(
                connection, desk.flow, desk.queues, whom, person.id, desk.clock(), person.language
            )
        return pages.page(request, "desk/work/places.html", person, card_id=card_id, places=able)

    @router.post("/handover", status_code=204)
    async def handover(request: Request, card_id: str, person: Person = agent) -> None:
        fields, t, now = await _form(request), Texts(person.language), desk.clock()
        async with desk.database.begin() as connection:
            whom = await desk.whom(connection, person, card_id, ("talking",))
            if fields.get("undo"):
                await handing_over.take_back(connection, whom, person.id, now)
            else:
                able = await handing_over.places(
                    connection, desk.flow, desk.queues, whom, person.id, now, person.language
                )
                await handing_over.wish(connection, whom, person.id, fields, able, now, t)
        if fields.get("undo"):
            await desk.handing_over.keep(whom.call.channel, whom.call_id, person.id)
        else:
            await desk.handing_over.let_go(whom.call.channel, whom.call_id, person.id)

    return router
