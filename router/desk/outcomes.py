"""What an agent says of a match: it was right, it was another of the messages shown, or none of them. What is said
decides what the card shows next."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from router.calls import learning
from router.calls.learning import match_of
from router.core.match import NO_MATCH, Candidate, Match
from router.desk.card import Card, CardState
from router.desk.cards import cards_for, last_card
from router.desk.view import View, to_store, view_of
from router.errors import bad_request, not_found
from router.matching.disclosure import Policy
from router.matching.outcomes import Verdict
from router.store import cards as card_rows
from router.store.database import Connection
from router.store.holds import hold

TAKEN_BACK: Final = "unsaid"
OFF_DESK: Final = "This call is not on your desk any more."


async def say(
    connection: Connection,
    person_id: str,
    card_id: str,
    verdict: str,
    message_id: str | None,
    now: datetime,
    policy: Policy,
    customer_id: str | None = None,
) -> None:
    """Store what this person says of their call, in place of what they said before; `TAKEN_BACK` forgets that.

    Only of a call they talk to, or talked to last (`last_card`), and only what its card lets them know. Another one
    without saying which goes on to the next candidate. ``customer_id``: the caller is this customer whom a search
    found, about no message of ours. Raises `Refused`: 404 for any other card, 400 for anything else to say.
    """
    card = await _card(connection, person_id, card_id, now, policy)
    if card is None or card.call_id is None or not (card.can_be_judged or message_id or customer_id):
        raise not_found(OFF_DESK, "off_desk")
    await hold(connection, f"outcome:{card.call_id}")
    row = await card_rows.own(connection, person_id, card_id)
    if row is None:
        raise not_found(OFF_DESK, "off_desk")
    view = view_of(row.view)
    if verdict != TAKEN_BACK and not _sayable(card, view, verdict, message_id, customer_id):
        raise bad_request("This cannot be said of this call.", "not_of_this_call")
    call = (await card_rows.calls_by_id(connection, [card.call_id]))[card.call_id]
    if verdict == TAKEN_BACK:
        if card.said is not None:
            await learning.take_back(connection, call)
    else:
        meant, about = _meant(card, Verdict(verdict), message_id)
        if customer_id is not None or not _said_already(card, meant, about):
            await learning.say(connection, call, meant, about, person_id, now, customer_id)
    after = _seen_after(view, card, verdict, message_id or customer_id, policy, match_of(call.id, call.match))
    if after != view and card.state is CardState.TALKING:
        await card_rows.change(connection, card_id, {"view": to_store(after)})


async def _card(connection: Connection, person_id: str, card_id: str, now: datetime, policy: Policy) -> Card | None:
    live = await cards_for(connection, person_id, now, policy)
    shown = next((each for each in live if each.id == card_id), None) or await last_card(
        connection, person_id, now, policy
    )
    return shown if shown is not None and shown.id == card_id and (shown.can_be_judged or shown.can_look) else None


def _meant(card: Card, verdict: Verdict, message_id: str | None) -> tuple[Verdict, str | None]:
    """Right, where the agent has gone on to another message, is that one."""
    if verdict is Verdict.RIGHT and card.looked_up and card.message is not None:
        return Verdict.OTHER, card.message.id
    return verdict, message_id


def _said_already(card: Card, verdict: Verdict, message_id: str | None) -> bool:
    return card.said is not None and (card.said.verdict, card.said.message_id) == (verdict, message_id)


def _seen_after(view: View, card: Card, verdict: str, named: str | None, policy: Policy, match: Match | None) -> View:
    """What the card shows once this is said: the next candidate, where the agent only says that it is not this one, and
    the policy opens one for no more than that."""
    begun = view.but(message_id=None, not_these=(), said_by_check=False)
    if verdict == Verdict.OTHER and named is not None:
        return begun.but(found_messages=None, found_customers=(), found_all=True)
    if verdict != Verdict.OTHER:
        return begun
    shown = (card.message.id,) if card.message is not None else ()
    ruled_out = tuple(dict.fromkeys((*view.not_these, *shown)))
    candidates: tuple[Candidate, ...] = (match or NO_MATCH).candidates if policy != "strict" else ()
    left = (each.message_id for each in candidates if each.message_id not in ruled_out)
    return begun.but(message_id=next(left, None), not_these=ruled_out)


def _sayable(card: Card, view: View, verdict: str, message_id: str | None, customer_id: str | None) -> bool:
    """Whether the card shows what this is about: the message opened, one of the others, or what a search found."""
    if customer_id is not None:
        return card.can_look and verdict == Verdict.OTHER and message_id is None and customer_id in view.found_customers
    match verdict:
        case Verdict.RIGHT:
            return card.message is not None and message_id is None
        case Verdict.OTHER if message_id is None:
            return card.message is not None or (card.said is not None and card.said.verdict is Verdict.OTHER)
        case Verdict.OTHER:
            shown = {each.message_id for each in card.candidates} | {each.message_id for each in card.more}
            shown |= {card.message.id} if card.looked_up and card.message is not None else set()
            return message_id in shown or (card.can_look and message_id in (view.found_messages or ()))
        case Verdict.NONE:
            return message_id is None
        case _:
            return False
