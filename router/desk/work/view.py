"""What a card shows of an agent's work on its call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.calls.outbox import Reach
from router.desk.card import Card
from router.desk.work import dispositions
from router.desk.work.canned import in_language, offered, pays
from router.desk.work.handing_over import asked_in
from router.desk.work.payments import PaymentLinks, amount
from router.desk.work.sending import Sender
from router.desk.work.whom import WORKING, Whom, whom
from router.flow.model import Flow
from router.flow.queues import Queue
from router.store import dispositions as disposition_rows
from router.store import handovers, notes, payments, people, text_messages
from router.store.database import Connection, new_id
from router.store.text_messages import EMAIL, SMS
from router.web.person import Person


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that was sent in this call: on which ``channel``, from which canned text, and how far it got."""

    channel: str
    purpose: str
    template: str | None
    state: str
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment link of this call."""

    amount: str
    purpose: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WorkView:
    """``once`` is an id for each form, so that one sent twice counts once. ``reach`` is where the customer can be
    reached on a channel that somebody sends on. ``canned``: there are texts to choose from; ``pay_texts`` (name,
    label, channel) are those that speak of a payment. ``stays``: nobody
    can be passed on yet. ``passing_on``: the agent has passed the call on and still talks."""

    once: str
    note: str
    sent: tuple[Sent, ...]
    payments: tuple[Payment, ...]
    reach: tuple[Reach, ...]
    unsent: Collection[str]
    free: bool
    canned: bool
    pay_texts: tuple[tuple[str, str, str], ...]
    paying: bool
    currency: str
    choices: tuple[dispositions.Choice, ...]
    disposed: bool
    needed: bool
    wrap_up: bool
    ends: datetime | None
    talking: bool
    stays: bool
    passing_on: bool

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels on which something can be sent to this customer."""
        return tuple(channel for channel in (SMS, EMAIL) if self.free or self.reaches(channel))

    def reaches(self, channel: str) -> tuple[Reach, ...]:
        """Where the customer can be reached on this channel."""
        return tuple(each for each in self.reach if each.channel == channel)


class Views:
    """Makes them for the cards of one person."""

    def __init__(self, sender: Sender, links: PaymentLinks) -> None:
        self._sender = sender
        self._links = links

    async def of_cards(
        self, connection: Connection, cards: Sequence[Card], flow: Flow | None, person: Person
    ) -> dict[str, WorkView]:
        """By the id of the card; only of cards in which there is something to do."""
        found = [await whom(connection, card) for card in cards if card.state.value in WORKING]
        worked_on = [each for each in found if each is not None]
        if not worked_on:
            return {}
        ids, call_ids = [each.card_id for each in worked_on], [each.call_id for each in worked_on]
        written = await notes.of_cards(connection, ids)
        said = await disposition_rows.of_cards(connection, ids)
        sent = await text_messages.by_agents(connection, call_ids)
        paid = await payments.of_calls(connection, call_ids)
        passed_on = await handovers.of_calls(connection, call_ids)
        row = await people.by_id(connection, person.id)
        ends = row.wrap_until if row is not None else None
        views = {}
        for each in worked_on:
            reach = await self._sender.outbox.on_file(connection, each.message, each.reached_id)
            views[each.card_id] = self._view(
                each, flow, person, written.get(each.card_id, ""), said.get(each.card_id), reach, ends,
                [row for row in sent if row.call_id == each.call_id],
                [row for row in paid if row.call_id == each.call_id],
                asked_in(passed_on, each.call_id, person.id),
            )  # fmt: skip
        return views

    def _view(
        self,
        whom: Whom,
        flow: Flow | None,
        person: Person,
        note: str,
        said: Any | None,
        reach: tuple[Reach, ...],
        ends: datetime | None,
        sent: Sequence[Any],
        paid: Sequence[Any],
        passing_on: bool,
    ) -> WorkView:
        queue = (flow.queues if flow is not None else {}).get(whom.card.queue or "", Queue())
        outbox, canned = self._sender.outbox, offered(flow, whom.card.queue)
        unsent = [channel for channel in (SMS, EMAIL) if not outbox.provided(channel, test=whom.test)]
        return WorkView(
            once=new_id(),
            note=note,
            sent=tuple(
                Sent(row.channel, row.purpose, row.template, row.state, row.reason, row.created_at) for row in sent
            ),
            payments=tuple(
                Payment(amount(row.cents, row.currency, person.language), row.purpose, row.state, row.created_at)
                for row in paid
            ),
            reach=tuple(each for each in reach if each.channel not in unsent),
            unsent=unsent,
            free=self._sender.free,
            canned=bool(canned),
            pay_texts=tuple(
                (name, in_language(each.label, person.language), each.channel)
                for name, each in canned.items()
                if pays(each)
            ),
            paying=self._links.provided,
            currency=self._links.currency,
            choices=dispositions.choices(queue, said, person.language),
            disposed=said is not None,
            needed=queue.disposition_needed and bool(queue.dispositions),
            wrap_up=whom.card.state.value == "wrap_up",
            ends=ends if whom.card.state.value == "wrap_up" else None,
            talking=whom.card.state.value == "talking",
            stays=whom.stays,
            passing_on=passing_on,
        )
