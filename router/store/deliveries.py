"""How far messages got, and whether they were answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Row, Select, bindparam, or_, select, update

from router.store.database import Connection
from router.store.tables import messages

DeliveryRow = Row[Any]
Named = tuple[Literal["id", "external_id"], str]
"""A message by our id, or by its sender's."""


async def locked(connection: Connection, named: Sequence[Named]) -> Sequence[DeliveryRow]:
    """These messages (at least one is named) as far as they are there; nobody else may change them until the
    transaction ends."""
    ids = {name for kind, name in named if kind == "id"}
    external_ids = {name for kind, name in named if kind == "external_id"}
    conditions = [messages.c.id.in_(ids)] if ids else []
    if external_ids:
        conditions.append(messages.c.external_id.in_(external_ids))
    query: Select[Any] = (
        select(
            messages.c.id,
            messages.c.external_id,
            messages.c.delivery,
            messages.c.delivery_at,
            messages.c.answered_at,
        )
        .where(or_(*conditions))
        # Locked in one order by all, so that two of them wait for each other one way only.
        .order_by(messages.c.id)
        .with_for_update()
    )
    found: Sequence[DeliveryRow] = (await connection.execute(query)).all()
    return found


async def change(connection: Connection, columns: Mapping[str, Mapping[str, Any]]) -> None:
    """Change ``delivery``, ``delivery_at`` and ``answered_at`` of messages, by their ids."""
    if not columns:
        return
    names = ("delivery", "delivery_at", "answered_at")
    statement = (
        update(messages)
        .where(messages.c.id == bindparam("message"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    rows = [
        {"message": message_id} | {f"new_{name}": values[name] for name in names}
        for message_id, values in columns.items()
    ]
    await connection.execute(statement, rows)
