"""Cards, and the events that tell a desk's page of changes, without personal data; and what a card is made from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, case, delete, func, insert, or_, select, update

from router.store.database import Connection
from router.store.prepared import Prepared
from router.store.tables import calls, cards, customers, desk_events, handovers, messages, people

CardRow = Row[Any]
SourceRow = Row[Any]

LIVE = ("ringing", "talking")
"""The call is with the agent."""
ON_DESK = (*LIVE, "wrap_up")
"""The agent sees the card."""


# Made once: to make a statement takes longer than to run it, and these run several times in each call.
_OF_CALL: Final = Prepared(select(cards).where(cards.c.call_key == bindparam("call")))
_LIVE_OF_PERSON: Final = (
    select(cards)
    .where(cards.c.person_id == bindparam("person"), cards.c.state.in_(ON_DESK))
    .order_by(case({"talking": 0, "ringing": 1}, value=cards.c.state, else_=2), cards.c.rang_at, cards.c.id)
)

_TALKED_SINCE: Final = Prepared(
    select(cards.c.id)
    .where(
        cards.c.call_key == bindparam("call"),
        cards.c.answered_at
        >= select(func.max(handovers.c.at))
        .where(handovers.c.call_id == bindparam("call"), handovers.c.state == "under_way")
        .scalar_subquery(),
    )
    .limit(1)
)
_OWN: Final = (
    select(cards).where(cards.c.id == bindparam("card"), cards.c.person_id == bindparam("person")).with_for_update()
)
_ADD: Final = Prepared(insert(cards).inline())
_ADD_EVENT: Final = Prepared(insert(desk_events).inline())
_CHANGE: Final = Prepared(update(cards).where(cards.c.id == bindparam("card")))
_LAST_TALKED: Final = (
    select(cards)
    .where(cards.c.person_id == bindparam("person"), cards.c.state == "gone", cards.c.answered_at.is_not(None))
    .where(cards.c.gone_at >= bindparam("since"))
    .order_by(cards.c.gone_at.desc(), cards.c.id)
    .limit(1)
)
_CALLS: Final[Select[Any]] = select(
    calls.c.id, calls.c.channel, calls.c.withheld, calls.c.service_number, calls.c.state, calls.c.outcome,
    calls.c.match, calls.c.session, calls.c.started_at, calls.c.customer_id, calls.c.callback_id,
).where(calls.c.id.in_(bindparam("these", expanding=True)))  # fmt: skip
_MESSAGES: Final[Select[Any]] = (
    select(
        messages.c.id, messages.c.channel, messages.c.sent_at, messages.c.body, messages.c.reference,
        messages.c.external_id.label("message_external_id"), messages.c.campaign, messages.c.offer,
        messages.c.customer_id, customers.c.name, customers.c.language, customers.c.external_id,
    )
    .select_from(messages.outerjoin(customers))
    .where(messages.c.id.in_(bindparam("these", expanding=True)))
)  # fmt: skip


async def add(connection: Connection, values: dict[str, Any]) -> None:
    """Store a new card."""
    await _ADD.change(connection, values)


async def change(connection: Connection, card_id: str, values: dict[str, Any]) -> None:
    """Change columns of a card."""
    await _CHANGE.change(connection, {**values, "card": card_id})


async def of_call(connection: Connection, call_key: str) -> Sequence[CardRow]:
    """All cards of a call, gone ones included."""
    return await _OF_CALL.rows(connection, {"call": call_key})


async def live_of_person(connection: Connection, person_id: str) -> Sequence[CardRow]:
    """The cards on a person's desk: the call they talk to first, then the longest ringing one, then what is wrapped
    up."""
    return (await connection.execute(_LIVE_OF_PERSON, {"person": person_id})).all()


async def own(connection: Connection, person_id: str, card_id: str) -> CardRow | None:
    """A person's card, whatever its state, for this transaction alone; None where it is nobody's or somebody else's."""
    return (await connection.execute(_OWN, {"card": card_id, "person": person_id})).one_or_none()


async def call_of(connection: Connection, card_id: str) -> str | None:
    """The call of a card, None where it has none or is not there."""
    found: str | None = (
        await connection.execute(select(cards.c.call_id).where(cards.c.id == card_id))
    ).scalar_one_or_none()
    return found


async def of_call_and_person(connection: Connection, call_id: str, person_id: str) -> CardRow | None:
    """A person's card of a call, where it is on their desk."""
    query = select(cards).where(cards.c.call_key == call_id, cards.c.person_id == person_id, cards.c.state != "gone")
    return (await connection.execute(query)).one_or_none()


async def last_talked(connection: Connection, person_id: str, since: datetime) -> CardRow | None:
    """The card of the last call that a person talked to, where it is gone, and that not before ``since``."""
    return (await connection.execute(_LAST_TALKED, {"person": person_id, "since": since})).first()


