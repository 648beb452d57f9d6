"""Callers from Twilio who wait for agents, the agents who are rung for them, and the calls to their phones.

An agent who is rung is claimed for one caller (a row of `twilio_legs` under a name of its own), so that no other caller
rings the same phone, whichever process decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.tables import cards, people, twilio_legs, twilio_waiting

WaitingRow = Row[Any]
PersonRow = Row[Any]
LegRow = Row[Any]

_CLAIM = "claim."
_LEG = "CA"
_RESERVATION = "WR"
"""How Twilio's ids of calls begin, and those of TaskRouter's reservations."""
_LIVE = ("ringing", "talking", "wrap_up")


async def see(connection: Connection, values: dict[str, Any]) -> None:
    """A caller waits, as of ``seen_at``. Who waited before in the same transfer (``sequence``) keeps the place."""
    before = await of_call(connection, values["call_id"])
    if before is None:
        await connection.execute(insert(twilio_waiting).values(**values))
        return
    kept = {"since": before.since} if before.sequence == values["sequence"] else {}
    mine = twilio_waiting.c.call_id == values["call_id"]
    await connection.execute(update(twilio_waiting).where(mine).values(**{**values, **kept}))


async def of_call(connection: Connection, call_id: str) -> WaitingRow | None:
    """How this caller waits, or None."""
    query = select(twilio_waiting).where(twilio_waiting.c.call_id == call_id)
    return (await connection.execute(query)).one_or_none()


async def waiting(connection: Connection, seen_since: datetime) -> Sequence[WaitingRow]:
    """The callers for whom nobody is rung at present, as far as Twilio asked for them since then."""
    query = select(twilio_waiting).where(~twilio_waiting.c.ringing, twilio_waiting.c.seen_at >= seen_since)
    return (await connection.execute(query)).all()


async def rings(connection: Connection, call_id: str) -> None:
    """Agents are rung for this caller, who takes no others meanwhile."""
    statement = update(twilio_waiting).where(twilio_waiting.c.call_id == call_id)
    await connection.execute(statement.values(ringing=True))


async def waits_no_more(connection: Connection, call_id: str) -> None:
    """The caller was answered, or is gone; the agents claimed for them are free."""
    await connection.execute(delete(twilio_waiting).where(twilio_waiting.c.call_id == call_id))
    await release(connection, call_id)


async def free(connection: Connection) -> Sequence[PersonRow]:
    """Everybody who is ready, has a phone that Twilio dials, no call on the desk, and is not claimed; whoever is so
    longest comes first."""
    busy = exists().where(cards.c.person_id == people.c.id, cards.c.state.in_(_LIVE))
    claimed = exists().where(twilio_legs.c.person_id == people.c.id, twilio_legs.c.sid.startswith(_CLAIM))
    dialled = or_(people.c.phone.startswith("+"), people.c.phone.startswith("sip:"), people.c.phone.startswith("sips:"))
    query = (
        select(people)
        .where(people.c.presence == "ready", people.c.wrap_until.is_(None), people.c.disabled_at.is_(None))
        .where(dialled, ~busy, ~claimed)
        .order_by(people.c.presence_since.nulls_first(), people.c.login)
    )
    return (await connection.execute(query)).all()


async def lately_unanswered(
    connection: Connection, call_ids: Collection[str], since: datetime
) -> dict[str, frozenset[str]]:
    """Who was rung for each of these calls and did not answer, since then."""
    query = select(cards.c.call_key, cards.c.person_id).where(
        cards.c.call_key.in_(call_ids),
        cards.c.state == "gone",
        cards.c.answered_at.is_(None),
        cards.c.reason != "elsewhere",
        cards.c.gone_at >= since,
    )
    found: dict[str, set[str]] = {}
    for call_id, person_id in await connection.execute(query):
        found.setdefault(call_id, set()).add(person_id)
    return {call_id: frozenset(people) for call_id, people in found.items()}


async def claim(connection: Connection, call_id: str, person_ids: Collection[str], now: datetime) -> list[str]:
    """Claim these people for the call; those who could be, in the order given."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    claimed = []
    for person_id in person_ids:
        values = {"sid": _CLAIM + person_id, "call_id": call_id, "person_id": person_id, "at": now}
        statement = build(twilio_legs).values(**values).on_conflict_do_nothing(index_elements=["sid"])
        if (await connection.execute(statement)).rowcount == 1:
            claimed.append(person_id)
    return claimed


