"""``threadline flow``: check flows, draw them, and print the schema for editors."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from router.cli import flow_releases, flow_replay, flow_test
from router.cli.output import NO, as_json, counted, say
from router.flow.drawing import svg
from router.flow.files import FileKind, check_files, kind_of
from router.flow.graph import mermaid
from router.flow.load import load_file, read_folder
from router.flow.model import FlowText
from router.flow.problems import FlowRefused, Problem

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
    json: Annotated[bool, typer.Option("--json", help="Problems as JSON, for scripts.")] = False,
) -> None:
    """Check flows and tell every problem with its line and column.

    Example: threadline flow check ivr_flows
    """
    problems: list[Problem] = []
    checked = 0
    try:
        for path in paths:
            files = read_folder(path)
            checked += sum(kind_of(name) is FileKind.FLOW for name in files)
            root = path.parent if path.is_file() else path
            try:
                problems += check_files(files, shown=partial(_under, root)).warnings
            except FlowRefused as refused:
                problems += refused.problems
    except FlowRefused as refused:
        problems += refused.problems
    if json:
        as_json(problems)
    else:
        for problem in problems:
            say(str(problem))
        say(f"{counted(checked, 'flow')} checked, {counted(len(problems), 'problem')}")
    if problems:
        raise typer.Exit(NO)


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
def schema() -> None:
    """Print the JSON Schema of flows, with which editors complete and check them.

    Example: threadline flow schema > flow.schema.json
    """
    as_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **FlowText.model_json_schema(by_alias=True)})