async def live_on_channel(connection: Connection, channel: str, only: str = "") -> Sequence[CardRow]:
    """The live cards of calls of `channel`, and of calls that are unknown to us; of these only those whose ids at the
    channel begin with ``only``."""
    query = (
        select(cards)
        .outerjoin(calls, calls.c.id == cards.c.call_id)
        .where(cards.c.state.in_(LIVE), or_(calls.c.channel == channel, cards.c.call_id.is_(None)))
    )
    if only:
        known_there = func.coalesce(calls.c.channel_ref, cards.c.call_key)
        query = query.where(known_there.startswith(only, autoescape=True))
    return (await connection.execute(query)).all()


async def busy_elsewhere(connection: Connection, person_id: str, asterisk: str) -> bool:
    """Whether a call that another Asterisk than this one has rings at a person, or is talked."""
    query = select(cards.c.id).where(
        cards.c.person_id == person_id, cards.c.state.in_(LIVE), cards.c.asterisk != asterisk
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def place(connection: Connection, call_id: str, person_id: str) -> CardRow | None:
    """Where a person talks to the caller of this call: `asterisk`, `caller_channel` and `agent_channel`; None where
    they do not, or that is not known."""
    query = select(cards.c.asterisk, cards.c.caller_channel, cards.c.agent_channel).where(
        cards.c.call_key == call_id, cards.c.person_id == person_id, cards.c.state == "talking"
    )
    row: CardRow | None = (await connection.execute(query)).one_or_none()  # type: ignore[assignment]
    return row if row is not None and row.caller_channel and row.agent_channel else None


async def of_ended_calls(connection: Connection, until: datetime) -> Sequence[str]:
    """The keys of calls that ended by `until` and still have a live card. Not those of Asterisk that rang after we had
    given the call up: Asterisk tells when they are over."""
    query = (
        select(cards.c.call_key)
        .join(calls, calls.c.id == cards.c.call_id)
        .where(cards.c.state.in_(LIVE), calls.c.state == "ended", calls.c.ended_at <= until)
        .where(or_(calls.c.channel != "asterisk", cards.c.rang_at <= calls.c.ended_at))
    )
    return (await connection.execute(query.distinct())).scalars().all()


async def talked_since_handover(connection: Connection, call_id: str) -> bool:
    """Whether somebody answered the call after it was last passed on."""
    return await _TALKED_SINCE.row(connection, {"call": call_id}) is not None


async def tell_of_work(connection: Connection, call_id: str, person_id: str, now: datetime) -> str | None:
    """Tell a person's page that something on their card of this call has changed; the person's id, or None where no
    such card is on their desk."""
    query = select(cards.c.id).where(
        cards.c.call_id == call_id, cards.c.person_id == person_id, cards.c.state.in_(ON_DESK)
    )
    card_id = (await connection.execute(query.limit(1))).scalar_one_or_none()
    if card_id is None:
        return None
    await connection.execute(select(people.c.id).where(people.c.id == person_id).with_for_update())
    await add_event(connection, person_id, "work", {"card": card_id}, now)
    return person_id


async def add_event(connection: Connection, person_id: str, name: str, data: dict[str, Any], now: datetime) -> None:
    """Tell a person's page; `name` is `card`, `presence` or `work`. Lock the person first (`people.lock`)."""
    await _ADD_EVENT.change(connection, {"person_id": person_id, "name": name, "data": data, "at": now})


async def trim_events(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to `limit` of the oldest events told before `before`; how many they were."""
    oldest = await connection.execute(
        select(desk_events.c.id, desk_events.c.at).order_by(desk_events.c.id).limit(limit)
    )
    ids: Collection[int] = [row.id for row in oldest if row.at < before]
    if ids:
        await connection.execute(delete(desk_events).where(desk_events.c.id.in_(ids)))
    return len(ids)


async def calls_by_id(connection: Connection, call_ids: Collection[str]) -> dict[str, SourceRow]:
    """What a card tells of these calls. The caller's number is not among it."""
    return {row.id: row for row in await connection.execute(_CALLS, {"these": list(call_ids)})}


async def messages_by_id(connection: Connection, message_ids: Collection[str]) -> dict[str, SourceRow]:
    """What a card tells of these messages and their customers. The number they were sent to is not among it."""
    return {row.id: row for row in await connection.execute(_MESSAGES, {"these": list(message_ids)})}


async def campaigns_dialled(connection: Connection, service_number: str, now: datetime, look_at: int) -> set[str]:
    """The campaigns of the latest `look_at` messages that name this service number."""
    latest = (
        select(messages.c.campaign)
        .where(messages.c.service_number == service_number, messages.c.sent_at <= now)
        .order_by(messages.c.sent_at.desc())
        .limit(look_at)
    )
    return {campaign for campaign in (await connection.execute(latest)).scalars() if campaign}
