"""What the message says that a match names, for the conditions and prompts of a flow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from router.core.match import About, Match
from router.store import messages as store
from router.store.database import Connection

MOST_CHARACTERS = 6_000
"""Of an offer's facts together: a session is read and written at every turn. What comes after that is left out."""
_TEXTS = ("title", "summary", "url")
_TIMES = ("valid_from", "valid_until")


async def about_message(connection: Connection, match: Match) -> About | None:
    """The offer and the customer of the message that the match names; None where it names none.

    The fields are those of `router.flow.variables`; what is not known is left out. Facts marked sensitive are not among
    them: only an agent opens those, and each opening is noted.
    """
    if match.best is None:
        return None
    row = await store.what_it_says(connection, match.best.message_id)
    if row is None:
        return None
    offer = row.offer if isinstance(row.offer, Mapping) else {}
    said: dict[str, Any] = {name: offer[name] for name in _TEXTS if isinstance(offer.get(name), str)}
    said |= {name: offer[name] for name in _TIMES if _is_moment(offer.get(name))}
    said |= {"channel": row.channel, "campaign": row.campaign, "sent": row.sent_at.isoformat()}
    said |= {"skills": [each for each in offer.get("skills") or () if isinstance(each, str)]}
    said |= {"facts": _facts(offer.get("facts"))}
    customer = {
        "name": row.name,
        "external_id": row.external_id,
        "language": row.language,
        "segment": row.segment,
    }
    return About(_known(said), {} if row.customer_id is None else {"name": "", **_known(customer)})


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _is_moment(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _facts(facts: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    room = MOST_CHARACTERS
    for name, value in facts.items() if isinstance(facts, Mapping) else ():
        room -= len(name) + len(str(value))
        if isinstance(value, str | int | float) and room >= 0:
            kept[name] = value
    return kept
