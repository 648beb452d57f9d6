"""Every type of step is tried by scenarios, with every way out of it."""

from __future__ import annotations

import json
from typing import get_args

from router.flow.nodes import AnyStep
from router.flow.nodes.base import HUMAN, Place, Step
from tests.conformance.calls import cases

TYPES: list[type[Step]] = list(get_args(get_args(AnyStep)[0]))


def test_every_type_of_step_has_scenarios() -> None:
    tried = {
        type(case.flow.flows[flow].steps[name])
        for case in cases()
        for flow, name in case.ran("testphone").watch.entered
    }
    assert sorted(kind.__name__ for kind in TYPES if kind not in tried) == []


def test_every_way_out_of_every_type_of_step_is_taken() -> None:
    """Ways by the same field are one: any key of a menu, any case of a branch. Those that may be left out count."""
    there = {(kind.__name__, name) for kind in TYPES for name in _ways_by_field(kind)}
    taken: set[tuple[str, str]] = set()
    for case in cases():
        for flow in case.flow.flows.values():
            there |= {
                _way(step, place) for name, step in flow.steps.items() if name != HUMAN for place in step.targets()
            }
        for flow_name, name, place in case.ran("testphone").watch.taken:
            taken.add(_way(case.flow.flows[flow_name].steps[name], place))
    assert sorted(there - taken) == []


def _ways_by_field(kind: type[Step]) -> set[str]:
    """The fields of a type of step that name another step."""
    fields = kind.model_json_schema(by_alias=True)["properties"]
    return {name for name, field in fields.items() if '"description": "step"' in json.dumps(field)}


def _way(step: Step, place: Place) -> tuple[str, str]:
    return type(step).__name__, str(place[0])
