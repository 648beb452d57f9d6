"""The ways through flows: steps to which none leads, and loops in which the caller is never waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from router.flow.model import Flow
from router.flow.nodes.base import HUMAN, HUNG_UP, Step, UseKind
from router.flow.problems import Problem
from router.flow.source import Source

_TO_PEOPLE = ("transfer", "callback", "voicemail", "go_to")
_Node = tuple[str, str]
"""A flow and a step of it, by name."""


def unreachable(source: Source, flow: Flow) -> Iterator[Problem]:
    """Steps to which no way leads from the start, and those that talk where only callers who have hung up come to."""
    there = reached(flow, [flow.text.start, HUMAN])
    hung_up = [flow.text.hung_up, *(flow.steps[name].when_hung_up() for name in there)]
    gone = reached(flow, [name for name in hung_up if name])
    for name, step in flow.text.steps.items():
        if name in there:
            continue
        if name not in gone:
            message = f"no way leads to step '{name}'; lead one to it, or take it out"
            yield source.problem(("steps", name), "unreachable", message, at_key=True)
        elif step.talks():
            message = f"the caller has hung up before step '{name}': nobody hears it"
            yield source.problem(("steps", name), "caller-gone", message, at_key=True)


def no_person(source: Source, flow: Flow) -> Iterator[Problem]:
    """A step `human` of the flow's own that only ends the call: whatever goes wrong would end it as well."""
    there = reached(flow, [HUMAN])
    if all(flow.steps[name].type not in _TO_PEOPLE for name in there):
        message = "from here no way leads to a person, and whatever goes wrong in a call ends here; add a transfer"
        yield source.problem(("steps", HUMAN), "no-person", message, at_key=True, warning=True)


def reached(flow: Flow, ahead: list[str], past: str | None = None) -> set[str]:
    """The steps to which ways lead from those ``ahead``, as long as the caller does not hang up; ``past``: none of the
    ways goes through this step."""
    found: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name not in found and name != past and name in flow.steps:
            found.add(name)
            ahead.extend(target for place, target in flow.steps[name].targets().items() if place != HUNG_UP)
    return found


def endless(flows: Sequence[tuple[Flow, Source]]) -> Iterator[Problem]:
    """Loops in which the caller is never waited for, within a flow or over `go_to` through several, each told once at
    its first step. A `branch` that counts `visits` ends a loop."""
    sources = {flow.name: (flow, source) for flow, source in flows}
    silent = {
        (flow.name, name): _without_waiting(flow, step)
        for flow, _ in sources.values()
        for name, step in flow.text.steps.items()
    }
    circling = _circling(silent)
    told: set[_Node] = set()
    for node in circling:
        loop = None if node in told else _loop_from(node, circling)
        if loop:
            told.update(loop)
            flow, source = sources[node[0]]
            way = " → ".join(name if where == flow.name else f"{where}: {name}" for where, name in (*loop, node))
            message = f"never waits for the caller: {way}; put a question, or a branch on visits.{node[1]}, into it"
            yield source.problem(("steps", node[1]), "endless-loop", message, at_key=True)


def _without_waiting(flow: Flow, step: Step) -> list[_Node]:
    """Where a call may be next without anybody having been waited for."""
    if any("visits." in formula.text for formula in step.formulas().values()):
        return []
    refused = step.refused_at(flow.queues, flow.text.default_queue)
    waited = [place for place in step.after_waiting() if place not in refused]
    ahead = [(flow.name, target) for place, target in step.targets().items() if place not in waited]
    for use in step.uses():
        if use.kind is UseKind.FLOW and use.name in flow.flows:
            ahead.append((use.name, flow.flows[use.name].text.start))
    return list(dict.fromkeys(ahead))


def _circling(ways: Mapping[_Node, list[_Node]]) -> dict[_Node, list[_Node]]:
    """``ways`` without the steps that cannot be part of a loop: those that nothing leads to, or that lead nowhere."""
    left = {node: [target for target in targets if target in ways] for node, targets in ways.items()}
    for _ in range(2):
        left = _turned(_without_ends(left))
    return left


def _without_ends(ways: dict[_Node, list[_Node]]) -> dict[_Node, list[_Node]]:
    back = _turned(ways)
    ahead_of = {node: len(targets) for node, targets in ways.items()}
    ends = [node for node, count in ahead_of.items() if count == 0]
    while ends:
        for before in back[ends.pop()]:
            ahead_of[before] -= 1
            if ahead_of[before] == 0:
                ends.append(before)
    left = {node for node, count in ahead_of.items() if count}
    return {node: [target for target in targets if target in left] for node, targets in ways.items() if node in left}


def _turned(ways: Mapping[_Node, Iterable[_Node]]) -> dict[_Node, list[_Node]]:
    turned: dict[_Node, list[_Node]] = {node: [] for node in ways}
    for node, targets in ways.items():
        for target in targets:
            turned[target].append(node)
    return turned


def _loop_from(start: _Node, ways: Mapping[_Node, list[_Node]]) -> list[_Node] | None:
    trail: list[tuple[_Node, Iterator[_Node]]] = [(start, iter(ways[start]))]
    seen = {start}
    while trail:
        target = next(trail[-1][1], None)
        if target is None:
            trail.pop()
        elif target == start:
            return [node for node, _ in trail]
        elif target not in seen:
            seen.add(target)
            trail.append((target, iter(ways[target])))
    return None
