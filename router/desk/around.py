"""What stands around the message on a card: how the call came to be, who was proved, other messages, what was found."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from router.desk.card import Before, Found, FoundOne, Identity, OtherMessage
from router.desk.making import time_of, title_of
from router.desk.opening import Subject
from router.desk.sources import Sources
from router.desk.view import View
from router.matching.disclosure import Policy, Visible
from router.store import card_sources
from router.store.database import Connection

MOST_MORE: Final = 8
"""Other messages of the customer shown."""
_LOOKED_AT: Final = 40


def before_of(call: Row[Any] | None, person_id: str, sources: Sources) -> tuple[Before, ...]:
    """How the call came to this agent."""
    return tuple(_before(call, person_id, sources)) if call is not None else ()


def _before(call: Row[Any], person_id: str, sources: Sources) -> Iterator[Before]:
    passed = next((row for row in sources.handovers if row.call_id == call.id), None)
    if passed is not None and passed.from_person_id != person_id and passed.to_person_id in (None, person_id):
        yield Before("handover", passed.at, sources.names.get(passed.from_person_id), passed.note)
        for row in sources.notes:
            if row.call_id == call.id and row.person_id != person_id:
                yield Before("note", row.at, sources.names.get(row.person_id), row.text)
    back = sources.callbacks.get(call.callback_id or "")
    if back is None:
        return
    left = next((row for row in sources.voicemails if row.call_id == back.call_id), None)
    if left is not None:
        yield Before("voicemail", left.created_at, words=left.text or "", seconds=left.seconds)


def identity_of(subject: Subject, sources: Sources) -> Identity | None:
    """How it was found out that it is the customer."""
    check = subject.check
    if check is None:
        return None
    return Identity(check.method, sources.names.get(check.person_id), check.at, tuple(map(str, check.checked or ())))


async def more_of(
    connection: Connection,
    customer_id: str | None,
    beside: Collection[str | None],
    view: View,
    now: datetime,
    *,
    can_open: bool,
) -> tuple[OtherMessage, ...]:
    """The other messages of the customer that are not answered, those whose offer still holds first."""
    if customer_id is None:
        return ()
    rows = await card_sources.unanswered(connection, customer_id, view.messages, _LOOKED_AT)
    others = [_other(row, view, can_open) for row in rows if row.id not in beside]
    others.sort(key=lambda each: each.valid_until is not None and each.valid_until < now)
    return tuple(others[:MOST_MORE])


def _other(row: Row[Any], view: View, can_open: bool) -> OtherMessage:
    opened = row.id in view.messages
    return OtherMessage(
        message_id=row.id,
        channel=row.channel,
        sent_at=row.sent_at,
        offer_title=title_of(row.offer),
        valid_until=time_of(row.offer.get("valid_until")),
        can_open=can_open and not opened,
        body=row.body if opened else None,
        summary=str(row.offer.get("summary") or "") if opened else None,
    )


def found_of(view: View, sources: Sources, show: Visible, policy: Policy) -> Found | None:
    """What the agent's search found; with the policy ``strict`` the names alone, until it is known who calls."""
    if view.found_messages is None:
        return None
    messages = [sources.messages[key] for key in view.found_messages if key in sources.messages]
    customers = [sources.customers[key] for key in view.found_customers if key in sources.customers]
    each = [
        FoundOne(
            row.id,
            row.customer_id,
            row.name,
            row.external_id,
            *(
                (row.channel, row.sent_at, title_of(row.offer), time_of(row.offer.get("valid_until")))
                if policy != "strict"
                else ()
            ),
        )
        for row in messages
    ]
    each += [FoundOne(None, row.customer_id, row.name, row.external_id) for row in customers]
    return Found(tuple(each), view.found_all)
