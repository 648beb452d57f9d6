"""One file or folder per mistake an admin can make, with the exact problems; the wording is frozen in `problems.txt`.

A folder is a set of flows; its ``around.json`` has what the set is checked against. After a knowing change of wording:
``python -m tests.flow.test_broken_flows`` writes the file anew; read its diff.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from router.core.abilities import Ability
from router.flow.files import check_files
from router.flow.load import load_set
from router.flow.nodes import AnyStep
from router.flow.nodes.base import Step
from router.flow.problems import CODES, FlowRefused, Problem
from router.flow.surroundings import NOTHING_KNOWN, Surroundings

FOLDER = Path(__file__).parents[1] / "broken_flows"
FROZEN = FOLDER / "problems.txt"
CASES = sorted(path for path in FOLDER.iterdir() if path.is_dir() or path.suffix == ".yaml")
STEPS: dict[str, type[Step]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in get_args(get_args(AnyStep)[0])
}
TESTED_ELSEWHERE = {"too-large", "too-many-files", "unreadable", "no-file", "no-flow", "flow-needed"}
"""Codes of what no small file shows."""


def around(case: Path) -> Surroundings:
    file = case / "around.json"
    if not file.exists():
        return NOTHING_KNOWN
    known = json.loads(file.read_text())
    recordings = known.get("recordings")
    return Surroundings(
        queues=known.get("queues"),
        webhooks=known.get("webhooks"),
        texts=known.get("texts"),
        recordings=None if recordings is None else {(language, name) for language, name in recordings},
        channels={name: [Ability(each) for each in able] for name, able in known.get("channels", {}).items()},
    )


def found(case: Path) -> tuple[Problem, ...]:
    try:
        return load_set(case, around(case)).warnings
    except FlowRefused as refused:
        return refused.problems


def problems(case: Path) -> list[str]:
    return [str(problem).replace(f"{FOLDER}/", "") for problem in found(case)]


def frozen() -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for line in FROZEN.read_text().splitlines():
        lines.setdefault(re.split("[:/]", line, maxsplit=1)[0], []).append(line)
    return lines


def codes() -> set[str]:
    return {line.split(": ", 1)[1].split(" ", 1)[0] for lines in frozen().values() for line in lines}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_all_problems_are_named_with_their_places(case: Path) -> None:
    assert problems(case) == frozen()[case.name]


def test_nothing_is_frozen_that_is_not_tested() -> None:
    assert set(frozen()) == {case.name for case in CASES}


def test_every_code_of_a_problem_has_a_broken_example() -> None:
    assert codes() | TESTED_ELSEWHERE == set(CODES)


def test_every_place_lies_within_its_file() -> None:
    for case in CASES:
        for problem in found(case):
            text = Path(problem.file).read_bytes().decode("utf-8-sig", "replace")
            lines = re.split(r"\r\n|\r|\n", text)
            assert problem.line <= len(lines), problem
            assert problem.column <= len(lines[problem.line - 1]) + 1, problem


@pytest.mark.parametrize("name", STEPS)
def test_every_type_of_step_has_a_broken_example(name: str) -> None:
    """One with a mistake of its own: its place lies within such a step."""
    for case in CASES:
        for problem in found(case):
            if _type_at(Path(problem.file), problem.line) == name:
                return
    pytest.fail(f"no broken flow has a mistake in a step of the type {name}")


def _type_at(file: Path, line: int) -> str | None:
    """The type of the step that begins last before the line, or in it."""
    try:
        document = yaml.compose(file.read_text("utf-8-sig"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    found = None
    for key, steps in document.value if isinstance(document, yaml.MappingNode) else ():
        for name, step in steps.value if key.value == "steps" and isinstance(steps, yaml.MappingNode) else ():
            if name.start_mark.line < line and isinstance(step, yaml.MappingNode):
                found = next((each.value for field, each in step.value if field.value == "type"), None)
    return found


if __name__ == "__main__":
    FROZEN.write_text("".join(f"{line}\n" for case in CASES for line in problems(case)))


def test_steps_behind_a_person_of_the_flows_own_are_reached() -> None:
    flow = """
version: 1
name: small
languages: [de]
start: ask
steps:
  ask: {type: collect, text: {de: Nummer?}, into: number, next: human}
  human: {type: say, text: {de: Wir verbinden Sie.}, next: connect}
  connect: {type: transfer, queue: sales}
"""
    assert check_files({"small.yaml": flow}).warnings == ()
