"""Makes the cards of one agent's desk from the database. Nothing gets onto a card that disclosure does not let through.

What is stored is read anew each time, so a reload shows what is so now. The caller's number is not read at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row

from router.calls.learning import match_of
from router.core.assurance import Assurance
from router.core.match import NO_MATCH, Candidate, Decision, EvidenceKind, Match
from router.desk.card import (
    CandidateView,
    Card,
    CardState,
    CustomerView,
    EvidenceView,
    FactView,
    Label,
    MessageView,
    OfferView,
    Said,
)
from router.desk.heard import heard_in
from router.matching.disclosure import Policy, Visible, visible
from router.matching.outcomes import Verdict
from router.store import cards as store
from router.store import outcomes, pools
from router.store.database import Connection

TEST_PHONE = "testphone"
"""The channel of calls that are answered on the page."""

_TIME: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)
_LATEST_MESSAGES = 200

LAST_CALL = timedelta(minutes=5)
"""How long after its end something may be said of a call."""

MessageRow = Row[Any]


async def cards_for(connection: Connection, person_id: str, now: datetime, policy: Policy) -> list[Card]:
    """The cards that are on this person's desk: the call talked to first, then the longest ringing one."""
    return await _made(connection, await store.live_of_person(connection, person_id), person_id, now, policy)


async def last_card(connection: Connection, person_id: str, now: datetime, policy: Policy) -> Card | None:
    """The card of the call this person talked to last, as it was, when that ended within `LAST_CALL`. For what may
    still be said of it; it is not on the desk any more."""
    row = await store.last_talked(connection, person_id, now - LAST_CALL)
    made = await _made(connection, [row] if row else [], person_id, now, policy)
    return made[0] if made and made[0].can_be_judged else None


async def _made(
    connection: Connection, rows: Sequence[store.CardRow], person_id: str, now: datetime, policy: Policy
) -> list[Card]:
    calls = await store.calls_by_id(connection, {row.call_id for row in rows if row.call_id})
    matches = {call.id: match_of(call.id, call.match) or NO_MATCH for call in calls.values() if _was_routed(call)}
    wanted = {candidate.message_id for match in matches.values() for candidate in match.candidates}
    messages = await store.messages_by_id(connection, wanted)
    campaigns = await _campaigns(connection, {call.service_number for call in calls.values()}, now)
    said = await outcomes.of_calls(connection, calls.keys())
    made = []
    for row in rows:
        call = calls.get(row.call_id)
        campaign = campaigns.get(call.service_number) if call else None
        match = _with_messages(matches[call.id], messages) if call and call.id in matches else None
        card = _card(row, call, match, messages, campaign, policy)
        if call and match:
            card = replace(card, heard=heard_in(call.id, call.session, match.code_accepted))
        made.append(replace(card, said=_said(said.get(row.call_id), person_id)))
    return made


def _said(outcome: Row[Any] | None, person_id: str) -> Said | None:
    if outcome is None or outcome.person_id != person_id:
        return None
    verdict = Verdict(outcome.verdict)
    return Said(verdict, outcome.message_id if verdict is Verdict.OTHER else None)


def _was_routed(call: Row[Any]) -> bool:
    """Whether the flow got to the point where it hands the caller over. A call that is in a queue without that got
    there because the router failed, whatever had been found out by then."""
    return call.state in ("queue", "talking") or call.outcome == "left_queue"


def _with_messages(match: Match, messages: Mapping[str, MessageRow]) -> Match:
    """The match without candidates whose messages were deleted; when that was the one named, nobody is named."""
    if match.best and match.best.message_id not in messages:
        return NO_MATCH
    kept = tuple(candidate for candidate in match.candidates if candidate.message_id in messages)
    return Match(match.decision, match.assurance, match.none_probability, kept, match.code_accepted)


async def _campaigns(
    connection: Connection, service_numbers: Collection[str | None], now: datetime
) -> dict[str | None, str]:
    """The campaign a service number stands for: the one it is leased to, else the one its latest messages agree on."""
    found: dict[str | None, str] = {}
    for number in service_numbers:
        if number:
            leased_to = await pools.campaign_of(connection, number, now)
            campaigns = (
                {leased_to} if leased_to else await store.campaigns_dialled(connection, number, now, _LATEST_MESSAGES)
            )
            if len(campaigns) == 1:
                found[number] = campaigns.pop()
    return found


