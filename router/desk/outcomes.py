"""What an agent says of a match: it was right, it was another of the messages shown, or none of them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from router.calls import learning
from router.desk.card import Card
from router.desk.cards import cards_for, last_card
from router.errors import bad_request, not_found
from router.matching.disclosure import Policy
from router.matching.outcomes import Verdict
from router.store import cards as card_rows
from router.store import outcomes as store
from router.store.database import Connection

TAKEN_BACK: Final = "unsaid"


async def say(
    connection: Connection,
    person_id: str,
    card_id: str,
    verdict: str,
    message_id: str | None,
    now: datetime,
    policy: Policy,
) -> None:
    """Store what this person says of their call, in place of what they said before; `TAKEN_BACK` forgets that.

    Only of a call they talk to, or talked to last (`last_card`), and only what its card lets them know. Raises
    `Refused`: 404 for any other card, 400 for anything else to say.
    """
    card = await _card(connection, person_id, card_id, now, policy)
    if card is None or card.call_id is None:
        raise not_found("This call is not on your desk any more.")
    if verdict == TAKEN_BACK:
        if card.said is not None:
            await store.take_back(connection, card.call_id)
        return
    if not _sayable(card, verdict, message_id):
        raise bad_request("This cannot be said of this call.")
    if card.said is not None and (card.said.verdict, card.said.message_id) == (verdict, message_id):
        return
    call = (await card_rows.calls_by_id(connection, [card.call_id]))[card.call_id]
    await learning.say(connection, call, Verdict(verdict), message_id, person_id, now)


async def _card(connection: Connection, person_id: str, card_id: str, now: datetime, policy: Policy) -> Card | None:
    live = await cards_for(connection, person_id, now, policy)
    shown = next((each for each in live if each.id == card_id), None) or await last_card(
        connection, person_id, now, policy
    )
    return shown if shown is not None and shown.id == card_id and shown.can_be_judged else None


def _sayable(card: Card, verdict: str, message_id: str | None) -> bool:
    """Whether the card shows what this is about: the message opened, or one of the others."""
    match verdict:
        case Verdict.RIGHT:
            return card.message is not None and message_id is None
        case Verdict.OTHER if message_id is None:
            return card.message is not None
        case Verdict.OTHER:
            return message_id in {each.message_id for each in card.candidates}
        case Verdict.NONE:
            return message_id is None
        case _:
            return False
