"""Finds every regular expression of the house: those of the Python code as they are compiled, those of the scripts of
the pages as they are written."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import router

ROUTER = Path(router.__file__).parent
SCRIPTS = ROUTER / "web" / "src"
_SEARCHING = {"search", "finditer", "findall", "sub", "subn", "split"}
_LITERAL = re.compile(
    r"(?:[=(,:!&|?]|return)\s*/((?:[^/\\\n\[*]|\\.|\[(?:[^\]\\\n]|\\.)*\])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])*)/([a-z]*)"
)


class Found(NamedTuple):
    """A pattern, the file below ``router/`` that has it, and whether it is searched for in a text; else a text has
    to begin with it."""

    file: str
    pattern: str
    flags: int
    searched: bool


def of_python() -> set[Found]:
    """What the modules compile while they are imported, and what stands in calls such as `re.fullmatch("…", text)`."""
    sources = {path.relative_to(ROUTER).as_posix(): path.read_text() for path in sorted(ROUTER.rglob("*.py"))}
    used = {file: set(_uses(ast.parse(source))) for file, source in sources.items()}
    found = set()
    for file, names in _compiled(sources).items():
        for pattern, flags, name in names:
            ways = {way for each, way in used[file] if each == name}
            found.add(Found(file, pattern, flags, not ways or bool(ways & _SEARCHING)))
    for file, source in sources.items():
        for way, pattern in _in_calls(ast.parse(source)):
            found.add(Found(file, pattern, 0, way in _SEARCHING))
    return found


def of_scripts() -> set[Found]:
    """What stands between slashes in the pages' scripts. A browser's matcher goes back and forth as Python's does."""
    found = set()
    for path in sorted(SCRIPTS.rglob("*.js")):
        for pattern, letters in _LITERAL.findall(path.read_text()):
            python = re.sub(r"\\p\{\w+\}", r"\\W", pattern.replace("(?<", "(?P<").replace(r"\/", "/"))
            python = re.sub(r"\(\?P<([=!])", r"(?<\1", python)
            found.add(Found(path.relative_to(ROUTER).as_posix(), python, re.IGNORECASE if "i" in letters else 0, True))
    return found


def _compiled(sources: dict[str, str]) -> dict[str, list[tuple[str, int, str | None]]]:
    """Patterns with flags and the name they are given, by file: read off the modules themselves, since many are put
    together from others."""
    found: dict[str, list[tuple[str, int, str | None]]] = {file: [] for file in sources}
    for file in sources:
        name = "router." + file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        if ".migrations" in name:
            continue
        module = importlib.import_module(name)
        for attribute, value in vars(module).items():
            for pattern in _patterns_in(value):
                found[file].append((pattern.pattern, pattern.flags & ~re.DEBUG, attribute))
    return found


def _patterns_in(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _patterns_in(each)
    elif isinstance(value, dict):
        yield from _patterns_in(tuple(value.values()))


def _uses(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """``NAME.search`` and the like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr


def _in_calls(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re"), attr=way), args=[ast.Constant(value=str(pattern)), *_]
            ) if way != "escape":
                yield way, pattern


if __name__ == "__main__":
    for each in sorted(of_python() | of_scripts()):
        sys.stdout.write(f"{each}\n")
