"""``threadline flow``: check flows, draw them, and print the schema for editors."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from router.channels.abilities import ABILITIES
from router.channels.surroundings import known_beforehand
from router.cli import flow_releases, flow_replay, flow_test
from router.cli.output import NO, WRONG_USE, as_json, counted, fail, say
from router.engine.scenario_set import scenarios_in
from router.flow.drawing import svg
from router.flow.graph import mermaid
from router.flow.load import flow_files, load_file, load_set, root_of
from router.flow.problems import FlowRefused, Problem
from router.flow.schema import schema as schema_of
from router.flow.surroundings import Surroundings
from router.settings import Settings, SettingsRefused
from router.settings import load as load_settings

app = typer.Typer(help="Check, try, draw and release IVR flows.", no_args_is_help=True)
app.command()(flow_test.test)
app.command()(flow_replay.replay)
app.command()(flow_releases.history)
app.command()(flow_releases.publish)
app.command()(flow_releases.rollback)
app.command()(flow_releases.diff)
app.command()(flow_releases.export)
app.command("import")(flow_releases.import_)


class GraphForm(StrEnum):
    """What ``flow graph`` prints."""

    MERMAID = "mermaid"
    SVG = "svg"


Paths = Annotated[list[Path], typer.Argument(help="Flow files, or folders of them.")]


@app.command()
def check(
    paths: Paths,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", help="A channel that the flows are to run on; can be given repeatedly."),
    ] = None,
    recordings: Annotated[Path | None, typer.Option(help="Folder of recorded prompts: LANGUAGE/NAME.wav.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Say no for warnings, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Problems as JSON, for scripts.")] = False,
) -> None:
    """Check flows, shared pieces and scenarios, and tell every problem with its line and column.

    Settings count where there are some: queues, recordings and channels that they name.

    Example: threadline flow check ivr_flows --channel asterisk --channel twilio
    """
    for name in channel or ():
        if name not in ABILITIES:
            fail(f"there is no channel '{name}'; there is: {', '.join(ABILITIES)}", WRONG_USE)
    around = known_beforehand(_settings(), channel or (), recordings)
    problems = list(dict.fromkeys(problem for path in paths for problem in _problems(path, around)))
    bad = [problem for problem in problems if strict or not problem.warning]
    if json:
        as_json(problems)
    else:
        for problem in problems:
            say(str(problem))
        say(f"{counted(sum(map(_flows_at, paths)), 'flow')} checked, {_told(problems)}")
    if bad:
        raise typer.Exit(NO)


def _settings() -> Settings | None:
    """Flows can be checked where nothing is set up, or not rightly: `doctor` tells about that."""
    try:
        return load_settings()
    except SettingsRefused:
        return None


def _problems(path: Path, around: Surroundings) -> Sequence[Problem]:
    """What is wrong at ``path``: with a folder, or with one file and what is shared with it."""
    if path.is_dir():
        nothing = Problem(str(path), 1, 1, "no-file", "there is no flow in this folder")
        return _found(path, around) if _flows_at(path) else [nothing, *_found(path, around)]
    found = [each for each in _found(path, around) if each.code != "unused"]
    if any(each.code == "missing-flow" for each in found):  # it goes on with another flow beside it
        beside = (str(path), str(path.parent / "shared"))
        return [each for each in _found(path.parent, around) if each.file.startswith(beside)]
    return found


def _found(path: Path, around: Surroundings) -> Sequence[Problem]:
    try:
        flow_set = load_set(path, around)
    except FlowRefused as refused:
        return refused.problems
    shown = partial(_under, path)
    return (*flow_set.warnings, *(scenarios_in(flow_set, shown)[1] if path.is_dir() else ()))


def _flows_at(path: Path) -> int:
    try:
        return sum(file.parent == root_of(path) for file in flow_files(path))
    except FlowRefused:
        return 0


def _told(problems: Sequence[Problem]) -> str:
    warnings = sum(problem.warning for problem in problems)
    told = counted(len(problems) - warnings, "problem")
    return f"{told}, {counted(warnings, 'warning')}" if warnings else told


def _under(root: Path, name: str) -> str:
    return str(root / name)


@app.command()
def graph(
    path: Annotated[Path, typer.Argument(help="A flow file.")],
    form: Annotated[GraphForm, typer.Option("--format", help="Text for Mermaid, or a picture.")] = GraphForm.MERMAID,
) -> None:
    """Print the flow as a graph: text for Mermaid, or a picture in SVG.

    Example: threadline flow graph ivr_flows/hotline.yaml --format svg > hotline.svg
    """
    flow = load_file(path)
    say(mermaid(flow) if form is GraphForm.MERMAID else svg(flow, standalone=True).rstrip())


@app.command()
def schema(
    shared: Annotated[bool, typer.Option("--shared", help="Of the files under shared/ instead.")] = False,
) -> None:
    """Print the JSON Schema of flows, with which editors complete and check them.

    Example: threadline flow schema > flow.schema.json
    """
    as_json(schema_of("shared" if shared else "flow"))
