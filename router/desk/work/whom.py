"""Which call an agent works on, and whom it is about: no more than that agent's card shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from router.calls.calling_back import ANSWERED
from router.calls.placing import ASTERISK
from router.core.events import TEST_PHONE
from router.desk.card import Card
from router.errors import not_found
from router.matching.disclosure import Policy
from router.store import calls, customers, messages
from router.store.database import Connection

WORKING: Final = ("talking", "wrap_up")
"""States of a card in which there is something to do."""


class CardsFor(Protocol):
    """See `router.desk.cards.cards_for`."""

    async def __call__(
        self, connection: Connection, person_id: str, now: datetime, policy: Policy
    ) -> Sequence[Card]: ...


@dataclass(frozen=True, slots=True)
class Whom:
    """``card`` is the agent's. The message is the one that the card has open, the customer the one it is to, or whom
    somebody has said that it is; None: the card names nobody. ``call`` is its row."""

    card: Card
    call: calls.CallRow
    message: Any | None
    customer: Any | None

    @property
    def card_id(self) -> str:
        """The card's id."""
        return self.card.id

    @property
    def call_id(self) -> str:
        """The call's id."""
        return str(self.call.id)

    @property
    def message_id(self) -> str | None:
        """The message's id."""
        return self.message.id if self.message is not None else None

    @property
    def customer_id(self) -> str | None:
        """The id of the customer whose history this belongs to, whether the card names them or not."""
        found: str | None = self.message.customer_id if self.message is not None else self.call.customer_id
        return found

    @property
    def reached_id(self) -> str | None:
        """The id of the customer whom the agent may write to: nobody whom the card does not name."""
        return self.customer.id if self.customer is not None else None

    @property
    def test(self) -> bool:
        """The call comes from the test phone: what is sent in it goes to nobody."""
        return bool(self.call.channel == TEST_PHONE)

    @property
    def stays(self) -> bool:
        """Nobody can be passed on yet: the customer whom Asterisk calls back has not answered."""
        back = self.card.callback
        return back is not None and back.step != ANSWERED and bool(self.call.channel == ASTERISK)

    def language(self, own: str) -> str:
        """The customer's language, else ``own``."""
        known = self.customer.language if self.customer is not None else None
        return known or own


async def whom(connection: Connection, card: Card) -> Whom | None:
    """Whom a card is about; None for a call that never reached the router."""
    call = await calls.by_id(connection, card.call_id) if card.call_id else None
    if call is None:
        return None
    message = await messages.by_id(connection, card.message.id) if card.message else None
    said = call.customer_id if card.who is not None else None
    customer_id = message.customer_id if message is not None else said
    customer = await customers.by_id(connection, customer_id) if customer_id else None
    return Whom(card, call, message, customer)


async def working_on(
    connection: Connection,
    cards_for: CardsFor,
    person_id: str,
    card_id: str,
    now: datetime,
    policy: Policy,
    states: Sequence[str] = WORKING,
) -> Whom:
    """Whom this card of this person is about. Raises `Refused` (404) for one that is not on their desk in such a
    state."""
    cards = await cards_for(connection, person_id, now, policy)
    card = next((card for card in cards if card.id == card_id and card.state.value in states), None)
    found = await whom(connection, card) if card is not None else None
    if found is None:
        raise not_found("This call is not on your desk any more.", "off_desk")
    return found
