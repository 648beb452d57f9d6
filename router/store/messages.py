"""Messages that were sent, their customers, and the numbers on file for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from router.store.database import Connection
from router.store.tables import customer_phones, customers, messages

MessageRow = Row[Any]

_FOR_MATCHING = (
    messages.c.id,
    messages.c.customer_id,
    messages.c.to_phone,
    messages.c.offer,
    messages.c.service_number,
    messages.c.code_hash,
    messages.c.code_expires_at,
    messages.c.sent_at,
    customers.c.language,
)


def _with_customer() -> Select[Any]:
    return select(*_FOR_MATCHING).select_from(messages.outerjoin(customers))


async def by_code_hash(connection: Connection, code_hashes: Collection[bytes]) -> MessageRow | None:
    """The message whose callback code has one of these hashes, whether the code still holds or not: one code under the
    present secret and the old ones."""
    query = _with_customer().where(messages.c.code_hash.in_(code_hashes))
    found: MessageRow | None = (await connection.execute(query)).one_or_none()
    return found


async def sent_to(
    connection: Connection, number: str, customer_ids: Collection[str], since: datetime, until: datetime, limit: int
) -> Sequence[MessageRow]:
    """The latest messages to ``number`` or to one of the customers, sent from ``since`` to ``until``."""
    # Two queries, each on an index of its own; OR would make SQLite and PostgreSQL read more than they need.
    found: dict[str, MessageRow] = {}
    conditions = [messages.c.to_phone == number]
    if customer_ids:
        conditions.append(messages.c.customer_id.in_(customer_ids))
    for condition in conditions:
        query = (
            _with_customer()
            .where(condition, messages.c.sent_at.between(since, until))
            .order_by(messages.c.sent_at.desc(), messages.c.id)
            .limit(limit)
        )
        found |= {row.id: row for row in await connection.execute(query)}
    return list(found.values())


async def customers_at(connection: Connection, number: str, limit: int) -> list[str]:
    """Ids of at most ``limit`` customers with ``number`` on file."""
    query = (
        select(customer_phones.c.customer_id)
        .where(customer_phones.c.number == number)
        .order_by(customer_phones.c.customer_id)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Store new messages and answer the ids of those stored: a message whose ``external_id`` or callback code is taken
    already is left out."""
    statement = _insert(connection, messages).on_conflict_do_nothing().returning(messages.c.id)
    return set((await connection.execute(statement, _in_order(rows))).scalars())


async def known_among(connection: Connection, external_ids: Collection[str]) -> set[str]:
    """Which of these ids of their senders stand for stored messages."""
    query = select(messages.c.external_id).where(messages.c.external_id.in_(external_ids))
    return set((await connection.execute(query)).scalars())


async def by_id(connection: Connection, message_id: str) -> MessageRow | None:
    """The message with its customer's columns as ``customer_external_id``, ``customer_name`` and
    ``customer_language``, or None."""
    return await _whole(connection, messages.c.id == message_id)


async def by_external_id(connection: Connection, external_id: str) -> MessageRow | None:
    """The message that its sender calls ``external_id``, as `by_id` gives it, or None."""
    return await _whole(connection, messages.c.external_id == external_id)


async def _whole(connection: Connection, condition: ColumnElement[bool]) -> MessageRow | None:
    query = (
        select(
            messages,
            customers.c.external_id.label("customer_external_id"),
            customers.c.name.label("customer_name"),
            customers.c.language.label("customer_language"),
        )
        .select_from(messages.outerjoin(customers))
        .where(condition)
    )
    found: MessageRow | None = (await connection.execute(query)).one_or_none()
    return found


async def set_customers(connection: Connection, owners: Mapping[str, str]) -> None:
    """Say whose the messages are: customer ids by message ids."""
    statement = update(messages).where(messages.c.id == bindparam("message")).values(customer_id=bindparam("customer"))
    rows = [{"message": message_id, "customer": customer_id} for message_id, customer_id in owners.items()]
    await connection.execute(statement, rows)


async def remove(connection: Connection, external_ids: Collection[str]) -> None:
    """Delete the messages that their senders call so; their customers stay."""
    await connection.execute(delete(messages).where(messages.c.external_id.in_(external_ids)))


async def keep_customers(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str | None, str]:
    """Store customers and answer their ids by ``external_id``, which must differ: one that is known keeps its id, and
    what is None in ``rows`` stays as it is stored."""
    new = _insert(connection, customers)
    known = new.on_conflict_do_update(
        index_elements=["external_id"],
        set_={
            "name": func.coalesce(new.excluded.name, customers.c.name),
            "language": func.coalesce(new.excluded.language, customers.c.language),
        },
    )
    kept = await connection.execute(known.returning(customers.c.external_id, customers.c.id), _in_order(rows))
    return {row.external_id: row.id for row in kept}


async def nameless_customer(connection: Connection, name: str | None, numbers: Collection[str]) -> str | None:
    """The customer without an ``external_id`` who has this name and one of these numbers on file, or None."""
    query = (
        select(customers.c.id)
        .join(customer_phones)
        .where(
            customer_phones.c.number.in_(numbers),
            customers.c.external_id.is_(None),
            customers.c.name.is_not_distinct_from(name),
        )
        .order_by(customers.c.created_at, customers.c.id)
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def phones_of(connection: Connection, customer_id: str) -> list[str]:
    """The numbers on file for a customer, in order."""
    query = select(customer_phones.c.number).where(customer_phones.c.customer_id == customer_id)
    return list((await connection.execute(query.order_by(customer_phones.c.number))).scalars())


async def put_on_file(connection: Connection, phones: Mapping[str, Collection[str]], whole: Collection[str]) -> None:
    """Put numbers on file, by customer ids; numbers that are there already stay. For the customers in ``whole`` these
    are all there are: others are taken off file."""
    pairs = sorted((customer_id, number) for customer_id, numbers in phones.items() for number in set(numbers))
    if whole:
        stays = tuple_(customer_phones.c.customer_id, customer_phones.c.number).in_(pairs)
        await connection.execute(delete(customer_phones).where(customer_phones.c.customer_id.in_(whole), ~stays))
    if pairs:
        rows = [{"customer_id": customer_id, "number": number} for customer_id, number in pairs]
        await connection.execute(_insert(connection, customer_phones).on_conflict_do_nothing(), rows)


def _in_order(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    # Transactions that lock rows in the same order wait for each other instead of ending in a deadlock.
    return sorted(rows, key=lambda row: row["external_id"] or "")


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    # Both dialects know ON CONFLICT in the same words, but SQLAlchemy has no common name for them.
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
