"""Every type of step has an example for the documentation, and it works: completed to a flow it is a good one, and a
call comes through it to its first wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest
import yaml

from router.core.events import Caller, CallStarted
from router.engine.step import start, step
from router.flow.files import check_files
from router.flow.nodes import AnyStep
from router.flow.nodes.base import Step
from router.flow.surroundings import Surroundings

KINDS: dict[str, type[Step]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in get_args(get_args(AnyStep)[0])
}
WEDNESDAY = datetime(2026, 11, 25, 10, tzinfo=UTC)
BEGIN = CallStarted("test", Caller("+493023125011"), "+493023125000")
AROUND = Surroundings(queues={"default", "sales"}, webhooks={"crm"}, texts=True, recordings=set())
FLOW = """
version: 1
name: example
languages: [de, en]
hours:
  office: {{timezone: Europe/Berlin, weekly: {{mon-fri: ["08:00-18:00"]}}}}
start: greet
steps:
{steps}
"""
GREET = "greet: {{type: say, text: {{de: Guten Tag., en: Hello.}}, next: {name}}}"
NIGHT = """
version: 1
name: night
languages: [de, en]
start: bye
steps:
  bye: {type: hangup}
"""


def completed(example: str) -> str:
    """The example in a flow that greets and leads to it."""
    name = next(iter(yaml.safe_load(example)))
    lines = [] if name == "greet" else [GREET.format(name=name)]
    if " on\n" in f"{example}\n" or " on," in example:
        lines.append("on: {type: hangup}")
    lines += example.strip("\n").splitlines()
    return FLOW.format(steps="\n".join(f"  {line}" for line in lines))


@pytest.mark.parametrize("name", KINDS)
def test_the_example_is_a_whole_step_of_its_type(name: str) -> None:
    assert KINDS[name].EXAMPLE, f"give {KINDS[name].__name__} an EXAMPLE"
    steps = yaml.safe_load(KINDS[name].EXAMPLE)
    assert [each["type"] for each in steps.values()] == [name]


@pytest.mark.parametrize("name", KINDS)
def test_the_example_is_right_and_a_call_comes_through_it(name: str) -> None:
    text = completed(KINDS[name].EXAMPLE)
    flow_set = check_files({"example.yaml": text, "night.yaml": NIGHT}, AROUND)
    assert [str(problem) for problem in flow_set.warnings] == []
    flow = flow_set.flows["example"]
    session, commands = step(flow, start("c", flow, BEGIN), BEGIN, WEDNESDAY)
    example = next(iter(yaml.safe_load(KINDS[name].EXAMPLE)))
    assert example in {each.step for each in session.trace}
    assert commands
    assert not [each.note for each in session.trace if each.note.startswith("failed")]
