"""A house with a database of its own and a clock that stands, where matching answers what a scenario says."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.calls.handle import Calls
from router.core.match import Match
from router.flow.load import load_file
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Database
from tests.scenarios.scenario import Scenario, scenarios

HOTLINE = load_file(Path(__file__).parents[2] / "ivr_flows" / "hotline.yaml")


@pytest.fixture(params=scenarios(), ids=lambda scenario: scenario.name)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    found: Scenario = request.param
    return found


@pytest.fixture
def scenario_calls(scenario: Scenario, database: Database, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The real way of a call for a scenario; only the answers of matching are the scenario's."""
    matches = list(scenario.matches)

    async def find_matches(*_: object, **__: object) -> Match:
        return matches.pop(0)

    monkeypatch.setattr("router.calls.answers.find_matches", find_matches)
    flows = Flows({HOTLINE.name: HOTLINE}, {}, HOTLINE.name)
    return Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: scenario.at)
