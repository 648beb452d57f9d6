"""A file stored in batches leaves the same as its rows registered one after the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import Refused
from router.matching.codes import CodeKeys
from router.messages.handles import HandleRules
from router.messages.imports import import_rows
from router.messages.registrar import Registrar
from router.messages.registration import read
from router.store.database import Database
from tests.databases import MakeAddress

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

numbers = st.sampled_from(["+491713920001", "+491713920002", "+493023125003"])
people = st.fixed_dictionaries(
    {"external_id": st.sampled_from([None, None, "c-1", "c-2"]), "name": st.sampled_from(["Anna", "Ben"])},
    optional={"phones": st.lists(numbers, max_size=2), "language": st.sampled_from(["de", "en"])},
)
rows = st.fixed_dictionaries(
    {
        "external_id": st.sampled_from("abcdef"),
        "channel": st.just("sms"),
        "to": st.fixed_dictionaries({"phone": numbers}),
        "offer": st.fixed_dictionaries({"title": st.sampled_from(["Strom", "Strom", "Gas"])}),
    },
    optional={"customer": people},
)


async def left_by(url: str, told: list[dict[str, Any]], batch: int | None) -> tuple[list[object], list[object]]:
    """What became of the rows, and what is stored then; ids and codes aside."""
    database = Database(url)
    rules = HandleRules("DE", "+4930555000", 10, timedelta(days=90), 3)
    registrar = Registrar(database, CodeKeys("a secret of the tests, long enough to pass"), rules, lambda: NOW)
    outcomes: list[object] = []
    if batch is None:
        for row in told:
            try:
                outcomes.append((await registrar.register(read(row, "DE"))).created)
            except Refused as refused:
                outcomes.append([error["field"] for error in refused.more["errors"]])
    else:

        async def stream() -> AsyncIterator[bytes]:
            yield "\n".join(map(json.dumps, told)).encode()

        async for outcome in import_rows(stream(), "ndjson", registrar, batch=batch):
            done = outcome.registered
            outcomes.append(done.created if done else [error["field"] for error in outcome.errors])
    stored = [await registrar.stored_as(external_id) for external_id in "abcdef"]
    await database.close()
    return outcomes, [_without_handles(message) for message in stored]


def _without_handles(message: dict[str, Any] | None) -> object:
    return message and {key: message[key] for key in ("external_id", "to", "customer", "offer", "sent_at")}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(rows, min_size=1, max_size=12), batch=st.integers(2, 12))
def test_batches_change_nothing(make_database: MakeAddress, told: list[dict[str, Any]], batch: int) -> None:
    one_by_one = asyncio.run(left_by(make_database(), told, None))
    in_batches = asyncio.run(left_by(make_database(), told, batch))
    assert in_batches == one_by_one
