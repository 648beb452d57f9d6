"""Calls and what callers left on the voicemail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, insert, literal, literal_column, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection, Database
from router.store.prepared import Prepared
from router.store.tables import Moment, calls, messages, voicemails

CallRow = Row[Any]


_BY_ID: Final = select(calls).where(calls.c.id == bindparam("call"))
_PLAIN: Final = Prepared(_BY_ID)
_LOCKED: Final = Prepared(_BY_ID.with_for_update())
_BY_REF: Final = Prepared(
    select(calls).where(calls.c.channel == bindparam("channel"), calls.c.channel_ref == bindparam("ref"))
)
_STANDS: Final = Prepared(
    select(calls.c.id, calls.c.state).where(
        calls.c.channel == bindparam("channel"), calls.c.channel_ref == bindparam("ref")
    )
)
_OWNER: Final = select(messages.c.customer_id).where(messages.c.id == bindparam("about")).scalar_subquery()
_OF_CALL: Final = update(calls).where(calls.c.id == bindparam("call"))
_CHANGE: Final = Prepared(_OF_CALL)
_CHANGE_OWNER: Final = Prepared(_OF_CALL.values(customer_id=_OWNER))
_ADDING: Final = {
    name: build(calls).on_conflict_do_nothing(index_elements=["channel", "channel_ref"])
    for name, build in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_ADD: Final = {name: Prepared(statement) for name, statement in _ADDING.items()}
_ADD_OWNER: Final = {name: Prepared(statement.values(customer_id=_OWNER)) for name, statement in _ADDING.items()}
_WAITS: Final = calls.c.state == literal_column("'queue'")  # in these words: the index of those that wait is asked so
_LOCK: Final = text("LOCK TABLE calls IN ROW EXCLUSIVE MODE")
"""As storing a call takes it: it waits for nobody but a migration."""


async def by_id(connection: Connection, call_id: str, *, lock: bool = False) -> CallRow | None:
    """The call, or None. With ``lock`` nobody else may change it until the transaction ends."""
    found: CallRow | None = await (_LOCKED if lock else _PLAIN).row(connection, {"call": call_id})
    return found


async def by_channel_ref(connection: Connection, channel: str, ref: str) -> CallRow | None:
    """The call that ``channel`` knows as ``ref``, or None."""
    found: CallRow | None = await _BY_REF.row(connection, {"channel": channel, "ref": ref})
    return found


async def standing(connection: Connection, channel: str, ref: str) -> CallRow | None:
    """The `id` and `state` of the call that ``channel`` knows as ``ref``, or None."""
    found: CallRow | None = await _STANDS.row(connection, {"channel": channel, "ref": ref})
    return found


async def add(connection: Connection, values: dict[str, Any]) -> bool:
    """Store a new call; False when the channel's call is there already (its first request came twice). One about a
    message is its customer's."""
    about = values.get("message_id")
    if about is None:
        return await _ADD[connection.dialect.name].change(connection, values) == 1
    return await _ADD_OWNER[connection.dialect.name].change(connection, {**values, "about": about}) == 1


async def can_be_changed(database: Database) -> None:
    """Returns where calls can be stored, as far as can be told without storing one; else raises or hangs."""
    async with database.begin() as connection:
        if not database.is_sqlite:  # SQLite has one lock for all, and `begin` has taken it
            await connection.execute(_LOCK)


async def change(connection: Connection, call_id: str, values: dict[str, Any]) -> None:
    """Change columns of a call. Where ``values`` say which message it is about, it is that one's customer's."""
    about = values.get("message_id")
    if about is not None:
        await _CHANGE_OWNER.change(connection, {**values, "call": call_id, "about": about})
    elif "message_id" in values:
        await _CHANGE.change(connection, {**values, "call": call_id, "customer_id": None})
    elif values:
        await _CHANGE.change(connection, {**values, "call": call_id})


