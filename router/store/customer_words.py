"""The words of customers' names, by which agents find them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, ScalarSelect, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from router.core.names import words_of
from router.store.database import Connection
from router.store.tables import customer_words

MOST_LOOKED_AT = 3000
"""Customers with the rarest of several words who are looked at for the others."""

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


async def named(connection: Connection, words: Sequence[str], limit: int) -> tuple[list[str], bool]:
    """At most ``limit`` customers with a word for each of ``words``, the longest first, in their name that begins with
    it, and whether all were looked at: where very many have even the rarest of the words, only `MOST_LOOKED_AT` are."""
    if not words:
        return [], True
    counts = (await connection.execute(select(*map(_count, words)))).one()
    rarest = min(range(len(words)), key=lambda place: counts[place])  # of several the longest, which says most
    first = select(customer_words.c.customer_id).where(*_begins(words[rarest])).limit(MOST_LOOKED_AT).subquery()
    query = select(first.c.customer_id).distinct()
    for word in (*words[:rarest], *words[rarest + 1 :]):
        theirs = select(customer_words.c.word).where(customer_words.c.customer_id == first.c.customer_id)
        begun = theirs.where(*_begins(word)).limit(1).scalar_subquery()
        # With a limit it is looked up for each: EXISTS would let PostgreSQL read all words that begin with an initial.
        query = query.where(begun.is_not(None))
    found = await connection.execute(query.order_by(first.c.customer_id).limit(limit))
    return list(found.scalars()), counts[rarest] <= MOST_LOOKED_AT


def _count(word: str) -> ScalarSelect[int]:
    """How many words begin so, up to one more than are looked at."""
    some = select(customer_words.c.word).where(*_begins(word)).limit(MOST_LOOKED_AT + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _begins(word: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return customer_words.c.word >= word, customer_words.c.word < word + _LAST
