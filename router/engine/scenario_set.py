"""All scenarios of a set of flow files: read, run, and what they cover together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from router.engine.coverage import Coverage, coverage
from router.engine.scenario import Ran, Scenario, flow_of, read_scenario, run
from router.flow.files import FileKind, FlowSet, kind_of
from router.flow.problems import FlowRefused, Problem


@dataclass(frozen=True, slots=True)
class Tried:
    """How the scenarios of a set went; ``problems`` are those of scenarios that could not be read."""

    rans: tuple[Ran, ...]
    problems: tuple[Problem, ...]
    coverages: tuple[Coverage, ...]

    @property
    def passed(self) -> bool:
        """Whether all could be read and went as expected."""
        return not self.problems and all(ran.passed for ran in self.rans)


def scenarios_in(
    flow_set: FlowSet, shown: Callable[[str], str] = lambda path: path
) -> tuple[list[Scenario], list[Problem]]:
    """The scenarios of the set, by path, and what is wrong with those that cannot be run. ``shown`` is how a path is
    written."""
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    for path, text in sorted(flow_set.files.items()):
        if kind_of(path) is FileKind.SCENARIO:
            try:
                scenario = read_scenario(text, shown(path))
                flow_of(scenario, flow_set.flows)
            except FlowRefused as refused:
                problems += refused.problems
            else:
                scenarios.append(scenario)
    return scenarios, problems


def run_each(flow_set: FlowSet, scenarios: Iterable[Scenario]) -> Iterator[Ran]:
    """Run scenarios of the set, one after the other."""
    for scenario in scenarios:
        yield run(scenario, flow_set.flows[scenario.text.flow])


def covered(flow_set: FlowSet, rans: Iterable[Ran]) -> tuple[Coverage, ...]:
    """What ``rans`` cover of each flow of the set."""
    watches = [ran.watch for ran in rans]
    return tuple(coverage(flow, watches) for flow in flow_set.flows.values())


def try_all(flow_set: FlowSet, shown: Callable[[str], str] = lambda path: path) -> Tried:
    """Run all scenarios of the set at once; a hundred take less than a second."""
    scenarios, problems = scenarios_in(flow_set, shown)
    rans = tuple(run_each(flow_set, scenarios))
    return Tried(rans, tuple(problems), covered(flow_set, rans))
