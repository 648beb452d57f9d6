"""Every scenario there is, with its flow, and a house that answers what the scenario says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from router.calls.handle import Calls
from router.core.commands import ChannelCommand, Command, Prompt
from router.core.events import HouseEvent
from router.engine.scenario import HouseAnswers, Ran, Scenario, prompts_of, read_scenario, run
from router.engine.scenario_set import scenarios_in
from router.engine.session import Session
from router.flow.files import FlowSet
from router.flow.load import load_set
from router.flow.model import Flow
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store.bus import Bus
from router.store.database import Connection, Database

PROJECT = Path(__file__).parents[2]
LANGUAGE = PROJECT / "tests" / "scenarios"
"""Scenarios of the language. Their flows are in ``flows/``; others call the hotline."""


@dataclass(frozen=True)
class Case:
    """A scenario and the flow it calls."""

    scenario: Scenario
    flow: Flow

    def ran(self, channel: str) -> Ran:
        """The call on the bare engine, as if it came through ``channel``."""
        return run(self.scenario, self.flow, channel)

    def __str__(self) -> str:
        return self.scenario.name


@cache
def flow_sets() -> tuple[FlowSet, ...]:
    return load_set(PROJECT / "ivr_flows"), load_set(LANGUAGE / "flows")


@cache
def cases() -> tuple[Case, ...]:
    """The scenarios beside the hotline and those of the language, each by a name of its own."""
    hotline, language = flow_sets()
    flows = {**hotline.flows, **language.flows}
    found, problems = scenarios_in(hotline)
    assert not problems, problems
    found += [read_scenario(file.read_text("utf-8"), str(file)) for file in sorted(LANGUAGE.glob("*.yaml"))]
    names = [scenario.name for scenario in found]
    assert len(set(names)) == len(names), "two scenarios have one name"
    return tuple(Case(scenario, flows[scenario.text.flow]) for scenario in found)


class Scripted:
    """Answers for the house, as the scenario says."""

    def __init__(self, scenario: Scenario) -> None:
        self._answers = HouseAnswers(scenario.text.house)

    async def to(self, connection: Connection, session: Session, asked: Command, now: datetime) -> HouseEvent:
        return self._answers.to(asked)


def calls_for(case: Case, database: Database) -> Calls:
    """The real way of a call, at the scenario's time; only the house's answers are the scenario's."""
    at = case.scenario.text.at
    flows = Flows(case.flow.flows, {}, case.flow.name)
    return Calls(database, Bus(), flows, CodeKeys("x" * 32), lambda: at, answers=Scripted(case.scenario))


def said(turns: list[tuple[ChannelCommand, ...]]) -> list[Prompt]:
    """Everything heard in ``turns``."""
    return [prompt for commands in turns for prompt in prompts_of(commands)]


def way(session: Session) -> list[tuple[str, str, str]]:
    """The steps a call took, in order: flow, step and its type."""
    return [(entry.flow, entry.step, entry.type) for entry in session.trace]


def outline(session: Session) -> dict[str, object]:
    """What has to be equal on all channels."""
    return {
        "way": way(session),
        "state": session.state,
        "outcome": session.outcome,
        "queue": session.queue,
        "language": session.language,
        "sequence": session.sequence,
        "caller": session.caller,
    }
