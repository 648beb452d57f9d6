"""Stores whose messages they are, and which numbers are on file for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from router.messages.registration import Customer
from router.store import messages as store
from router.store.database import Connection


@dataclass(frozen=True, slots=True)
class Addressee:
    """The customer that a stored message went to, and the number it went to, if any."""

    message_id: str
    customer: Customer
    reached_at: str | None

    @property
    def numbers(self) -> frozenset[str]:
        """The number a message went to is on file by that; a household shows by two customers having it."""
        return frozenset((*(self.customer.phones or ()), *((self.reached_at,) if self.reached_at else ())))


async def keep(
    connection: Connection, addressees: Sequence[Addressee], make_id: Callable[[], str], now: datetime
) -> None:
    """Store the customers and their numbers, and tie their messages to them. No customer may be in it twice.

    What is told of a known customer replaces what is stored, what is not told stays.
    """
    if not addressees:
        return
    owners: dict[str, str] = {}
    rows = []
    for each in addressees:
        known = await _known_without_id(connection, each)
        if known is not None:
            owners[each.message_id] = known
            continue
        owners[each.message_id] = make_id()
        rows.append(
            {
                "id": owners[each.message_id],
                "external_id": each.customer.external_id,
                "name": each.customer.name,
                "language": each.customer.language,
                "segment": each.customer.segment,
                "created_at": now,
            }
        )
    kept = await store.keep_customers(connection, rows) if rows else {}
    for each in addressees:
        if each.customer.external_id is not None:
            owners[each.message_id] = kept[each.customer.external_id]
    await store.put_on_file(
        connection,
        {owners[each.message_id]: each.numbers for each in addressees},
        [owners[each.message_id] for each in addressees if each.customer.phones is not None],
    )
    await store.set_customers(connection, owners)


async def _known_without_id(connection: Connection, addressee: Addressee) -> str | None:
    """A customer told without an id is the one told before with the same name and a number in common: the same person
    must not look like two who share a number."""
    if addressee.customer.external_id is not None or not addressee.numbers:
        return None
    return await store.nameless_customer(connection, addressee.customer.name, addressee.numbers)
