"""Every scenario on every channel: the same steps, queue, language and end as on the bare engine."""

from __future__ import annotations

from itertools import takewhile

import pytest

from router.engine.session import State, session_to_json
from router.store.database import Database
from tests.conformance.calls import Case, calls_for, cases, outline, way
from tests.conformance.fastagi import hangs_up_recording, through_fastagi
from tests.conformance.testphone import through_testphone
from tests.conformance.twilio import can_be_said, destinations_of, through_twilio

every_scenario = pytest.mark.parametrize("case", cases(), ids=str)


@every_scenario
def test_engine(case: Case) -> None:
    ran = case.ran("testphone")
    assert [str(miss) for miss in ran.misses] == []
    assert len(session_to_json(ran.session)) < 20_000
    if ran.turns[-1].then in ("nothing", "hangup"):
        assert ran.session.state is State.ENDED
        assert (ran.session.inputs, ran.session.values) == ({}, {}), "what was keyed in goes with the call"


@every_scenario
@pytest.mark.sqlite_only
async def test_fastagi(case: Case, database: Database) -> None:
    ran = case.ran("asterisk")
    session = await through_fastagi(ran, calls_for(case, database))
    if hangs_up_recording(ran):
        until_then = list(takewhile(lambda entry: entry[2], way(ran.session)))
        assert way(session)[: len(until_then)] == until_then
        assert session.ended
        return
    assert outline(session) == outline(ran.session)


@pytest.mark.parametrize("case", [case for case in cases() if can_be_said(case)], ids=str)
@pytest.mark.sqlite_only
@pytest.mark.parametrize("dialled", [False, True], ids=["twilio's queues", "dialled"])
async def test_twilio(case: Case, dialled: bool, database: Database) -> None:
    ran = case.ran("twilio")
    session = await through_twilio(ran, calls_for(case, database), destinations_of(ran) if dialled else {})
    assert outline(session) == outline(ran.session)


@every_scenario
async def test_testphone(case: Case, database: Database) -> None:
    ran = case.ran("testphone")
    session = await through_testphone(ran, calls_for(case, database))
    assert outline(session) == outline(ran.session)
