"""Flows whose steps are stood in for, so that a call can be followed, and stopped where a step goes by what was not
kept of it (`router.engine.recorded`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from router.core.events import Event
from router.engine.recorded import is_masked
from router.flow.model import Flow
from router.flow.nodes.base import Move, Scene, Step

_READS = re.compile(r"\b(inputs|vars|offer|customer)\b(?:\s*\.\s*(\w+))?")


class CannotTell(Exception):
    """Where a call would go cannot be told; ``why``, and at which ``step``."""

    def __init__(self, why: str, step: str | None = None) -> None:
        super().__init__(why)
        self.why, self.step = why, step


@dataclass(slots=True)
class Goes:
    """A call on its way. ``entered`` are its steps so far, by flow and name. ``ways_on`` says where the recorded call
    went from each step, each time: a step that goes by what was not kept is believed to go there again, where it is as
    it was in ``flows`` (None: those that run)."""

    entered: list[tuple[str, str]]
    ways_on: Mapping[tuple[str, str], list[str]] = field(default_factory=dict)
    flows: Mapping[str, Flow] | None = None
    unknown: set[str] = field(default_factory=set)
    """Values (``vars``) that were worked out of what was not kept."""

    def again(self, flow: str, name: str, step: Step) -> str | None:
        """Where the recorded call went from here this time, if the step is as it was."""
        was = self.flows[flow].steps.get(name) if self.flows and flow in self.flows else None
        if self.flows is not None and was != step:
            return None
        times, ways = self.entered.count((flow, name)), self.ways_on.get((flow, name), [])
        return ways[times - 1] if times <= len(ways) else None


class Followed:
    """The flows of one set. One call is followed at a time, see `begin`."""

    def __init__(self, flows: Mapping[str, Flow]) -> None:
        self.goes = Goes([])
        self.plain = flows
        self.flows = {name: copy(flow) for name, flow in flows.items()}
        for name, flow in self.flows.items():
            steps = {each: _Step(self, name, each, step) for each, step in flow.steps.items()}
            flow.flows = self.flows
            flow.steps = steps  # type: ignore[assignment]

    def begin(self, goes: Goes) -> None:
        """Follow this call from now on."""
        self.goes = goes


class _Step:
    """Stands in for a step: as the step in everything, but that it tells where the call is."""

    def __init__(self, followed: Followed, flow: str, name: str, step: Step) -> None:
        self._followed, self._flow, self._name, self._step = followed, flow, name, step
        self._conditions = tuple(_reads(each.text) for each in step.formulas().values() if each.gives == "condition")
        self._worked_out = tuple(_reads(each.text) for each in step.formulas().values() if each.gives != "condition")
        self._values = tuple(step.values())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step, name)

    def enter(self, scene: Scene) -> Move:
        goes = self._followed.goes
        goes.entered.append((self._flow, self._name))
        if any(self._unknown(goes, scene, reads) for reads in self._conditions):
            way = goes.again(self._flow, self._name, self._step)
            if way is None:
                raise CannotTell("goes by what was not kept of the call", self._name)
            return Move(way)
        if any(self._unknown(goes, scene, reads) for reads in self._worked_out):
            goes.unknown.update(self._values)
        return self._step.enter(scene)

    def resume(self, scene: Scene, event: Event) -> Move:
        return self._step.resume(scene, event)

    def _unknown(self, goes: Goes, scene: Scene, reads: tuple[tuple[str, str], ...]) -> bool:
        return any(_not_kept(goes, scene, group, name) for group, name in reads)


def _reads(formula: str) -> tuple[tuple[str, str], ...]:
    """The variables that a formula looks at which may not have been kept; the name is "" where it may be any."""
    return tuple((found[1], found[2] or "") for found in _READS.finditer(formula))


def _not_kept(goes: Goes, scene: Scene, group: str, name: str) -> bool:
    match group:
        case "inputs":
            return any(map(is_masked, _values(scene.inputs, name)))
        case "vars":
            values = scene.facts["vars"]
            return any(map(is_masked, _values(values, name))) or bool(goes.unknown & ({name} if name else set(values)))
        case _:
            return scene.match is not None and scene.match.best is not None


def _values(known: Mapping[str, object], name: str) -> Iterator[object]:
    if not name:
        yield from known.values()
    elif name in known:
        yield known[name]
