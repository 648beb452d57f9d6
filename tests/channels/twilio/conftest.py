"""A house for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from router.calls import handle
from router.core.match import NO_MATCH, Match
from router.matching.observed import Observed
from router.store.database import Database
from tests.channels.twilio.house import House, application, client_for, make_calls, settings


@pytest.fixture
async def house(
    database: Database, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    """Settings may be given as the fixture's parameter."""

    async def find_matches(_connection: Any, observed: Observed, *_more: Any) -> Match:
        made.asked.append(observed)
        return made.matches.pop(0) if made.matches else NO_MATCH

    def clock() -> datetime:
        return made.now

    monkeypatch.setattr(handle, "find_matches", find_matches)
    calls = make_calls(database, clock)
    client = client_for(application(calls, settings(**getattr(request, "param", {}))))
    made = House(database, calls, client, [])
    async with client:
        yield made
