"""Finds the messages a call may be about: narrows by indexed keys and time, then `matching.rank` alone decides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from router.core.match import Match
from router.matching.codes import CodeKeys, normalise, well_formed
from router.matching.observed import MessageRow, Observed
from router.matching.parameters import DEFAULT, Parameters
from router.matching.rank import rank
from router.store import messages as store
from router.store.database import Connection

LOOK_BACK = timedelta(days=180)
"""Older messages are found by their code only."""
LOOK_AHEAD = timedelta(hours=1)
"""Messages registered with a time a little ahead of our clock count as sent."""
MOST_MESSAGES = 50
"""Messages read for a number, latest first; more would not change who is named."""
MOST_SHARERS = 100
"""Customers read for a number. A number that more share is a switchboard, and says next to nothing."""


async def find_matches(
    connection: Connection,
    observed: Observed,
    now: datetime,
    keys: CodeKeys,
    parameters: Parameters = DEFAULT,
) -> Match:
    """Which message the call is about, as far as the store knows; reads only.

    ``observed.caller.number`` is E.164. Whatever is keyed in or withheld, the answer has the same shape.
    """
    number = None if observed.caller.withheld else observed.caller.number
    rows: dict[str, Any] = {}
    sharing: list[str] = []
    if number is not None:
        sharing = await store.customers_at(connection, number, MOST_SHARERS)
        found = await store.sent_to(connection, number, sharing, now - LOOK_BACK, now + LOOK_AHEAD, MOST_MESSAGES)
        rows = {row.id: row for row in found}
    keyed = await _message_of_code(connection, observed, keys)
    if keyed is not None:
        rows[keyed.id] = keyed
    # Whose number this is was read already; any other message is at most the one whose code was keyed in, and its
    # customer's numbers are asked for only to be compared with this one.
    on_file = frozenset(sharing)
    candidates = [
        _candidate(row, number if row.customer_id in on_file else None, keyed is not None and row.id == keyed.id)
        for row in rows.values()
    ]
    return rank(observed, candidates, now, parameters, sharers=len(sharing))


async def _message_of_code(connection: Connection, observed: Observed, keys: CodeKeys) -> Any | None:
    code = normalise(observed.code) if observed.code else None
    if code is None or not well_formed(code):
        return None
    return await store.by_code_hash(connection, keys.code_hashes(code))


def _candidate(row: Any, number_on_file: str | None, code_keyed: bool) -> MessageRow:
    offer: dict[str, Any] = row.offer
    ends = offer.get("valid_until")
    return MessageRow(
        message_id=row.id,
        sent_at=row.sent_at,
        customer_id=row.customer_id,
        to_phone=row.to_phone,
        customer_phones=frozenset() if number_on_file is None else frozenset({number_on_file}),
        service_number=row.service_number,
        code_keyed=code_keyed,
        code_expires_at=row.code_expires_at,
        valid_until=datetime.fromisoformat(ends) if ends else None,
        queue=offer.get("queue"),
        language=row.language,
        offer_title=offer.get("title"),
    )
