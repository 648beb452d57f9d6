"""The words of customers' names, by which agents find them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from router.core.names import words_of
from router.store.database import Connection
from router.store.tables import customer_words, customers

MOST_LOOKED_AT = 2000
"""Customers whose name begins right that are looked at for the other words."""

_LAST = "\U0010ffff"


async def keep(connection: Connection, names: Mapping[str, str | None]) -> None:
    """Store the words of these customers' names, by customer id, in place of those stored; a name that is None was not
    told, and its words stay."""
    pairs = sorted({(word, customer_id) for customer_id, name in names.items() for word in words_of(name)})
    told = [customer_id for customer_id, name in names.items() if name is not None]
    if not told:
        return
    stays = tuple_(customer_words.c.word, customer_words.c.customer_id).in_(pairs)
    await connection.execute(delete(customer_words).where(customer_words.c.customer_id.in_(told), ~stays))
    if pairs:
        build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        rows = [{"word": word, "customer_id": customer_id} for word, customer_id in pairs]
        await connection.execute(build(customer_words).on_conflict_do_nothing(), rows)


async def named(connection: Connection, words: Sequence[str], limit: int) -> list[str]:
    """At most ``limit`` customers with a word for each of ``words`` in their name that begins with it. Where
    very many have the first, the longest, only `MOST_LOOKED_AT` of them are looked at."""
    if not words:
        return []
    first = select(customer_words.c.customer_id).where(*_begins(words[0])).limit(MOST_LOOKED_AT).subquery()
    query = select(customers.c.id).join(first, first.c.customer_id == customers.c.id).distinct()
    for word in words[1:]:
        other = select(customer_words.c.word).where(customer_words.c.customer_id == customers.c.id, *_begins(word))
        query = query.where(other.exists())
    return list((await connection.execute(query.order_by(customers.c.id).limit(limit))).scalars())


def _begins(word: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return customer_words.c.word >= word, customer_words.c.word < word + _LAST
