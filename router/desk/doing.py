"""What an agent does on a card while they talk: the card, locked for it, with the call and what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from router.desk.card import CardState
from router.desk.cards import looked_at
from router.desk.making import is_sensitive
from router.desk.opening import Subject
from router.desk.outcomes import OFF_DESK
from router.desk.sources import Sources
from router.desk.view import MOST_OPENED, MOST_PAGES, View, to_store, view_of
from router.errors import bad_request, not_found
from router.matching.disclosure import Policy, Visible
from router.store import audit, card_sources
from router.store import cards as store
from router.store.database import Connection
from router.store.holds import hold


@dataclass(frozen=True, slots=True)
class Desk:
    """A card of a call that its agent talks to, as it is looked at now."""

    card: Row[Any]
    call: Row[Any]
    subject: Subject
    sources: Sources
    show: Visible
    view: View

    @property
    def about(self) -> tuple[str, str | None]:
        """What the audit log is told it is about."""
        if self.subject.customer_id is not None:
            return "customer", self.subject.customer_id
        return "message", self.subject.message_id

    async def keep(self, connection: Connection, view: View) -> None:
        """Store what is open on the card from now on."""
        if view != self.view:
            await store.change(connection, self.card.id, {"view": to_store(view)})


async def talked_to(
    connection: Connection, person_id: str, card_id: str, policy: Policy, *, saying: bool = False
) -> Desk:
    """The card, where this person talks to its caller; ``saying``: something is to be said of the match. Raises
    `Refused`, 404, for any other card."""
    if saying and (call_id := await store.call_of(connection, card_id)) is not None:
        await hold(connection, f"outcome:{call_id}")
    known = await store.own(connection, person_id, card_id)
    if known is None or known.state != CardState.TALKING:
        raise not_found(OFF_DESK, "off_desk")
    found = await looked_at(connection, known, policy)
    if found is None:
        raise not_found(OFF_DESK, "off_desk")
    call, subject, sources, show = found
    return Desk(known, call, subject, sources, show, view_of(known.view))


async def open_fact(
    connection: Connection, person_id: str, card_id: str, name: str, now: datetime, policy: Policy
) -> None:
    """Open a sensitive fact of the offer; that is written down. Raises `Refused`: 404 for another card, 400 for what
    cannot be opened."""
    desk = await talked_to(connection, person_id, card_id, policy)
    message = desk.sources.messages.get(desk.subject.message_id or "")
    facts = (message.offer.get("facts") or {}) if message is not None else {}
    if message is None or not desk.show.sensitive or not is_sensitive(facts.get(name)):
        raise bad_request("This cannot be opened.", "cannot_open")
    key = f"{message.id}:{name}"
    if key in desk.view.facts:
        return
    await desk.keep(connection, desk.view.but(facts=(*desk.view.facts, key)[-MOST_OPENED:]))
    await audit.note(
        connection, now, "sensitive.opened", "message", message.id, person_id=person_id, detail={"fact": name}
    )


async def open_message(
    connection: Connection, person_id: str, card_id: str, message_id: str, now: datetime, policy: Policy
) -> None:
    """Open another message of the customer beside the one on the card; that is written down. Raises `Refused`: 404 for
    another card, 400 for a message that cannot be opened."""
    desk = await talked_to(connection, person_id, card_id, policy)
    owner = await card_sources.owner_of(connection, message_id)
    if not desk.show.others or owner is None or owner != desk.subject.customer_id:
        raise bad_request("This cannot be opened.", "cannot_open")
    if message_id in desk.view.messages:
        return
    await desk.keep(connection, desk.view.but(messages=(*desk.view.messages, message_id)[-MOST_OPENED:]))
    await audit.note(connection, now, "message.seen", "message", message_id, person_id=person_id)


async def show_more(connection: Connection, person_id: str, card_id: str, policy: Policy) -> None:
    """Show more of the timeline. Raises `Refused`, 404, for another card."""
    desk = await talked_to(connection, person_id, card_id, policy)
    await desk.keep(connection, desk.view.but(pages=min(desk.view.pages + 1, MOST_PAGES)))


async def note_seen(connection: Connection, person_id: str, card_id: str, message_id: str, now: datetime) -> None:
    """Write down that a card has opened a message, once for each card."""
    row = await store.own(connection, person_id, card_id)
    view = view_of(row.view) if row is not None else None
    if view is None or message_id in view.seen:
        return
    seen = (*view.seen, message_id)[-MOST_OPENED:]
    await store.change(connection, card_id, {"view": to_store(view.but(seen=seen))})
    await audit.note(connection, now, "message.seen", "message", message_id, person_id=person_id)
