"""Read flows from files. The only part of `router.flow` that touches a disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from router.flow.files import MOST_FILES, Files, FlowSet, check_files, kind_of
from router.flow.model import Flow
from router.flow.problems import FlowRefused, Problem
from router.flow.source import MOST_CHARACTERS
from router.flow.surroundings import NOTHING_KNOWN, Surroundings

SUFFIXES = (".yaml", ".yml")
_FOLDERS = ("shared", "scenarios")


def read_folder(path: Path) -> Files:
    """The texts of the flow files in the folder ``path``, or of the one file ``path`` with what is shared beside it.

    Raises `FlowRefused` where there is nothing, and for what cannot be read.
    """
    texts, _, problems = _what_can_be_read(path)
    if problems:
        raise FlowRefused(problems)
    return texts


def _what_can_be_read(path: Path) -> tuple[Files, list[str], list[Problem]]:
    """The texts of the files, the paths of those that cannot be read, and why they cannot."""
    found, root = flow_files(path), root_of(path)
    if len(found) > MOST_FILES:
        raise FlowRefused([Problem(str(path), 1, 1, "too-many-files", f"a folder has at most {MOST_FILES} flow files")])
    texts: dict[str, str] = {}
    unread: list[str] = []
    problems: list[Problem] = []
    for file in found:
        name = file.relative_to(root).as_posix()
        try:
            if kind_of(name) is None:
                wrong = "the name of a file is made of letters, digits, - and _"
                raise FlowRefused([Problem(str(file), 1, 1, "file-name", wrong)])
            texts[name] = read_text(file)
        except FlowRefused as refused:
            unread.append(name)
            problems += refused.problems
    return texts, unread, problems


def root_of(path: Path) -> Path:
    """The folder that the paths of flow files begin in, where ``path`` is that folder or one flow in it."""
    return path.parent if path.is_file() else path


def flow_files(path: Path) -> list[Path]:
    """The files that `read_folder` reads. Raises `FlowRefused` where there is nothing."""
    try:
        if path.is_file():
            found = [path]
        elif path.is_dir():
            found = _yaml_in(path)
        else:
            raise FlowRefused([Problem(str(path), 1, 1, "no-file", "there is no such file or folder")])
        return found + [file for folder in _FOLDERS for file in _yaml_in(root_of(path) / folder)]
    except OSError as error:
        raise FlowRefused([Problem(str(path), 1, 1, "unreadable", error.strerror or "cannot be read")]) from None


def _yaml_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    # Editors and rsync put what they are about to write into hidden files beside the one it is for.
    found = (file for file in folder.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))
    return sorted(file for file in found if file.is_file())


def read_text(path: Path) -> str:
    """The text of one file. Raises `FlowRefused`."""
    try:
        with path.open("rb") as file:
            raw = file.read(4 * MOST_CHARACTERS + 1)
        return raw.decode()
    except OSError as error:
        raise FlowRefused([Problem(str(path), 1, 1, "unreadable", error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise FlowRefused([Problem(str(path), line, 1, "encoding", "is not UTF-8 text; save it as UTF-8")]) from None


def load_set(path: Path, around: Surroundings = NOTHING_KNOWN) -> FlowSet:
    """Read and check a folder of flows, or one flow with what is shared beside it. Raises `FlowRefused`; a file that
    cannot be read does not hide what is wrong with the others."""
    root = root_of(path)
    texts, unread, problems = _what_can_be_read(path)
    try:
        flow_set = check_files(texts, around, lambda name: str(root / name), unread)
    except FlowRefused as refused:
        raise FlowRefused([*problems, *refused.problems]) from None
    if problems:
        raise FlowRefused([*problems, *flow_set.warnings])
    return flow_set


def load_file(path: Path) -> Flow:
    """Read and check one flow, with those beside it where it goes on with one of them. Raises `FlowRefused`."""
    try:
        flow = load_set(path).flow_at(path.name)
    except FlowRefused as refused:
        if not path.is_file() or all(each.code != "missing-flow" for each in refused.problems):
            raise
        flow = load_set(path.parent).flow_at(path.name)
    if flow is None:
        raise FlowRefused([Problem(str(path), 1, 1, "no-flow", "is not a flow")])
    return flow


def load(paths: Iterable[Path]) -> dict[str, Flow]:
    """All flows under ``paths`` by name. Raises `FlowRefused` with the problems of all of them together."""
    flows: dict[str, Flow] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            found = load_set(path).flows
        except FlowRefused as refused:
            problems += refused.problems
            continue
        problems += [
            Problem(str(path), 1, 1, "duplicate-flow", f"another file has a flow '{name}'")
            for name in found
            if name in flows
        ]
        flows |= found
    if problems:
        raise FlowRefused(problems)
    return flows
