"""Puts customers, messages, calls and leases into a database, for tests of what is found there again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert

from router.store import messages as store
from router.store.database import Connection
from router.store.tables import calls, customer_phones, customers, match_outcomes, number_leases

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
_numbers = count(1)


async def a_customer(connection: Connection, customer_id: str, *phones: str, language: str = "de") -> None:
    values = {"id": customer_id, "name": customer_id, "language": language, "created_at": NOW}
    await connection.execute(insert(customers).values(values))
    for number in phones:
        await connection.execute(insert(customer_phones).values(customer_id=customer_id, number=number))


async def a_message(connection: Connection, message_id: str, **fields: Any) -> None:
    """A text of five hours ago; ``reference`` is the normalised one."""
    if "reference" in fields:
        fields["reference_key"] = fields["reference"]
    values = {
        "id": message_id,
        "digest": "",
        "channel": "sms",
        "offer": {"title": "Strom 12", "queue": "sales", "valid_until": "2026-03-20T00:00:00+00:00"},
        "body": "",
        "sent_at": NOW - timedelta(hours=5),
        "created_at": NOW,
        "external_id": None,
    }
    await store.add(connection, [values | fields])


async def a_call(
    connection: Connection, caller: str, message_id: str | None, *, verdict: str | None = None, **fields: Any
) -> None:
    """A call of two days ago that an agent took; with a ``verdict``, about ``said`` as far as the agent knew."""
    said = fields.pop("said", None)
    call_id = f"call{next(_numbers)}"
    values = {
        "id": call_id,
        "channel": "agi",
        "channel_ref": call_id,
        "caller": caller,
        "withheld": False,
        "state": "ended",
        "sequence": 1,
        "session": "",
        "reply": "",
        "agent_id": "robin",
        "message_id": message_id,
        "started_at": NOW - timedelta(days=2),
        "updated_at": NOW,
    }
    await connection.execute(insert(calls).values(values | fields))
    if verdict is not None:
        outcome = {
            "call_id": call_id,
            "verdict": verdict,
            "message_id": said,
            "named_id": message_id,
            "decision": "likely",
            "assurance": 1,
            "none_probability": 0.1,
            "candidates": [],
            "called_at": NOW,
            "at": NOW,
        }
        await connection.execute(insert(match_outcomes).values(outcome))


async def a_lease(connection: Connection, number: str, **fields: Any) -> None:
    """A lease of a day ago for a week, with a week of quarantine after it."""
    values = {
        "id": f"lease{next(_numbers)}",
        "pool": "letters",
        "number": number,
        "leased_at": NOW - timedelta(days=1),
        "until": NOW + timedelta(days=6),
        "free_at": NOW + timedelta(days=13),
    }
    await connection.execute(insert(number_leases).values(values | fields))
