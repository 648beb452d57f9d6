"""Messages that were sent, their customers, and the numbers on file for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from router.matching.references import indexed
from router.store import customer_words
from router.store.database import Connection
from router.store.prepared import Prepared
from router.store.tables import customer_phones, customers, messages, number_leases, reference_neighbours

MessageRow = Row[Any]

_LONGEST_CODE: Final = Prepared(select(func.max(messages.c.code_digits)))
_WHAT_IT_SAYS: Final = Prepared(
    select(
        messages.c.offer,
        messages.c.channel,
        messages.c.campaign,
        messages.c.sent_at,
        messages.c.customer_id,
        customers.c.name,
        customers.c.external_id,
        customers.c.language,
        customers.c.segment,
    )
    .select_from(messages.outerjoin(customers))
    .where(messages.c.id == bindparam("message"))
)


async def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Store new messages, and what finds their references with a slip in them; answer the ids of those stored: a
    message whose ``external_id`` or callback code is taken already is left out."""
    statement = _insert(connection, messages).on_conflict_do_nothing().returning(messages.c.id)
    stored = set((await connection.execute(statement, _in_order(rows))).scalars())
    await _keep_neighbours(connection, {row.get("reference_key") for row in rows if row["id"] in stored})
    return stored


async def _keep_neighbours(connection: Connection, keys: Collection[str | None]) -> None:
    # In order, see `_in_order`: messages of several transactions may have the same reference.
    pairs = sorted((neighbour, key) for key in keys if key is not None for neighbour in indexed(key))
    if pairs:
        rows = [{"neighbour": neighbour, "reference_key": key} for neighbour, key in pairs]
        await connection.execute(_insert(connection, reference_neighbours).on_conflict_do_nothing(), rows)


async def known_among(connection: Connection, external_ids: Collection[str]) -> set[str]:
    """Which of these ids of their senders stand for stored messages."""
    query = select(messages.c.external_id).where(messages.c.external_id.in_(external_ids))
    return set((await connection.execute(query)).scalars())


async def longest_code(connection: Connection) -> int | None:
    """The most digits a callback code has; None where none is stored with its length."""
    longest: int | None = await _LONGEST_CODE.value(connection)
    return longest


async def by_id(connection: Connection, message_id: str) -> MessageRow | None:
    """The message with its customer's columns as ``customer_external_id``, ``customer_name``, ``customer_language`` and
    ``customer_segment``, or None."""
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
            customers.c.segment.label("customer_segment"),
        )
        .select_from(messages.outerjoin(customers))
        .where(condition)
    )
    found: MessageRow | None = (await connection.execute(query)).one_or_none()
    return found


async def what_it_says(connection: Connection, message_id: str) -> MessageRow | None:
    """What a call can be told of the message: ``offer``, ``channel``, ``campaign`` and ``sent_at``, and
    ``customer_id``, ``name``, ``external_id``, ``language`` and ``segment`` of its customer; or None. No number, no
    code."""
    found: MessageRow | None = await _WHAT_IT_SAYS.row(connection, {"message": message_id})
    return found


async def set_customers(connection: Connection, owners: Mapping[str, str]) -> None:
    """Say whose the messages are: customer ids by message ids."""
    statement = update(messages).where(messages.c.id == bindparam("message")).values(customer_id=bindparam("customer"))
    rows = [{"message": message_id, "customer": customer_id} for message_id, customer_id in owners.items()]
    await connection.execute(statement, rows)


async def remove(connection: Connection, external_ids: Collection[str]) -> None:
    """Delete the messages that their senders call so; their customers stay, and a number that one of them had to itself
    is free."""
    gone = select(messages.c.id).where(messages.c.external_id.in_(external_ids))
    await connection.execute(delete(number_leases).where(number_leases.c.message_id.in_(gone)))
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
            "segment": func.coalesce(new.excluded.segment, customers.c.segment),
        },
    )
    result = await connection.execute(known.returning(customers.c.external_id, customers.c.id), _in_order(rows))
    kept: dict[str | None, str] = {row.external_id: row.id for row in result}
    whose = (each["id"] if each["external_id"] is None else kept[each["external_id"]] for each in rows)
    await customer_words.keep(connection, {who: each["name"] for who, each in zip(whose, rows, strict=True)})
    return kept


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


async def emails_of(connection: Connection, customer_id: str, most: int) -> list[str]:
    """The addresses that e-mails to a customer were registered with, the latest first, at most ``most``."""
    latest = func.max(messages.c.sent_at)
    query = (
        select(messages.c.to_email)
        .where(messages.c.customer_id == customer_id, messages.c.to_email.is_not(None))
        .group_by(messages.c.to_email)
        .order_by(latest.desc(), messages.c.to_email)
    )
    return list((await connection.execute(query.limit(most))).scalars())


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
