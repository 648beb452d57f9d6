"""Whole calls on the bare engine, with a JSON round trip between every two steps."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from router.core.commands import ChannelCommand, FindMatches
from router.core.events import CallStarted, Event, MatchesFound
from router.engine.session import (
    Session,
    State,
    commands_from_json,
    commands_to_json,
    event_from_json,
    event_to_json,
    session_from_json,
    session_to_json,
)
from router.engine.step import start, step
from router.flow.load import load_file
from router.flow.nodes import AnyStep
from tests.scenarios.scenario import Scenario, event_of, heard, scenarios, what_then

FLOW = load_file(Path(__file__).parents[2] / "ivr_flows" / "hotline.yaml")


def _step(scenario: Scenario, session: Session, event: Event) -> tuple[Session, tuple[ChannelCommand, ...]]:
    session = session_from_json(session_to_json(session))
    session, commands = step(FLOW, session, event_from_json(event_to_json(event)), scenario.at)
    while commands and isinstance(commands[-1], FindMatches):
        session = session_from_json(session_to_json(session))
        session, commands = step(FLOW, session, MatchesFound(scenario.matches.pop(0)), scenario.at)
    rendered = tuple(command for command in commands if isinstance(command, ChannelCommand))
    assert rendered == commands
    return session, commands_from_json(commands_to_json(rendered))


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario) -> None:
    begin = CallStarted("test", scenario.caller, "+4930231250000")
    session = start("call-1", FLOW, begin)
    for number, line in enumerate(scenario.call, 1):
        session, commands = _step(scenario, session, event_of(line) or begin)
        where = f"line {number} of {scenario.name}: {line}"
        if "hears" in line:
            assert heard(commands, FLOW) == line["hears"], where
        if "language" in line:
            assert session.language == line["language"], where
        assert what_then(commands) == line["then"], where
        assert len(session_to_json(session)) < 20_000
    if line["then"] in ("nothing", "hangup"):
        assert session.state is State.ENDED
        assert session.inputs == {}, "what was keyed in goes with the call"


def test_every_step_type_of_the_language_has_a_scenario_or_a_unit_test() -> None:
    used = {type(step) for step in FLOW.steps.values()}
    tested_elsewhere = {"Menu", "Collect"}  # tests/flow/test_menu.py, test_collect.py
    types = set(get_args(get_args(AnyStep)[0]))
    assert {step.__name__ for step in types - used} == tested_elsewhere