async def drop_stale_claims(connection: Connection, before: datetime) -> None:
    """Whoever was claimed before then is free again: what should have said so was lost."""
    stale = delete(twilio_legs).where(twilio_legs.c.sid.startswith(_CLAIM), twilio_legs.c.at < before)
    await connection.execute(stale)


async def release(connection: Connection, call_id: str, person_id: str | None = None) -> None:
    """This person, or everybody, is not rung any more for the call."""
    statement = delete(twilio_legs).where(twilio_legs.c.sid.startswith(_CLAIM), twilio_legs.c.call_id == call_id)
    if person_id is not None:
        statement = statement.where(twilio_legs.c.person_id == person_id)
    await connection.execute(statement)


async def leg(connection: Connection, sid: str) -> LegRow | None:
    """The call to an agent's phone, or None."""
    return (await connection.execute(select(twilio_legs).where(twilio_legs.c.sid == sid))).one_or_none()


async def add_leg(connection: Connection, sid: str, call_id: str, person_id: str, now: datetime) -> None:
    """Twilio calls an agent's phone; told twice, it is still one call."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {"sid": sid, "call_id": call_id, "person_id": person_id, "at": now}
    await connection.execute(build(twilio_legs).values(**values).on_conflict_do_nothing(index_elements=["sid"]))


async def open_legs(connection: Connection, call_id: str) -> Sequence[LegRow]:
    """The calls to agents' phones that are not over, as far as we were told; the latest first."""
    query = select(twilio_legs).where(
        twilio_legs.c.call_id == call_id, twilio_legs.c.ended_at.is_(None), twilio_legs.c.sid.startswith(_LEG)
    )
    return (await connection.execute(query.order_by(twilio_legs.c.at.desc(), twilio_legs.c.sid))).all()


async def legs_since(connection: Connection, call_id: str, since: datetime) -> Sequence[LegRow]:
    """The calls to agents' phones of which we were told since then, over or not."""
    query = select(twilio_legs).where(
        twilio_legs.c.call_id == call_id, twilio_legs.c.at >= since, twilio_legs.c.sid.startswith(_LEG)
    )
    return (await connection.execute(query)).all()


async def reserved_anew(connection: Connection, call_id: str, person_id: str) -> bool:
    """Whether a reservation of TaskRouter for this caller and this person is not over."""
    mine = (twilio_legs.c.call_id == call_id, twilio_legs.c.person_id == person_id)
    query = select(twilio_legs.c.sid).where(
        *mine, twilio_legs.c.ended_at.is_(None), twilio_legs.c.sid.startswith(_RESERVATION)
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def take_leg(connection: Connection, sid: str, now: datetime) -> None:
    """The agent has taken the call on this phone; told twice, the first time counts."""
    untaken = update(twilio_legs).where(twilio_legs.c.sid == sid, twilio_legs.c.answered_at.is_(None))
    await connection.execute(untaken.values(answered_at=now))


async def end_leg(connection: Connection, sid: str, now: datetime) -> None:
    """The call to an agent's phone is over."""
    await connection.execute(update(twilio_legs).where(twilio_legs.c.sid == sid).values(ended_at=now))


async def forget_waiting(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` callers of whom nothing was heard since then; how many they were. They are few."""
    gone = select(twilio_waiting.c.call_id).where(twilio_waiting.c.seen_at < before).limit(bite)
    return (await connection.execute(delete(twilio_waiting).where(twilio_waiting.c.call_id.in_(gone)))).rowcount


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` legs from before then; how many they were."""
    old = select(twilio_legs.c.sid).where(twilio_legs.c.at < before).order_by(twilio_legs.c.at).limit(bite)
    return (await connection.execute(delete(twilio_legs).where(twilio_legs.c.sid.in_(old)))).rowcount
