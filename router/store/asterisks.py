"""What the process that listens to an Asterisk tells all others: that it does, whether phones can ring, and how far it
has told Asterisk what agents chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, literal, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from router.store.database import Connection
from router.store.tables import asterisks, phone_states


async def seen(connection: Connection, name: str, connected: bool, holder: str, now: datetime) -> None:
    """The process ``holder`` listens to the Asterisk of this system name, which it can reach or not."""
    values = {"connected": connected, "holder": holder, "seen_at": now}
    statement = _insert(connection)(asterisks).values(name=name, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


async def all_seen(connection: Connection) -> Sequence[Row[Any]]:
    """What was said last of each Asterisk."""
    return (await connection.execute(select(asterisks))).all()


async def reloaded(connection: Connection, name: str) -> None:
    """Another process than the one that listens has had this Asterisk read its queues anew."""
    row = asterisks.c
    await connection.execute(update(asterisks).where(row.name == name).values(reloads=row.reloads + 1))


async def reloads(connection: Connection, name: str) -> int:
    """How often that was."""
    query = select(asterisks.c.reloads).where(asterisks.c.name == name)
    return (await connection.execute(query)).scalar_one_or_none() or 0


async def all_phones(connection: Connection) -> Sequence[Row[Any]]:
    """What was said last of each phone at each Asterisk."""
    return (await connection.execute(select(phone_states))).all()


async def put_phone(connection: Connection, name: str, phone: str, values: Mapping[str, Any]) -> None:
    """Change what is known of a phone at an Asterisk."""
    statement = _insert(connection)(phone_states).values(asterisk=name, phone=phone, **values)
    found = statement.on_conflict_do_update(index_elements=["asterisk", "phone"], set_=values)
    await connection.execute(found)


async def ask(connection: Connection, name: str, phone: str, *, whole: bool) -> int:
    """Ask that an Asterisk be told what the agent at a phone chose; the number that is `told` when it is done.
    ``whole``: not only whether calls may come."""
    statement = _insert(connection)(phone_states).values(asterisk=name, phone=phone, asked=1, whole=whole)
    table = phone_states.c
    again = {"asked": table.asked + 1, "whole": case((literal(whole), True), else_=table.whole)}
    found = statement.on_conflict_do_update(index_elements=["asterisk", "phone"], set_=again)
    number: int = (await connection.execute(found.returning(table.asked))).scalar_one()
    return number


async def asked(connection: Connection, name: str) -> Sequence[Row[Any]]:
    """The phones that this Asterisk is still to be told of."""
    query = select(phone_states).where(phone_states.c.asterisk == name, phone_states.c.asked > phone_states.c.told)
    return (await connection.execute(query)).all()


async def told(connection: Connection, name: str, phone: str, number: int, values: Mapping[str, Any]) -> None:
    """Asterisk was told what was ``asked`` up to this number, and ``values`` are known of the phone since."""
    row = phone_states.c
    whole = case((row.asked <= number, False), else_=row.whole)
    where = (row.asterisk == name, row.phone == phone)
    await connection.execute(update(phone_states).where(*where).values(told=number, whole=whole, **values))


async def is_told(connection: Connection, name: str, phone: str, number: int) -> bool:
    """Whether Asterisk was told what was asked by this number."""
    row = phone_states.c
    query = select(row.told >= number).where(row.asterisk == name, row.phone == phone)
    return bool((await connection.execute(query)).scalar_one_or_none())


def _insert(connection: Connection) -> Any:
    return insert_postgresql if connection.dialect.name == "postgresql" else insert_sqlite
