"""Wrong codes that callers keyed in: what lockouts count. No number or code stands here, only keyed hashes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    ScalarSelect,
    String,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
)

from router.matching.lockout import Counted, Limits
from router.store.database import Connection
from router.store.tables import Moment, messages, wrong_codes


async def counted(
    connection: Connection, call_id: str, caller_hash: bytes | None, trunk: str | None, since: datetime, limits: Limits
) -> Counted:
    """Wrong codes of this call, and ``since`` then of this caller, on this trunk, and of all, up to the limits; 0 for
    what is None."""
    lately = wrong_codes.c.at > since
    query = select(
        _up_to(limits.per_call, wrong_codes.c.call_id == call_id),
        literal(0)
        if caller_hash is None
        else _up_to(limits.per_caller, wrong_codes.c.caller_hash == caller_hash, lately),
        literal(0) if trunk is None else _up_to(limits.per_trunk, wrong_codes.c.trunk == trunk, lately),
        _up_to(limits.overall, lately),
    )
    call, caller, on_trunk, overall = (await connection.execute(query)).one()
    return Counted(call, caller, on_trunk, overall)


def _up_to(most: int, *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    found = select(literal(1)).select_from(wrong_codes).where(*conditions).limit(most).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


async def add(
    connection: Connection,
    call_id: str,
    code_hashes: Sequence[bytes],
    caller_hash: bytes | None,
    trunk: str | None,
    now: datetime,
) -> bool:
    """Store that a code was wrong; False where it is a message's after all (it has expired) or the call has tried it
    before. ``code_hashes`` are what the code is stored under, see `router.matching.codes`."""
    ours = exists().where(messages.c.code_hash.in_(code_hashes))
    tried = exists().where(wrong_codes.c.call_id == call_id, wrong_codes.c.code_hash == code_hashes[0])
    row = select(
        literal(now, Moment()),
        literal(call_id, String(32)),
        literal(code_hashes[0], LargeBinary(32)),
        literal(caller_hash, LargeBinary(32)),
        literal(trunk, String(80)),
    ).where(~ours, ~tried)
    columns = ["at", "call_id", "code_hash", "caller_hash", "trunk"]
    return (await connection.execute(insert(wrong_codes).from_select(columns, row))).rowcount == 1


async def reached(connection: Connection, since: datetime, limits: Limits) -> Counted:
    """How many calls, callers and trunks have come to their limit ``since`` then, and the wrong codes in all."""
    lately = wrong_codes.c.at > since
    query = select(
        _at_least(wrong_codes.c.call_id, limits.per_call, lately),
        _at_least(wrong_codes.c.caller_hash, limits.per_caller, lately),
        _at_least(wrong_codes.c.trunk, limits.per_trunk, lately),
        select(func.count()).select_from(wrong_codes).where(lately).scalar_subquery(),
    )
    calls, callers, trunks, overall = (await connection.execute(query)).one()
    return Counted(calls, callers, trunks, overall)


def _at_least(column: ColumnElement[Any], most: int, lately: ColumnElement[bool]) -> ScalarSelect[Any]:
    groups = (
        select(column)
        .select_from(wrong_codes)
        .where(lately, column.is_not(None))
        .group_by(column)
        .having(func.count() >= most)
        .subquery()
    )
    return select(func.count()).select_from(groups).scalar_subquery()


async def forget(connection: Connection, before: datetime, bite: int) -> int:
    """Delete at most ``bite`` wrong codes older than ``before``; how many they were."""
    old = select(wrong_codes.c.id).where(wrong_codes.c.at < before).order_by(wrong_codes.c.at).limit(bite)
    return (await connection.execute(delete(wrong_codes).where(wrong_codes.c.id.in_(old)))).rowcount
