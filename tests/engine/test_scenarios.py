"""Whole calls on the bare engine, with a JSON round trip between every two steps."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from router.engine.scenario import flow_of, read_scenario, run
from router.engine.session import State, session_to_json
from router.flow.load import load_file
from router.flow.nodes import AnyStep
from tests.scenarios.scenario import FOLDERS

SCENARIOS = [file for folder in FOLDERS for file in sorted(folder.glob("*.yaml"))]
FLOW = load_file(Path(__file__).parents[2] / "ivr_flows" / "hotline.yaml")


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_scenario(file: Path) -> None:
    scenario = read_scenario(file.read_text(), str(file))
    ran = run(scenario, flow_of(scenario, FLOW.flows))
    assert [str(miss) for miss in ran.misses] == []
    assert len(session_to_json(ran.session)) < 20_000
    if ran.turns[-1].then in ("nothing", "hangup"):
        assert ran.session.state is State.ENDED
        assert ran.session.inputs == {}, "what was keyed in goes with the call"


def test_every_step_type_of_the_language_has_a_scenario_or_a_unit_test() -> None:
    used = {type(step) for step in FLOW.steps.values()}
    tested_elsewhere = {
        "Menu",
        "Collect",
        "Set",
        "GoToFlow",
        "Verify",
        "SendMessage",
        "Callback",
        "QueueInfo",
    }  # tests/flow/test_menu.py, test_collect.py, …
    types = set(get_args(get_args(AnyStep)[0]))
    assert {step.__name__ for step in types - used} == tested_elsewhere
