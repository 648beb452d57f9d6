"""What is left to do for callers: voicemails to be heard, calls to be returned, promises to be kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.prepared import Prepared
from router.store.tables import calls, customers, messages, people, work_items

ItemRow = Row[Any]

VOICEMAIL, ABANDONED, FOLLOW_UP, CALLBACK = "voicemail", "abandoned", "follow_up", "callback"
OPEN, TAKEN, DONE, DROPPED = "open", "taken", "done", "dropped"
_LEFT = (OPEN, TAKEN)

_ADD: Final = {
    name: Prepared(build(work_items).on_conflict_do_nothing(index_elements=["source"]))
    for name, build in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


async def add(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Store an item; False where there is one of this ``source`` already."""
    return await _ADD[connection.dialect.name].change(connection, {"state": OPEN, **values}) == 1


async def by_id(connection: Connection, item_id: str) -> ItemRow | None:
    """The item as `left` gives it, settled or not; or None."""
    found: ItemRow | None = (await connection.execute(_listed().where(work_items.c.id == item_id))).one_or_none()
    return found


async def left(connection: Connection, person_id: str | None, limit: int) -> Sequence[ItemRow]:
    """What is left to do, due first: all there is, or what concerns one person, that is what is meant for them, what
    they have taken, and what is of their queues and meant for anybody. With the offer of its message, the customer's
    name, the call and who has it."""
    query = _listed().where(work_items.c.state.in_(_LEFT)).order_by(work_items.c.due_at, work_items.c.id)
    if person_id is not None:
        query = query.where(_concerns(person_id, await _queues(connection, person_id)))
    found: Sequence[ItemRow] = (await connection.execute(query.limit(limit))).all()
    return found


async def settled(connection: Connection, person_id: str | None, limit: int) -> Sequence[ItemRow]:
    """The last ones settled, by anybody or by one person, the latest first, as `left` gives them."""
    query = _listed().where(work_items.c.settled_at.is_not(None))
    if person_id is not None:
        query = query.where(work_items.c.settled_by == person_id)
    query = query.order_by(work_items.c.settled_at.desc(), work_items.c.id)
    found: Sequence[ItemRow] = (await connection.execute(query.limit(limit))).all()
    return found


async def concerns(connection: Connection, item: ItemRow, person_id: str) -> bool:
    """Whether an agent may see the item: see `left`; also what they have settled themselves."""
    if person_id in (item.for_person_id, item.taken_by, item.settled_by):
        return True
    return item.for_person_id is None and item.queue in await _queues(connection, person_id)


async def take(connection: Connection, item_id: str, person_id: str, now: datetime) -> bool:
    """Have somebody see to an item; False where somebody else does, or it is settled."""
    values = {"state": TAKEN, "taken_by": person_id, "taken_at": now}
    return await _change(connection, item_id, work_items.c.state == OPEN, values)


async def give_back(connection: Connection, item_id: str, person_id: str | None) -> bool:
    """Leave it to others; with ``person_id`` only what that person has taken."""
    taken = work_items.c.state == TAKEN
    mine = taken if person_id is None else and_(taken, work_items.c.taken_by == person_id)
    return await _change(connection, item_id, mine, {"state": OPEN, "taken_by": None, "taken_at": None})


async def settle(connection: Connection, item_id: str, state: str, person_id: str, now: datetime) -> bool:
    """Say that one is ``done`` or ``dropped``; False where somebody else has taken or settled it."""
    free = or_(work_items.c.state == OPEN, and_(work_items.c.state == TAKEN, work_items.c.taken_by == person_id))
    return await _change(connection, item_id, free, {"state": state, "settled_at": now, "settled_by": person_id})


async def reopen(connection: Connection, item_id: str) -> bool:
    """Take that back; False where it is not settled."""
    values = {"state": OPEN, "taken_by": None, "taken_at": None, "settled_at": None, "settled_by": None}
    return await _change(connection, item_id, work_items.c.settled_at.is_not(None), values)


async def settle_served(
    connection: Connection, caller: str | None, message_id: str | None, person_id: str, now: datetime
) -> Sequence[str]:
    """Settle the calls to be returned to whoever is talked to now: of the same caller number, or about the same
    message. The queues of those settled."""
    same: list[ColumnElement[bool]] = []
    if caller is not None:
        same.append(calls.c.caller == caller)
    if message_id is not None:
        same.append(work_items.c.message_id == message_id)
    if not same:
        return []
    query = (
        select(work_items.c.id, work_items.c.queue)
        .outerjoin(calls, calls.c.id == work_items.c.call_id)
        .where(work_items.c.kind == ABANDONED, work_items.c.state == OPEN, or_(*same))
    )
    rows = (await connection.execute(query.order_by(work_items.c.id).limit(50))).all()
    return [row.queue for row in rows if await settle(connection, row.id, DONE, person_id, now)]


async def withdraw(connection: Connection, source: str) -> bool:
    """Delete the item of a source that turns out to be none, unless somebody sees to it or has seen to it."""
    found = delete(work_items).where(work_items.c.source == source, work_items.c.state == OPEN)
    return (await connection.execute(found)).rowcount == 1


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` of those settled before then; how many they were."""
    old = select(work_items.c.id).where(work_items.c.settled_at < before).limit(bite)
    return (await connection.execute(delete(work_items).where(work_items.c.id.in_(old)))).rowcount


async def _change(connection: Connection, item_id: str, when: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
    statement = update(work_items).where(work_items.c.id == item_id, when).values(**values)
    return (await connection.execute(statement)).rowcount == 1


async def _queues(connection: Connection, person_id: str) -> list[str]:
    found = (await connection.execute(select(people.c.queues).where(people.c.id == person_id))).scalar_one_or_none()
    return list(found or [])


def _concerns(person_id: str, queues: Collection[str]) -> ColumnElement[bool]:
    of_queues = and_(work_items.c.for_person_id.is_(None), work_items.c.queue.in_(queues))
    return or_(work_items.c.for_person_id == person_id, work_items.c.taken_by == person_id, of_queues)


def _listed() -> Select[Any]:
    holder = people.alias()
    who = or_(
        holder.c.id == work_items.c.settled_by,
        and_(work_items.c.settled_by.is_(None), holder.c.id == work_items.c.taken_by),
    )
    return (
        select(
            work_items,
            messages.c.offer,
            customers.c.name.label("customer"),
            calls.c.started_at.label("called_at"),
            calls.c.match,
            calls.c.withheld,
            calls.c.service_number,
            calls.c.channel,
            holder.c.name.label("person"),
        )
        .outerjoin(messages, messages.c.id == work_items.c.message_id)
        .outerjoin(customers, customers.c.id == messages.c.customer_id)
        .outerjoin(calls, calls.c.id == work_items.c.call_id)
        .outerjoin(holder, who)
    )
