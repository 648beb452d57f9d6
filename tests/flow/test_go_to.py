"""On with another flow of the same set: what is known goes along, what counts for single steps does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router.core.commands import AskDigits, Command, Hangup, Transfer
from router.core.events import WITHHELD, CallStarted, DigitsEntered
from router.engine.session import Session, session_from_json, session_to_json
from router.engine.step import MOST_STEPS_A_TURN, start, step
from router.flow.files import FlowSet, check_files, kept_files
from router.flow.problems import FlowRefused

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN = CallStarted("test", WITHHELD)
DAY = """
version: 1
name: day
languages: [de]
default_queue: sales
start: ask
steps:
  ask: {type: collect, text: {de: Zahl?}, into: number, next: note}
  note: {type: set, values: {number: inputs.number}, next: on}
  on: {type: go_to, flow: night}
"""
NIGHT = """
version: 1
name: night
languages: [de]
default_queue: night
start: choose
steps:
  choose:
    type: menu
    text: {de: "Zurück, Ende oder Mensch?"}
    options: {"1": {next: back}, "2": {next: bye}, "3": {next: human}}
  back: {type: go_to, flow: day}
  bye: {type: hangup}
"""


def begun(*files: str) -> tuple[FlowSet, Session, tuple[Command, ...]]:
    flows = check_files({f"flow{number}.yaml": text for number, text in enumerate(files)})
    flow = next(iter(flows.flows.values()))
    return flows, *step(flow, start("c", flow, BEGIN), BEGIN, NOW)


def press(flows: FlowSet, session: Session, digits: str) -> tuple[Session, tuple[Command, ...]]:
    session = session_from_json(session_to_json(session))
    return step(flows.flows[session.flow], session, DigitsEntered(digits), NOW)


def test_the_other_flow_goes_on_with_what_is_known() -> None:
    flows, session, _ = begun(DAY, NIGHT)
    session, commands = press(flows, session, "42")
    assert isinstance(commands[-1], AskDigits)
    assert session.flow == "night"
    assert (session.inputs, session.values) == ({"number": "42"}, {"number": "42"})
    assert [(each.flow, each.step) for each in session.trace] == [
        ("day", "ask"),
        ("day", "ask"),
        ("day", "note"),
        ("day", "on"),
        ("night", "choose"),
    ]
    session, commands = press(flows, session, "2")
    assert commands[-1] == Hangup()


def test_the_person_at_the_end_is_the_other_flows() -> None:
    flows, session, _ = begun(DAY, NIGHT)
    session, _ = press(flows, session, "42")
    _, commands = press(flows, session, "3")
    assert commands == (Transfer("night", 600),)


def test_visits_begin_anew_and_the_cap_on_steps_does_not() -> None:
    flows, session, _ = begun(DAY, NIGHT)
    session, _ = press(flows, session, "42")
    steps = session.steps
    session, _ = press(flows, session, "1")
    assert session.flow == "day"
    assert session.visits == {"ask": 1}
    assert session.steps == steps + 2


CIRCLE = """
version: 1
name: {name}
languages: [de]
start: count
steps:
  count: {{type: set, values: {{n: "1"}}, next: on}}
  on: {{type: go_to, flow: {other}}}
"""


def test_flows_that_lead_to_each_other_for_ever_end_with_a_person() -> None:
    ping, pong = CIRCLE.format(name="ping", other="pong"), CIRCLE.format(name="pong", other="ping")
    with pytest.raises(FlowRefused, match="endless-loop never waits for the caller"):
        begun(ping, pong)
    flow = kept_files({"0.yaml": ping, "1.yaml": pong}).flows["ping"]
    session, commands = step(flow, start("c", flow, BEGIN), BEGIN, NOW)
    assert commands == (Transfer("default", 600),)
    assert session.steps <= MOST_STEPS_A_TURN + 2


def test_a_flow_that_is_not_there_is_found_and_at_run_time_leads_to_a_person() -> None:
    with pytest.raises(FlowRefused, match="missing-flow no flow 'nigt'; did you mean 'night'"):
        begun(DAY.replace("flow: night", "flow: nigt"), NIGHT)
    flows, session, _ = begun(DAY, NIGHT)
    flows.flows["day"].flows = {"day": flows.flows["day"]}
    session, commands = press(flows, session, "42")
    assert commands == (Transfer("sales", 600),)
    assert session.trace[-2].note == "failed: no flow 'night'"
