"""A house for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from router.calls import answers
from router.core.match import NO_MATCH, Match, Question, QuestionKind
from router.matching.observed import Observed
from router.store.database import Database
from tests.channels.twilio.house import House, application, client_for, make_calls, settings


def nobody_known(observed: Observed, questions: Sequence[Question]) -> Match:
    """What matching finds where there are no messages: only a code could tell more."""
    accepted = False if observed.code_given else None
    code = next((each for each in questions if each.kind is QuestionKind.CODE), None)
    return replace(NO_MATCH, code_accepted=accepted, question=code)


@pytest.fixture
async def house(
    database: Database, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    """Settings may be given as the fixture's parameter."""

    async def find_matches(
        _connection: Any, observed: Observed, *_more: Any, questions: Sequence[Question] = (), **_other: Any
    ) -> Match:
        made.asked.append(observed)
        return made.matches.pop(0) if made.matches else nobody_known(observed, questions)

    def clock() -> datetime:
        return made.now

    monkeypatch.setattr(answers, "find_matches", find_matches)
    calls = make_calls(database, clock)
    client = client_for(application(calls, settings(**getattr(request, "param", {}))))
    made = House(database, calls, client, [])
    async with client:
        yield made
