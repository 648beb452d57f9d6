"""What the cards of a desk are made from, read for all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from router.core.match import Match
from router.desk.view import View, view_of
from router.store import card_sources, identity, outcomes
from router.store import cards as store
from router.store.database import Connection
from router.store.timeline import names_of


@dataclass(frozen=True, slots=True)
class Sources:
    """Rows by id; ``said`` by call id, ``views`` by card id."""

    messages: Mapping[str, Row[Any]]
    customers: Mapping[str, Row[Any]]
    said: Mapping[str, Row[Any]]
    checks: Sequence[Row[Any]]
    handovers: Sequence[Row[Any]]
    notes: Sequence[Row[Any]]
    callbacks: Mapping[str, Row[Any]]
    voicemails: Sequence[Row[Any]]
    names: Mapping[str, str]
    views: Mapping[str, View]

    def view(self, row: Row[Any]) -> View:
        """What is open on a card."""
        return self.views[row.id]

    def checks_of(self, call_id: str | None) -> Iterator[Row[Any]]:
        """The checks of a call, the latest first."""
        return (each for each in self.checks if each.call_id == call_id)


async def read(
    connection: Connection,
    rows: Sequence[store.CardRow],
    calls: Mapping[str, Row[Any]],
    matches: Mapping[str, Match],
) -> Sources:
    """What these cards need, whose number does not grow with them."""
    views = {row.id: view_of(row.view) for row in rows}
    said = await outcomes.of_calls(connection, calls.keys())
    wanted = {candidate.message_id for match in matches.values() for candidate in match.candidates}
    wanted |= {row.message_id for row in said.values() if row.message_id} | set(_looked_at(views.values()))
    picked = {call.customer_id for call in calls.values() if call.customer_id and call.id in said}
    picked |= {customer for view in views.values() for customer in view.found_customers}
    checks = await identity.of_calls(connection, calls.keys())
    handovers = await card_sources.handed_over(connection, calls.keys())
    notes = await card_sources.noted_in(connection, {row.call_id for row in handovers})
    callbacks = await card_sources.callbacks_by_id(
        connection, {call.callback_id for call in calls.values() if call.callback_id}
    )
    people = {row.person_id for row in (*checks, *notes)} | {row.from_person_id for row in handovers}
    return Sources(
        messages=await store.messages_by_id(connection, wanted),
        customers=await card_sources.customers_by_id(connection, picked),
        said=said,
        checks=checks,
        handovers=handovers,
        notes=notes,
        callbacks=callbacks,
        voicemails=await card_sources.voicemails_of(connection, {row.call_id for row in callbacks.values()}),
        names=await names_of(connection, people),
        views=views,
    )


def _looked_at(views: Iterable[View]) -> Iterator[str]:
    for view in views:
        if view.message_id is not None:
            yield view.message_id
        yield from view.found_messages or ()
