"""What happened with a customer on every channel, read in two statements whose number does not grow with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Float,
    Label,
    Row,
    Select,
    String,
    Text,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from router.store.database import Connection
from router.store.tables import (
    callbacks,
    calls,
    cards,
    dispositions,
    handovers,
    inbound_messages,
    messages,
    notes,
    payments,
    people,
    text_messages,
    voicemails,
    work_items,
)
from router.store.tables.base import Moment

EntryRow = Row[Any]
_OF_ONE_CALL = 20
"""Entries of the call that is left out, of one kind."""
MOST_MATTERS = 100
"""Messages of a customer whose calls are looked for where the calls themselves do not say whose they are."""

_COLUMNS = ("call_id", "message_id", "person_id", "channel", "state", "words", "title")


async def of_customer(
    connection: Connection, customer_id: str | None, message_id: str | None, but_call: str | None, limit: int
) -> Sequence[EntryRow]:
    """At most ``limit`` of the latest entries of a customer, or, where there is none, about one message, newest first;
    without the call ``but_call`` and what belongs to it alone.

    Each has ``kind``, ``id``, ``at``, and what of ``call_id``, ``message_id``, ``person_id``, ``channel``, ``state``,
    ``words``, ``title`` and ``number`` its kind has."""
    if customer_id is None and message_id is None:
        return []
    query = _of_message(limit) if customer_id is None else _of_customer(limit)
    values = {"customer": customer_id, "message": message_id, "but": but_call}
    return list(await connection.execute(query, values))


# Statements are made once: to make one anew each time would take longer than to run it.


@lru_cache(maxsize=64)
def _of_customer(limit: int) -> Select[Any]:
    customer: BindParameter[Any] = bindparam("customer", type_=String)
    own = select(messages.c.id).where(messages.c.customer_id == customer)
    matters = own.order_by(messages.c.sent_at.desc()).limit(max(limit, MOST_MATTERS)).scalar_subquery()
    theirs, nobodys = calls.c.customer_id == customer, calls.c.customer_id.is_(None)
    return _latest(
        limit,
        _messages().where(messages.c.customer_id == customer).order_by(messages.c.sent_at.desc()),
        _calls().where(theirs).order_by(calls.c.started_at.desc()),
        _calls().where(nobodys, calls.c.message_id.in_(matters)).order_by(calls.c.started_at.desc()),
        _inbound().where(inbound_messages.c.customer_id == customer).order_by(inbound_messages.c.at.desc()),
        _notes().where(notes.c.customer_id == customer).order_by(notes.c.at.desc()),
        _texts().where(text_messages.c.customer_id == customer).order_by(text_messages.c.created_at.desc()),
        _payments().where(payments.c.customer_id == customer).order_by(payments.c.created_at.desc()),
        _follow_ups().where(work_items.c.customer_id == customer).order_by(work_items.c.created_at.desc()),
    )


@lru_cache(maxsize=64)
def _of_message(limit: int) -> Select[Any]:
    message: BindParameter[Any] = bindparam("message", type_=String)
    return _latest(
        limit,
        _messages().where(messages.c.id == message).order_by(messages.c.sent_at.desc()),
        _calls().where(calls.c.message_id == message).order_by(calls.c.started_at.desc()),
        _notes().where(notes.c.message_id == message).order_by(notes.c.at.desc()),
    )


def _latest(limit: int, *parts: Select[Any]) -> Select[Any]:
    every = union_all(*(select(part.limit(limit + _OF_ONE_CALL).subquery()) for part in parts)).subquery()
    but: BindParameter[Any] = bindparam("but", type_=String)
    others = or_(every.c.call_id.is_(None), but.is_(None), every.c.call_id != but)
    return select(every).where(others).order_by(every.c.at.desc(), every.c.id).limit(limit)


async def of_calls(connection: Connection, call_ids: Collection[str]) -> Sequence[EntryRow]:
    """What belongs to these calls: voicemails, callbacks, what came of talks, and handovers; with the columns of
    `of_customer`, and ``until``, when a talk ended."""
    if not call_ids:
        return []
    return list(await connection.execute(_of_calls(), {"calls": list(call_ids)}))


@lru_cache(maxsize=1)
def _of_calls() -> CompoundSelect[Any]:
    these: BindParameter[Any] = bindparam("calls", expanding=True, type_=String)
    return union_all(
        _voicemails().where(voicemails.c.call_id.in_(these)),
        _callbacks().where(callbacks.c.call_id.in_(these)),
        _dispositions().where(dispositions.c.call_id.in_(these)),
        _talks().where(cards.c.call_key.in_(these)),
        _handovers().where(handovers.c.call_id.in_(these)),
    )


async def names_of(connection: Connection, person_ids: Collection[str]) -> dict[str, str]:
    """What these people are called."""
    if not person_ids:
        return {}
    query = select(people.c.id, people.c.name).where(people.c.id.in_(person_ids))
    return {row.id: row.name for row in await connection.execute(query)}


async def titles_of(connection: Connection, message_ids: Collection[str]) -> dict[str, EntryRow]:
    """What these messages were about: ``title``, ``channel`` and ``sent_at``."""
    if not message_ids:
        return {}
    query: Select[Any] = select(
        messages.c.id, messages.c.channel, messages.c.sent_at, messages.c.offer["title"].as_string().label("title")
    ).where(messages.c.id.in_(message_ids))
    return {row.id: row for row in await connection.execute(query)}


def _entry(kind: str, entry_id: Any, at: Any, number: Any = None, until: Any = None, **columns: Any) -> Select[Any]:
    # All have the same columns of the same types, in the same order: parts of one UNION.
    made: list[Label[Any]] = [literal(kind, String(12)).label("kind"), entry_id.label("id"), at.label("at")]
    made += [cast(columns.get(name, null()), Text).label(name) for name in _COLUMNS]
    made.append(cast(null() if number is None else number, Float).label("number"))
    return select(*made, (cast(null(), Moment()) if until is None else until).label("until"))


def _messages() -> Select[Any]:
    title = messages.c.offer["title"].as_string()
    table = messages.c
    return _entry(
        "message",
        table.id,
        table.sent_at,
        message_id=table.id,
        channel=table.channel,
        state=table.delivery,
        title=title,
    )


def _calls() -> Select[Any]:
    table = calls.c
    # Who talked, and for how long, stands with `of_calls`: a call may have several.
    return _entry(
        "call", table.id, table.started_at, call_id=table.id, message_id=table.message_id, person_id=table.agent_id,
        channel=table.direction, state=table.outcome, title=table.queue,
    )  # fmt: skip


def _inbound() -> Select[Any]:
    table = inbound_messages.c
    return _entry("inbound", table.id, table.at, message_id=table.message_id, channel=table.channel, words=table.body)


def _notes() -> Select[Any]:
    table = notes.c
    return _entry(
        "note", table.id, table.at, call_id=table.call_id, message_id=table.message_id, person_id=table.person_id,
        words=table.text,
    )  # fmt: skip


def _texts() -> Select[Any]:
    table = text_messages.c
    return _entry(
        "text", table.id, table.created_at, call_id=table.call_id, message_id=table.message_id,
        person_id=table.person_id, channel=table.channel, state=table.state, words=table.kept, title=table.purpose,
    )  # fmt: skip


def _payments() -> Select[Any]:
    table = payments.c
    return _entry(
        "payment", table.id, table.created_at, table.cents, call_id=table.call_id, message_id=table.message_id,
        person_id=table.person_id, state=table.state, words=table.purpose, title=table.currency,
    )  # fmt: skip


def _follow_ups() -> Select[Any]:
    table = work_items.c
    return _entry(
        "work", table.id, table.created_at, call_id=table.call_id, message_id=table.message_id,
        person_id=table.created_by, channel=table.kind, state=table.state, words=table.note,
    ).where(table.kind == "follow_up")  # fmt: skip


def _voicemails() -> Select[Any]:
    table = voicemails.c
    return _entry("voicemail", table.id, table.created_at, table.seconds, call_id=table.call_id, words=table.text)


def _callbacks() -> Select[Any]:
    table = callbacks.c
    return _entry(
        "callback", table.id, table.created_at, table.attempts, call_id=table.call_id, state=table.state,
        channel=table.last_result,
    )  # fmt: skip


def _dispositions() -> Select[Any]:
    table = dispositions.c
    return _entry(
        "came_of", table.card_id, table.at, call_id=table.call_id, person_id=table.person_id, title=table.code,
        channel=table.queue,
    )  # fmt: skip


def _talks() -> Select[Any]:
    table = cards.c
    until = func.coalesce(table.talked_until, table.gone_at)
    talk = _entry("talk", table.id, table.answered_at, until=until, call_id=table.call_key, person_id=table.person_id)
    return talk.where(table.answered_at.is_not(None))


def _handovers() -> Select[Any]:
    table = handovers.c
    return _entry(
        "handover", table.id, table.at, call_id=table.call_id, person_id=table.from_person_id, state=table.state,
        words=table.note, title=table.to_queue,
    )  # fmt: skip
