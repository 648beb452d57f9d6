"""The scenarios beside the flows as tapes: every event of a call, the house's answers among them, to be run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import get_args

from router.core.commands import ChannelCommand, Command
from router.core.events import CallStarted, Event, HouseEvent
from router.engine.scenario import HouseAnswers, Scenario, flow_of, read_scenario
from router.engine.session import Session, commands_to_json, session_from_json, session_to_json
from router.engine.step import start, step
from router.flow.files import FileKind, kind_of
from router.flow.load import load_set
from router.flow.model import Flow


@dataclass(frozen=True, slots=True)
class Tape:
    """One call: what happens to it, the first event its beginning. ``steps`` are those it runs."""

    name: str
    flow: Flow
    at: datetime
    events: tuple[Event, ...]
    steps: int

    @property
    def begin(self) -> CallStarted:
        """The first event."""
        first = self.events[0]
        assert isinstance(first, CallStarted)
        return first

    def run(self, call_id: str = "call", until: int | None = None) -> Session:
        """The session after the first ``until`` events; None: all of them."""
        session = start(call_id, self.flow, self.begin)
        for event in self.events[:until]:
            session, _ = step(self.flow.flows[session.flow], session, event, self.at)
        return session

    def run_stored(self) -> Session:
        """As `run`, with session and commands written as they are to the database, and read back for each event from
        outside."""
        session = start("call", self.flow, self.begin)
        text = session_to_json(session)
        for event in self.events:
            if not isinstance(event, _FROM_THE_HOUSE):
                session = session_from_json(text)
            session, commands = step(self.flow.flows[session.flow], session, event, self.at)
            kept = tuple(command for command in commands if isinstance(command, ChannelCommand))
            if len(kept) == len(commands):
                text = session_to_json(session)
                commands_to_json(kept)
        return session


_FROM_THE_HOUSE = get_args(HouseEvent)


def tapes_of(folder: Path) -> list[Tape]:
    """A tape of each scenario in the folder of flows. Raises `FlowRefused`."""
    flows = load_set(folder)
    texts = {path: text for path, text in flows.files.items() if kind_of(path) is FileKind.SCENARIO}
    return [_taped(read_scenario(text, path), flows.flows) for path, text in sorted(texts.items())]


def _taped(scenario: Scenario, flows: Mapping[str, Flow]) -> Tape:
    flow = flow_of(scenario, flows)
    begin = CallStarted("asterisk", scenario.caller, scenario.text.to, trunk="PJSIP/trunk")
    house, taken = HouseAnswers(scenario.text.house), list[Event]()
    session = start("call", flow, begin)
    for line in scenario.text.call:
        event: Event | None = line.event() or begin
        while event is not None:
            taken.append(event)
            session, commands = step(flow.flows[session.flow], session, event, scenario.text.at)
            event = _answer(house, commands)
    return Tape(scenario.name, flow, scenario.text.at, tuple(taken), session.steps)


def _answer(house: HouseAnswers, commands: tuple[Command, ...]) -> Event | None:
    asked = commands[-1] if commands else None
    return None if asked is None or isinstance(asked, ChannelCommand) else house.to(asked)
