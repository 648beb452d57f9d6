"""A house for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from router.core.commands import Command, FindMatches
from router.core.events import HouseEvent, MatchesFound
from router.core.match import NO_MATCH, Match, QuestionKind
from router.engine.session import Session
from router.store.database import Connection, Database
from tests.channels.twilio.desk import Desk
from tests.channels.twilio.house import House, application, client_for, make_calls, settings


def nobody_known(asked: FindMatches) -> Match:
    """What matching finds where there are no messages: only a code could tell more."""
    accepted = False if asked.code else None
    code = next((each for each in asked.questions if each.kind is QuestionKind.CODE), None)
    return replace(NO_MATCH, code_accepted=accepted, question=code)


@pytest.fixture
async def house(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """Settings may be given as the fixture's parameter."""

    class Answers:
        async def to(self, connection: Connection, session: Session, asked: Command, now: datetime) -> HouseEvent:
            assert isinstance(asked, FindMatches)
            made.asked.append(session.caller)
            return MatchesFound(made.matches.pop(0) if made.matches else nobody_known(asked))

    def clock() -> datetime:
        return made.now

    calls = make_calls(database, clock, Answers())
    client = client_for(application(calls, settings(**getattr(request, "param", {}))))
    made = House(database, calls, client, [])
    async with client:
        yield made


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    made = Desk(database)
    async with made.client:
        yield made
