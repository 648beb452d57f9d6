"""Read flows from files. The only part of `router.flow` that touches a disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from router.flow.check import check
from router.flow.model import Flow
from router.flow.problems import FlowRefused, Problem
from router.flow.source import MOST_CHARACTERS

SUFFIXES = (".yaml", ".yml")


def files(paths: Iterable[Path]) -> list[Path]:
    """The flow files meant by ``paths``: files as they are, folders by their YAML files. Raises `FlowRefused` for a
    path where there is nothing."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise FlowRefused([Problem(str(path), 1, 1, "no-file", "there is no such file or folder")])
    return found


def load_file(path: Path) -> Flow:
    """Read and check one file. Raises `FlowRefused`."""
    try:
        with path.open("rb") as file:
            raw = file.read(4 * MOST_CHARACTERS + 1)
        text = raw.decode()
    except OSError as error:
        raise FlowRefused([Problem(str(path), 1, 1, "unreadable", error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise FlowRefused([Problem(str(path), line, 1, "encoding", "is not UTF-8 text")]) from None
    return check(text, str(path))


def load(paths: Iterable[Path]) -> dict[str, Flow]:
    """All flows under ``paths`` by name. Raises `FlowRefused` with the problems of all files together."""
    flows: dict[str, Flow] = {}
    problems: list[Problem] = []
    for path in files(paths):
        try:
            flow = load_file(path)
        except FlowRefused as refused:
            problems += refused.problems
            continue
        if flow.name in flows:
            problems.append(Problem(str(path), 1, 1, "duplicate-flow", f"another file has a flow '{flow.name}'"))
        flows[flow.name] = flow
    if problems:
        raise FlowRefused(problems)
    return flows