def _card(
    row: store.CardRow,
    call: Row[Any] | None,
    match: Match | None,
    messages: Mapping[str, MessageRow],
    campaign: str | None,
    policy: Policy,
) -> Card:
    """The card of a call; `match` is None where the router could not finish its work."""
    found = match or NO_MATCH
    show = visible(found.assurance, found.decision, policy)
    best = found.best if show.opened else None
    label = Label.UNAVAILABLE if match is None else _label(found)
    opened = messages[best.message_id] if best else None
    return Card(
        id=row.id,
        call_id=row.call_id,
        state=CardState(row.state) if row.state in store.ON_DESK else CardState.TALKING,  # as it was
        label=label,
        queue=row.queue,
        service_number=call.service_number if call else None,
        campaign=(opened.campaign if opened else None) or campaign,
        rang_at=row.rang_at,
        answered_at=row.answered_at,
        assurance=found.assurance,
        check_first=label is Label.POSSIBLE,
        withheld=bool(call and call.withheld),
        code_accepted=found.code_accepted,
        in_browser=bool(call and call.channel == TEST_PHONE),
        none_probability=found.none_probability if show.candidates else 1.0,
        who=_customer(opened) if opened else None,
        message=_message(opened) if opened else None,
        offer=_offer(opened.offer, show) if opened else None,
        why=_evidence(best) if best else (),
        candidates=_candidates(found.candidates, best, messages) if show.candidates else (),
    )


def _label(match: Match) -> Label:
    match match.decision:
        case Decision.SURE | Decision.LIKELY if match.assurance >= Assurance.L2:
            return Label.VERIFIED
        case Decision.SURE | Decision.LIKELY if match.assurance is Assurance.L1:
            return Label.POSSIBLE
        case Decision.UNCLEAR if match.candidates:
            return Label.POSSIBLE
        case _:
            return Label.UNKNOWN


def _customer(message: MessageRow) -> CustomerView | None:
    if message.customer_id is None:
        return None
    return CustomerView(message.name, message.language, message.external_id)


def _message(message: MessageRow) -> MessageView:
    return MessageView(message.id, message.channel, message.sent_at, message.body, message.reference)


def _offer(offer: Mapping[str, Any], show: Visible) -> OfferView:
    return OfferView(
        title=str(offer.get("title") or ""),
        summary=str(offer.get("summary") or ""),
        valid_from=_time(offer.get("valid_from")),
        valid_until=_time(offer.get("valid_until")),
        url=offer.get("url"),
        facts=tuple(_fact(name, fact, show) for name, fact in (offer.get("facts") or {}).items()),
    )


def _fact(name: str, fact: Any, show: Visible) -> FactView:
    """A fact is a plain value, or `{"value": …, "sensitive": true}`; any other object is taken for sensitive."""
    if isinstance(fact, Mapping):
        closed = fact.get("sensitive", True) and not show.sensitive
        return FactView(name, None if closed else _plain(fact.get("value", "")))
    return FactView(name, _plain(fact))


def _plain(value: Any) -> str:
    """A text, a number, or a yes or no as a sign of no language."""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return str(value)


def _candidates(
    candidates: Iterable[Candidate], best: Candidate | None, messages: Mapping[str, MessageRow]
) -> tuple[CandidateView, ...]:
    """The other messages. Beside an opened one only its own customer's are named: the others are strangers to them."""
    customer = messages[best.message_id].customer_id if best else None
    return tuple(
        _candidate(candidate, messages[candidate.message_id], best is None or customer is not None, customer)
        for candidate in candidates
        if candidate is not best
    )


def _candidate(candidate: Candidate, message: MessageRow, named: bool, customer: str | None) -> CandidateView:
    own = named and customer in (None, message.customer_id)
    offer = message.offer
    return CandidateView(
        message_id=candidate.message_id,
        probability=candidate.probability,
        channel=message.channel,
        sent_at=message.sent_at,
        offer_title=str(offer.get("title") or ""),
        valid_until=_time(offer.get("valid_until")),
        customer_name=message.name if own else None,
        campaign=message.campaign,
        why=_evidence(candidate),
    )


def _evidence(candidate: Candidate) -> tuple[EvidenceView, ...]:
    # How old a message is stands on the card; its weight is that of a call about anything, and tells an agent nothing.
    telling = [each for each in candidate.evidence if each.kind is not EvidenceKind.TIMING]
    ordered = sorted(telling, key=lambda each: -abs(each.log_odds))
    return tuple(EvidenceView(each.kind, each.log_odds) for each in ordered)


def _time(text: Any) -> datetime | None:
    """A time of an offer as stored (RFC 3339); one that cannot be read or has no offset counts as none."""
    try:
        time = _TIME.validate_python(text)
    except ValidationError:
        return None
    return time if time is not None and time.tzinfo is not None else None