async def waiting_on(connection: Connection, channel: str, limit: int) -> list[CallRow]:
    """Calls of ``channel`` that wait in queues, those first that have waited for the longest, at most ``limit``."""
    columns = (calls.c.id, calls.c.sequence, calls.c.reply, calls.c.updated_at)
    query = select(*columns).where(_WAITS, calls.c.channel == channel)
    return list(await connection.execute(query.order_by(calls.c.updated_at, calls.c.id).limit(limit)))


async def how_many_wait(connection: Connection, channel: str) -> int:
    """How many calls of ``channel`` wait in queues."""
    query = select(func.count()).select_from(calls).where(_WAITS, calls.c.channel == channel)
    return int((await connection.execute(query)).scalar_one())


async def waits_no_more(connection: Connection, call_id: str) -> bool:
    """Take a call out of its queue, to go on with its flow; False where it does not wait there."""
    waiting = update(calls).where(calls.c.id == call_id, calls.c.state == "queue")
    return (await connection.execute(waiting.values(state="flow"))).rowcount == 1


async def talked_to(connection: Connection, call_id: str, now: datetime) -> None:
    """Somebody talks to the caller of a call that waited in a queue."""
    waiting = update(calls).where(calls.c.id == call_id, calls.c.state == "queue")
    answered_at = func.coalesce(calls.c.answered_at, literal(now, Moment))
    await connection.execute(waiting.values(state="talking", updated_at=now, answered_at=answered_at))


async def tie(connection: Connection, call_id: str, message_id: str | None, customer_id: str | None) -> None:
    """Say which message a call is about, and whose it is; with a message its customer's."""
    if message_id is not None:
        await change(connection, call_id, {"message_id": message_id})
    else:
        await _CHANGE.change(connection, {"call": call_id, "message_id": None, "customer_id": customer_id})


async def waiting(connection: Connection, queue: str, limit: int) -> list[CallRow]:
    """Calls that wait in ``queue``, at most ``limit``."""
    columns = (calls.c.id, calls.c.session, calls.c.reply, calls.c.updated_at)
    query = select(*columns).where(calls.c.queue == queue, calls.c.state == "queue")
    return list(await connection.execute(query.order_by(calls.c.started_at.desc()).limit(limit)))


async def open_calls(connection: Connection, channel: str, untouched_since: datetime) -> Sequence[CallRow]:
    """Calls of ``channel`` that have not ended, last touched before ``untouched_since``."""
    query = select(calls).where(
        calls.c.channel == channel, calls.c.state != "ended", calls.c.updated_at <= untouched_since
    )
    return (await connection.execute(query)).all()


async def latest(connection: Connection, limit: int, before: datetime | None = None) -> Sequence[CallRow]:
    """The latest calls, newest first."""
    query = select(calls).order_by(calls.c.started_at.desc(), calls.c.id).limit(limit)
    if before is not None:
        query = query.where(calls.c.started_at < before)
    return (await connection.execute(query)).all()


async def add_voicemail(connection: Connection, values: dict[str, Any]) -> None:
    """Store that a caller left a message."""
    await connection.execute(insert(voicemails).values(**values))


async def has_voicemail(connection: Connection, call_id: str, recording: str) -> bool:
    """Whether this recording of the call is stored already."""
    query = select(voicemails.c.id).where(voicemails.c.call_id == call_id, voicemails.c.recording == recording)
    return (await connection.execute(query.limit(1))).first() is not None


async def latest_voicemails(connection: Connection, limit: int) -> Sequence[CallRow]:
    """The latest voicemails with their calls' caller, message and queue, newest first."""
    query = (
        select(voicemails, calls.c.caller, calls.c.message_id, calls.c.queue, calls.c.service_number)
        .join(calls, calls.c.id == voicemails.c.call_id)
        .order_by(voicemails.c.created_at.desc())
        .limit(limit)
    )
    return (await connection.execute(query)).all()
