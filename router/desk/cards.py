"""Makes the cards of one agent's desk from the database. Nothing gets onto a card that disclosure does not let through.

What is stored is read anew each time, so a reload shows what is so now. The caller's number is not read at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from router.calls.learning import match_of
from router.core.assurance import Assurance
from router.core.match import NO_MATCH, Candidate, Decision, Match
from router.desk.around import before_of, found_of, identity_of, more_of
from router.desk.called_back import called_back
from router.desk.card import Card, CardState, Label, Proving, Said
from router.desk.did import did
from router.desk.heard import heard_in, session_of
from router.desk.making import (
    MessageRow,
    candidate_views,
    customer_view,
    evidence_views,
    message_view,
    offer_view,
)
from router.desk.opening import Subject, subject_of
from router.desk.sources import Sources, read
from router.desk.timeline import timeline_of
from router.desk.view import View
from router.matching.disclosure import Policy, Visible, visible
from router.matching.outcomes import Verdict
from router.store import cards as store
from router.store import pools
from router.store.database import Connection

TEST_PHONE = "testphone"
"""The channel of calls that are answered on the page."""

_LATEST_MESSAGES = 200

LAST_CALL = timedelta(minutes=5)
"""How long after its end something may be said of a call."""


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
    sources = await read(connection, rows, calls, matches)
    callbacks = await called_back(connection, [call.id for call in calls.values() if call.callback_id])
    made = []
    for row in rows:
        call = calls.get(row.call_id)
        match = _with_messages(matches[call.id], sources.messages) if call and call.id in matches else None
        card = await _card(connection, row, call, match, sources, person_id, now, policy)
        made.append(replace(card, callback=callbacks.get(row.call_id)))
    # Only where no message says what the call is about, its number may.
    campaigns = await _campaigns(connection, {card.service_number for card in made if card.campaign is None}, now)
    return [replace(card, campaign=card.campaign or campaigns.get(card.service_number)) for card in made]


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


def state_of(row: store.CardRow) -> CardState:
    """Where the card stands; one that is gone is as it was when its talk had ended."""
    return CardState.WRAP_UP if row.state == "gone" else CardState(row.state)


def subject_on(row: store.CardRow, call: Row[Any] | None, match: Match | None, sources: Sources) -> Subject:
    """What the card is about now. What is said after the talk opens nothing."""
    said = sources.said.get(row.call_id)
    if said is not None and row.talked_until is not None and said.at > row.talked_until:
        said = None
    picked = call.customer_id if call and said and said.verdict == Verdict.OTHER and not said.message_id else None
    owners = {key: message.customer_id for key, message in sources.messages.items()}
    return subject_of(match, said, picked, sources.view(row), sources.checks_of(row.call_id), owners)


async def _card(
    connection: Connection,
    row: store.CardRow,
    call: Row[Any] | None,
    match: Match | None,
    sources: Sources,
    person_id: str,
    now: datetime,
    policy: Policy,
) -> Card:
    """The card of a call; `match` is None where the router could not finish its work."""
    subject = subject_on(row, call, match, sources)
    show = visible(subject.assurance, subject.decision, policy)
    card = _plain(row, call, match, subject, show)
    view = sources.view(row)
    if call is not None:
        session = session_of(call.id, call.session)
        heard = heard_in(session, match.code_accepted) if match else None
        card = replace(card, heard=heard, did=did(session, match) if session else ())
    card = replace(
        card,
        said=_said(sources.said.get(row.call_id), person_id),
        candidates=_candidates(match or NO_MATCH, subject, show, sources),
        before=before_of(call, person_id, sources),
        found=found_of(view, sources, show, policy) if card.can_look else None,
        proving=_proving(card, subject, view),
    )
    if not show.opened or not subject.anybody:
        return card
    return await _opened(connection, card, subject, show, view, sources, match, now)


async def looked_at(
    connection: Connection, row: store.CardRow, policy: Policy
) -> tuple[Row[Any], Subject, Sources, Visible] | None:
    """The call of a card with what the card is about and what may be shown of it, for what is done on it; None where
    the call is not known to us."""
    call = (await store.calls_by_id(connection, [row.call_id])).get(row.call_id) if row.call_id else None
    if call is None:
        return None
    matches = {call.id: match_of(call.id, call.match) or NO_MATCH} if _was_routed(call) else {}
    sources = await read(connection, [row], {call.id: call}, matches)
    match = _with_messages(matches[call.id], sources.messages) if matches else None
    subject = subject_on(row, call, match, sources)
    return call, subject, sources, visible(subject.assurance, subject.decision, policy)


async def _opened(
    connection: Connection,
    card: Card,
    subject: Subject,
    show: Visible,
    view: View,
    sources: Sources,
    match: Match | None,
    now: datetime,
) -> Card:
    """The card with what is open of its subject."""
    message = sources.messages.get(subject.message_id or "")
    who = message if message is not None else sources.customers.get(subject.customer_id or "")
    opened = {each.partition(":")[2] for each in view.facts if each.startswith(f"{subject.message_id}:")}
    beside = {subject.message_id, *(each.message_id for each in card.candidates)}
    return replace(
        card,
        campaign=message.campaign if message is not None else None,
        who=customer_view(who) if who is not None else None,
        message=message_view(message) if message is not None else None,
        offer=offer_view(message.offer, show, opened, card.can_look) if message is not None else None,
        why=_why(match, subject),
        identity=identity_of(subject, sources),
        more=await more_of(connection, subject.customer_id, beside, view, now, can_open=show.others and card.can_look),
        timeline=await timeline_of(
            connection, subject.customer_id, subject.message_id, card.call_id, view.pages, words=show.others
        ),
        unseen=message is not None and message.id not in view.seen,
    )


def _plain(
    row: store.CardRow,
    call: Row[Any] | None,
    match: Match | None,
    subject: Subject,
    show: Visible,
) -> Card:
    """The card without anything personal."""
    found = match or NO_MATCH
    label = Label.UNAVAILABLE if match is None and not subject.looked_up else _label(subject, found)
    return Card(
        id=row.id,
        call_id=row.call_id,
        state=state_of(row),
        label=label,
        queue=row.queue,
        service_number=call.service_number if call else None,
        campaign=None,
        rang_at=row.rang_at,
        answered_at=row.answered_at,
        assurance=subject.assurance,
        check_first=label is Label.POSSIBLE,
        withheld=bool(call and call.withheld),
        code_accepted=found.code_accepted,
        in_browser=bool(call and call.channel == TEST_PHONE),
        none_probability=found.none_probability if show.candidates else 1.0,
        looked_up=subject.looked_up and subject.anybody,
    )


def _label(subject: Subject, match: Match) -> Label:
    match subject.decision:
        case Decision.SURE | Decision.LIKELY if subject.assurance >= Assurance.L2:
            return Label.VERIFIED
        case Decision.SURE | Decision.LIKELY if subject.assurance is Assurance.L1:
            return Label.POSSIBLE
        case Decision.UNCLEAR if match.candidates:
            return Label.POSSIBLE
        case _:
            return Label.UNKNOWN


def _said(outcome: Row[Any] | None, person_id: str) -> Said | None:
    if outcome is None or outcome.person_id != person_id:
        return None
    verdict = Verdict(outcome.verdict)
    return Said(verdict, outcome.message_id if verdict is Verdict.OTHER else None)


def _candidates(match: Match, subject: Subject, show: Visible, sources: Sources) -> Any:
    if not show.candidates:
        return ()

    def named(message: MessageRow) -> bool:
        if not subject.anybody:
            return True
        return subject.customer_id is not None and bool(subject.customer_id == message.customer_id)

    return candidate_views(match.candidates, sources.messages, subject.message_id if show.opened else None, named)


def _why(match: Match | None, subject: Subject) -> Any:
    found: Candidate | None = next(
        (each for each in (match or NO_MATCH).candidates if each.message_id == subject.message_id), None
    )
    return evidence_views(found) if found is not None else ()


def _proving(card: Card, subject: Subject, view: View) -> Proving | None:
    """What can be done to find out who it is, while they talk and that is not known for certain."""
    if not card.can_look or not subject.anybody or subject.assurance is Assurance.L3:
        return None
    target = subject.customer_id or subject.message_id
    return Proving(view.code_for == target, view.not_proved)
