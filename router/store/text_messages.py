"""Text messages and e-mails on their way out, and what became of them. Number, address and text are gone as soon as one
is settled; ``kept`` is what the customer's history shows of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, delete, func, insert, literal, or_, select, update

from router.store import outbox
from router.store.database import Connection
from router.store.outbox import SENDING
from router.store.tables import text_messages

TextRow = Row[Any]

QUEUED, SENT, DELIVERED, FAILED, SHOWN = "queued", "sent", "delivered", "failed", "shown"
SMS, EMAIL = "sms", "email"
_OPEN = (QUEUED, SENDING)
_WIPED: Mapping[str, Any] = {"to_number": None, "to_email": None, "body": None, "next_try_at": None}


async def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Store a text message that is to be sent once the transaction is over, or that a test phone shows."""
    await connection.execute(insert(text_messages).values(**values))


async def by_id(connection: Connection, text_id: str) -> TextRow | None:
    """The text message or e-mail, or None."""
    return (await connection.execute(select(text_messages).where(text_messages.c.id == text_id))).one_or_none()


async def by_agents(connection: Connection, call_ids: Collection[str]) -> Sequence[TextRow]:
    """What agents sent in these calls, the latest first."""
    query = select(text_messages).where(text_messages.c.call_id.in_(call_ids), text_messages.c.person_id.is_not(None))
    return (await connection.execute(query.order_by(text_messages.c.created_at.desc(), text_messages.c.id))).all()


async def counted(
    connection: Connection, call_id: str, number_hash: bytes | None, since: datetime, most: int
) -> tuple[int, int, int]:
    """Text messages of this call, and ``since`` then to this number and in all; at most ``most`` of each are counted.
    Those that a test phone shows count for their call alone."""
    lately = text_messages.c.created_at > since
    query = select(
        _up_to(most, text_messages.c.call_id == call_id),
        literal(0) if number_hash is None else _up_to(most, text_messages.c.number_hash == number_hash, lately),
        _up_to(most, lately, text_messages.c.state != SHOWN),
    )
    call, number, overall = (await connection.execute(query)).one()
    return call, number, overall


def _up_to(most: int, *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    found = select(literal(1)).select_from(text_messages).where(*conditions).limit(most).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


async def claim(connection: Connection, now: datetime, until: datetime, most: int) -> Sequence[TextRow]:
    """Take the text messages that are due (`outbox.claim`)."""
    return await outbox.claim(connection, text_messages, text_messages.c.state.in_(_OPEN), now, until, most)


async def settle(
    connection: Connection, text_id: str, now: datetime, *, ref: str | None = None, reason: str | None = None
) -> None:
    """It was handed over as ``ref``, or it will not be sent, for ``reason``. What its receiver's network has told
    meanwhile stays."""
    state = FAILED if ref is None else SENT
    values = {**_WIPED, "state": state, "reason": reason, "settled_at": now} | ({"provider_ref": ref} if ref else {})
    still = text_messages.c.state.in_(_OPEN)
    await connection.execute(update(text_messages).where(text_messages.c.id == text_id, still).values(**values))


async def put_off(connection: Connection, text_id: str, until: datetime, reason: str) -> None:
    """It is tried again at ``until``."""
    statement = update(text_messages).where(text_messages.c.id == text_id, text_messages.c.state == SENDING)
    await connection.execute(statement.values(state=QUEUED, next_try_at=until, reason=reason))


async def report(
    connection: Connection, text_id: str, ref: str, now: datetime, *, delivered: bool, reason: str | None = None
) -> bool:
    """Its provider tells what became of it; False where there is no such text message. Reports come twice and out of
    order: what was delivered stays so."""
    named = text_messages.c.id == text_id
    same = or_(text_messages.c.provider_ref.is_(None), text_messages.c.provider_ref == ref)
    state = text_messages.c.state.in_((*_OPEN, SENT, FAILED) if delivered else (*_OPEN, SENT))
    told = {**_WIPED, "provider_ref": ref, "settled_at": func.coalesce(text_messages.c.settled_at, now)}
    told |= {"state": DELIVERED if delivered else FAILED, "reason": reason}
    await connection.execute(update(text_messages).where(named, same, state).values(**told))
    return (await connection.execute(select(text_messages.c.id).where(named, same))).first() is not None


async def shown(connection: Connection, call_id: str) -> list[str]:
    """The text messages of a test call, in the order they were made, as far as they are still there."""
    query = select(text_messages.c.body).where(
        text_messages.c.call_id == call_id, text_messages.c.state == SHOWN, text_messages.c.body.is_not(None)
    )
    return list((await connection.execute(query.order_by(text_messages.c.created_at, text_messages.c.id))).scalars())


async def give_up(connection: Connection, now: datetime, before: datetime) -> int:
    """Settle what was to be sent, or is shown, since ``before``; how many they were."""
    late = text_messages.c.created_at < before
    unsent = update(text_messages).where(text_messages.c.state.in_(_OPEN), late)
    given_up = await connection.execute(
        unsent.values(**_WIPED, state=FAILED, reason="not sent in time", settled_at=now)
    )
    over = update(text_messages).where(text_messages.c.state == SHOWN, text_messages.c.body.is_not(None), late)
    await connection.execute(over.values(**_WIPED))
    return given_up.rowcount


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` text messages from before then, but for what belongs to a customer's history; how many
    they were."""
    old = select(text_messages.c.id).where(text_messages.c.created_at < before, text_messages.c.kept.is_(None))
    old = old.order_by(text_messages.c.created_at)
    return (await connection.execute(delete(text_messages).where(text_messages.c.id.in_(old.limit(bite))))).rowcount


async def forget_kept(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` from before then, whatever they belong to; how many they were."""
    old = select(text_messages.c.id).where(text_messages.c.created_at < before).order_by(text_messages.c.created_at)
    return (await connection.execute(delete(text_messages).where(text_messages.c.id.in_(old.limit(bite))))).rowcount
