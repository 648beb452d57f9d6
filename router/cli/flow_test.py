"""``threadline flow test``: run the scenarios beside the flows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn

from router.cli.output import NO, WRONG_USE, as_json, counted, fail, say
from router.engine.coverage import Coverage, in_words
from router.engine.scenario import Ran, Scenario
from router.engine.scenario_set import Tried, covered, run_each, scenarios_in
from router.flow.files import FlowSet, check_files
from router.flow.load import read_folder
from router.flow.problems import FlowRefused, Problem

_FOLDER = "scenarios"


def test(
    paths: Annotated[list[Path], typer.Argument(help="Folders of flows, flow files, or scenario files.")],
    json: Annotated[bool, typer.Option("--json", help="Everything as JSON, for scripts.")] = False,
    coverage_at_least: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Per cent of steps and exits that the scenarios of each flow must cover."),
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="Only the scenario of this name; can be given repeatedly.")
    ] = None,
) -> None:
    """Run the scenarios beside the flows, and tell what came otherwise than expected and what no scenario covers.

    Example: threadline flow test ivr_flows --coverage-at-least 90
    """
    problems: list[Problem] = []
    tried: list[Tried] = []
    wanted = set(scenario or ())
    for path in paths:
        if not path.exists():
            fail(f"there is no such file or folder: {path}", WRONG_USE)
        try:
            tried.append(_tried(path, wanted))
        except FlowRefused as refused:
            problems += refused.problems
    problems += [problem for each in tried for problem in each.problems]
    rans = [ran for each in tried for ran in each.rans]
    if (missing := wanted - {ran.scenario.name for ran in rans}) and not problems:
        fail(f"no scenario is called {', '.join(sorted(missing))}", WRONG_USE)
    coverages = [each for one in tried for each in one.coverages]
    low = [each for each in coverages if coverage_at_least is not None and each.percent < coverage_at_least]
    passed = bool(rans) and not problems and all(ran.passed for ran in rans) and not low
    if json:
        as_json(_as_values(passed, rans, problems, coverages))
    else:
        _show(rans, problems, coverages)
        for each in low:
            say(f"{each.flow}: {each.percent} % is less than {coverage_at_least:g} %")
    if not passed:
        raise typer.Exit(NO)


def _tried(path: Path, wanted: set[str]) -> Tried:
    """The scenarios beside the flows at ``path``: all of a folder, those of one flow, or one scenario by itself.
    Coverage is told where all scenarios of a flow are run. Raises `FlowRefused`."""
    root = path if path.is_dir() else path.parent
    alone = path.is_file() and root.name == _FOLDER
    root = root.parent if alone else root
    shown = partial(_under, root)
    flow_set = check_files(read_folder(root), shown=shown)
    scenarios, problems = scenarios_in(flow_set, shown)
    if alone:
        scenarios = [each for each in scenarios if each.file == str(path)]
        problems = [each for each in problems if each.file == str(path)]
    elif path.is_file():
        flow = flow_set.flow_at(path.name)
        scenarios = [each for each in scenarios if flow and each.text.flow == flow.name]
        flow_set = FlowSet(flow_set.id, flow_set.files, {flow.name: flow} if flow else {}, flow_set.shared)
    if wanted:
        scenarios = [each for each in scenarios if each.name in wanted]
    rans = _run(flow_set, scenarios)
    return Tried(tuple(rans), tuple(problems), () if wanted or alone else covered(flow_set, rans))


def _run(flow_set: FlowSet, scenarios: list[Scenario]) -> list[Ran]:
    console = Console(stderr=True)
    columns = (MofNCompleteColumn(), TextColumn("scenarios"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        return list(progress.track(run_each(flow_set, scenarios), total=len(scenarios)))


def _under(root: Path, name: str) -> str:
    return str(root / name)


def _show(rans: list[Ran], problems: list[Problem], coverages: Iterable[Coverage]) -> None:
    for problem in problems:
        say(str(problem))
    for ran in rans:
        say(f"{'ok    ' if ran.passed else 'failed'}  {ran.scenario.file}")
        for miss in ran.misses:
            say(f"        {miss}")
    for each in coverages:
        say(f"{each.flow}: {each.percent} % of {counted(each.steps, 'step')} and {counted(each.exits, 'exit')} covered")
        for name in each.missing_steps:
            say(f"        no scenario comes to {name}")
        for name, place, target in each.missing_exits:
            say(f"        no scenario goes {in_words(name, place, target)}")
    failed = sum(not ran.passed for ran in rans)
    say(f"{counted(len(rans), 'scenario')} run, {failed or 'none'} failed, {counted(len(problems), 'problem')}")


def _as_values(passed: bool, rans: list[Ran], problems: list[Problem], coverages: list[Coverage]) -> dict[str, Any]:
    return {
        "passed": passed,
        "scenarios": [
            {
                "name": ran.scenario.name,
                "file": ran.scenario.file,
                "flow": ran.scenario.text.flow,
                "passed": ran.passed,
                "misses": ran.misses,
                "steps": ran.way,
            }
            for ran in rans
        ],
        "problems": problems,
        "coverage": [
            {
                "flow": each.flow,
                "percent": each.percent,
                "steps": each.steps,
                "exits": each.exits,
                "missing_steps": each.missing_steps,
                "missing_exits": [
                    {"step": name, "exit": ".".join(map(str, place)), "to": target}
                    for name, place, target in each.missing_exits
                ],
            }
            for each in coverages
        ],
    }
