"""The documents against the code: what they name exists, and what a user can turn or call is named in them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from router import cli, settings

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"
DOCUMENTS = [README, *sorted((PROJECT / "docs").glob("**/*.md"))]
TEXT = "\n".join(document.read_text("utf-8") for document in DOCUMENTS)

# What stands in code, fenced or inline: only there is `make run` a command and not English.
CODE = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", TEXT, flags=re.DOTALL))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Variables that the dialplan and the router share inside Asterisk look like settings and are none.
DIALPLAN = "\n".join(path.read_text("utf-8") for path in sorted((PROJECT / "asterisk_conf").glob("*.conf")))

# Not settings: where the file is, where tests keep what they download, and the word for any setting.
BESIDE_SETTINGS = {"THREADLINE_CONFIG", "THREADLINE_TEST_CACHE", "THREADLINE_NAME"}


def _commands(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the program that does something itself, as its words: `("flow", "check")`."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, (*path, name))
        elif not command.hidden:
            yield (*path, name)


PROGRAM = typer.main.get_command(cli.app)
assert isinstance(PROGRAM, TyperGroup)
COMMANDS = sorted(_commands(PROGRAM))
SETTINGS = sorted(settings.PREFIX + name.upper() for name in settings.Settings.model_fields)


def _help() -> dict[str, str]:
    """What `make` prints: each target with its help line."""
    shown = subprocess.run(["make", "-C", str(PROJECT)], capture_output=True, text=True, check=True, timeout=30).stdout
    return dict(re.findall(r"^ {2}([a-z-]+) +(\S.*)$", shown, flags=re.MULTILINE))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_is_documented(command: tuple[str, ...]) -> None:
    assert re.search(rf"\bthreadline {' '.join(command)}\b", CODE), f"no document shows threadline {' '.join(command)}"


@pytest.mark.parametrize("variable", SETTINGS)
def test_every_setting_is_documented(variable: str) -> None:
    assert re.search(rf"\b{variable}\b", TEXT), f"no document explains {variable}"


def test_every_setting_that_a_document_names_exists() -> None:
    asterisk = (PROJECT / "asterisk_conf" / "install").read_text("utf-8")
    named = set(re.findall(r"\bTHREADLINE_[A-Z0-9_]*[A-Z0-9]\b", TEXT + asterisk))
    unknown = sorted(
        name for name in named - set(SETTINGS) - BESIDE_SETTINGS if not re.search(rf"\b{name}\b", DIALPLAN)
    )
    assert not unknown, f"documents name settings that do not exist: {', '.join(unknown)}"


def test_every_command_that_a_document_names_exists() -> None:
    groups = {command[:1] for command in COMMANDS if len(command) > 1}
    for first, second in re.findall(r"\bthreadline ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", CODE):
        words = (first, second) if (first,) in groups and second else (first,)
        assert words in COMMANDS or words in groups, (
            f"a document names threadline {' '.join(words)}, which is no command"
        )


def test_every_make_target_that_a_document_names_has_a_help_line() -> None:
    targets = _help()
    named = set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", CODE))
    assert {"run", "test", "check"} <= named, "the README tells a newcomer make run, make test and make check"
    assert not named - targets.keys(), f"no such target, or without help: {sorted(named - targets.keys())}"


def test_make_alone_prints_every_target() -> None:
    phony = re.search(r"^\.PHONY: (help .*)$", (PROJECT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == _help().keys()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_link_to_a_file_resolves(document: Path) -> None:
    prose = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    for target in LINK.findall(prose):
        path = target.partition("#")[0]
        if path and not re.match(r"[a-z]+:", path):
            assert (document.parent / path).exists(), f"{document.name} links to {target}, which is not there"


def test_the_picture_of_the_structure_names_every_room() -> None:
    rooms = sorted(init.parent.name for init in (PROJECT / "router").glob("*/__init__.py"))
    pictures = "\n".join(re.findall(r"```.*?```", README.read_text("utf-8"), flags=re.DOTALL))
    absent = [room for room in rooms if not re.search(rf"(^|[\s/]){room}/", pictures)]
    assert not absent, f"the README's picture of the structure lacks {', '.join(absent)}"
