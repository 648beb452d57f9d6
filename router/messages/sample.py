"""The sample data of ``threadline demo``: customers of a made-up energy company, and what it wrote to them.

Every name is invented, and every number is from the ranges that the Bundesnetzagentur keeps for fiction (030 23125 000
to 999, 0171 39200 00 to 99). The samples are registered like any other message.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from router.errors import Refused
from router.messages.registrar import Registered, Registrar
from router.messages.registration import Registration, read
from router.messages.sample_texts import DRAFTS, Draft
from router.store import messages as store
from router.store.database import Connection

FRESH = timedelta(hours=4)
"""Samples registered longer ago are replaced by new ones: a call about a text of yesterday is much less likely."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample message. ``call_from`` is the number to call from (E.164), ``shows`` says what such a call shows."""

    registration: Registration
    registered: Registered
    call_from: str
    shows: str


async def register_samples(registrar: Registrar, now: datetime) -> list[Sample]:
    """Register the samples, all or none, as sent shortly before ``now``. Those that are there and fresh stay."""
    async with registrar.database.begin() as connection:
        first = await store.by_external_id(connection, DRAFTS[0].id)
        if first is not None and now - FRESH < (start := first.sent_at + DRAFTS[0].ago) <= now:
            try:
                return await _registered(registrar, connection, start)
            except Refused:
                pass  # they are from another version of this file
        await store.remove(connection, [draft.id for draft in DRAFTS])
        return await _registered(registrar, connection, now)


def registration_of(draft: Draft, now: datetime, pools: Collection[str] = ()) -> Registration:
    """The sample as it is registered at ``now`` where there are these pools."""
    sent_at = now - draft.ago
    ends_at = sent_at + draft.holds
    data: dict[str, Any] = {
        "external_id": draft.id,
        "channel": draft.channel,
        "to": draft.to,
        "customer": draft.customer,
        "offer": draft.offer | {"valid_from": sent_at.isoformat(), "valid_until": ends_at.isoformat()},
        "body": draft.body.format(end_de=f"{ends_at:%d.%m.%Y}", end_en=f"{ends_at.day} {ends_at:%B %Y}"),
        "reference": draft.reference,
        "campaign": draft.campaign,
        "call_to_action": draft.call_to_action,
        **({"pool": draft.pool, "lease": "message"} if draft.pool in pools else {}),
        "sent_at": sent_at.isoformat(),
    }
    return read(data, "DE")


async def _registered(registrar: Registrar, connection: Connection, start: datetime) -> list[Sample]:
    samples = []
    for draft in DRAFTS:
        registration = registration_of(draft, start, registrar.rules.pools.numbers)
        registered = await registrar.register_in(connection, registration)
        samples.append(Sample(registration, registered, draft.call_from, draft.shows))
    return samples
