"""What is installed is exactly what was chosen: pinned with hashes, for every supported Python, without addresses."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from itertools import combinations
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PINS = sorted((PROJECT / "requirements").glob("*.txt"))
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
LOCK = json.loads((PROJECT / "package-lock.json").read_text("utf-8"))

# Public parts of a declared package that come as packages of their own, and what shares a name with one.
OPTIONAL = {"opentelemetry"}  # a name that several packages share; loaded only where traces are switched on
PARTS = {
    "googleapis-common-protos": "protobuf",
    "starlette": "fastapi",
    "pydantic-core": "pydantic",
    "markupsafe": "jinja2",
    "typing-extensions": "pydantic",
}
# Used by name or by presence, never by import: database drivers, uvicorn's loop and parser, form fields, time zones.
NAMED_ONLY = {"asyncpg", "httptools", "python-multipart", "tzdata", "uvloop"}


def _name(requirement: str) -> str:
    """The normalised name in a requirement such as `SQLAlchemy[asyncio]>=2` (PEP 503)."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def _pinned(path: Path) -> dict[str, set[str]]:
    """Each pinned requirement with its versions; markers may choose among several."""
    pinned: dict[str, set[str]] = {}
    for line in re.findall(r"^[A-Za-z].*==\S+", path.read_text("utf-8"), flags=re.MULTILINE):
        name, version = line.split("==")
        pinned.setdefault(_name(name), set()).add(version)
    return pinned


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_every_python_package_is_pinned_with_hashes_and_without_addresses(path: Path) -> None:
    for requirement in re.split(r"\n(?=\S)", path.read_text("utf-8").strip()):
        assert re.match(r"[A-Za-z0-9._-]+==\S+", requirement), f"not one exact version: {requirement[:80]}"
        assert "--hash=sha256:" in requirement, f"no hash: {requirement[:80]}"
    assert "://" not in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("file", "wanted"),
    [("run", DECLARED["project"]["dependencies"]), *DECLARED["dependency-groups"].items()],
    ids=["run", *DECLARED["dependency-groups"]],
)
def test_what_is_declared_is_pinned(file: str, wanted: list[str]) -> None:
    absent = {_name(entry) for entry in wanted} - _pinned(PROJECT / "requirements" / f"{file}.txt").keys()
    assert not absent, f"run make lock: requirements/{file}.txt lacks {', '.join(sorted(absent))}"


def _imported(folders: Iterable[str]) -> set[str]:
    """Names of the distributions that the Python files in these folders import."""
    modules = set()
    for path in (path for folder in folders for path in (PROJECT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    distributions = packages_distributions()
    outside = modules - sys.stdlib_module_names - {"router", "tests", "tools", "bench"} - OPTIONAL
    return {_name(each) for module in outside for each in distributions.get(module, [module])}


def test_what_the_router_imports_is_declared_and_the_other_way_round() -> None:
    declared = {_name(entry) for entry in DECLARED["project"]["dependencies"]}
    imported = _imported(["router"]) - PARTS.keys()
    assert not imported - declared, f"not declared in pyproject.toml: {sorted(imported - declared)}"
    assert not declared - imported - NAMED_ONLY, f"declared, yet not used: {sorted(declared - imported - NAMED_ONLY)}"


def test_what_the_tests_import_is_declared() -> None:
    groups = DECLARED["dependency-groups"]
    known = [*DECLARED["project"]["dependencies"], *groups["dev"], *groups["fuzz"]]
    declared = {_name(entry) for entry in known}
    undeclared = _imported(["tests", "tools", "bench"]) - PARTS.keys() - declared
    assert not undeclared, f"not declared in pyproject.toml: {sorted(undeclared)}"


@pytest.mark.parametrize(("one", "other"), list(combinations(PINS, 2)), ids=lambda path: path.stem)
def test_no_two_files_want_different_versions(one: Path, other: Path) -> None:
    first, second = _pinned(one), _pinned(other)
    shared = first.keys() & second.keys()
    assert {name: first[name] for name in shared} == {name: second[name] for name in shared}


def test_the_page_assets_are_pinned_with_hashes_and_without_addresses() -> None:
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert "integrity" in entry or entry.get("inBundle"), f"no hash: {name}"
        assert "resolved" not in entry, f"an address: {name}"
    declared = json.loads((PROJECT / "package.json").read_text("utf-8"))
    for kind in ("dependencies", "devDependencies"):
        assert LOCK["packages"][""].get(kind) == declared.get(kind), "run make lock: package-lock.json is behind"
