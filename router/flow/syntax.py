"""Errors of YAML itself: in plain words, at the place where they are mended, and what else of the file can be read."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

_TOP = re.compile(r"([^\s#:\"'\[\]{},&*!|>%@`-][^:#]*):(?:\s|$)")


class Broken(NamedTuple):
    """An error of syntax: its place, counted from 1, what to say, and the line that the rest is to be read without."""

    line: int
    column: int
    message: str
    without: int


def broken(error: yaml.YAMLError, text: str) -> Broken:
    """What the YAML parser complains about."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Broken(1, 1, "cannot be read as YAML", 1)
    mark = error.problem_mark or error.context_mark
    begin = error.context_mark or mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    begun = (begin.line + 1, begin.column + 1) if begin else (1, 1)
    context, problem = error.context or "", error.problem or ""
    if "flow sequence" in context or "flow mapping" in context:
        opened, closed = ("[", "]") if "sequence" in context else ("{", "}")
        message = (
            f"the '{opened}' that is opened here is not closed: a '{closed}' or a ',' is missing before line {line}"
        )
        if line == begun[0]:
            message = f"a ',' or '{closed}' is missing between here and column {column}"
        return Broken(*begun, message, begun[0])
    if "quoted scalar" in context:
        if "end of stream" in problem or "document indicator" in problem:
            return Broken(*begun, "the quote that is opened here is not closed", begun[0])
        if "escape" in problem:
            return Broken(line, column, "'\\' has a meaning in double quotes; use single quotes, or write '\\\\'", line)
    return Broken(line, column, _in_words(problem, context, _character(text, line, column)), line)


def _in_words(problem: str, context: str, character: str) -> str:
    if "cannot start any token" in problem:
        if character == "\t":
            return "a tab stands here; indent with spaces"
        return f"text cannot begin with '{character}'; put it in quotes"
    for part, words in _WORDS.items():
        if part in problem:
            return words
    return f"{problem or context or 'cannot be read as YAML'}"


_WORDS = {
    "mapping values are not allowed": "a ':' too many, or lines not indented alike; text with ': ' in it needs quotes",
    "block sequence entries are not allowed": "a '-' of a list cannot stand here; give it a line of its own",
    "could not find expected ':'": "a ':' is missing behind this name, or a quote around text that goes on here",
    "did not find expected key": "is not indented as the lines above, or something is missing before it",
    "did not find expected '-' indicator": "is not indented as the list above it, or its '-' is missing",
    "did not find expected <document start>": "is not indented as the lines above, or something is missing before it",
    "found unexpected document indicator": "'---' cannot stand here",
    "unknown escape character": "'\\' has a meaning in double quotes; use single quotes, or write '\\\\'",
    "did not find expected alphabetic or numeric": "text cannot begin with '&' or '*'; put it in quotes",
    "undefined tag handle": "text cannot begin with '!'; put it in quotes",
    "did not find expected tag": "text cannot begin with '!'; put it in quotes",
    "did not find URI": "text cannot begin with '!'; put it in quotes",
    "did not find expected comment or line break": "behind '|' or '>' nothing may stand; begin the text below it",
    "did not find expected node content": "a value is missing here, or a bracket above is not closed",
    "found a tab character": "a tab stands here; indent with spaces",
    "directive": "text cannot begin with '%'; put it in quotes",
}


def _character(text: str, line: int, column: int) -> str:
    lines = re.split(r"\r\n|\r|\n", text)
    return lines[line - 1][column - 1 : column] if line <= len(lines) else ""


class Rest(NamedTuple):
    """A text with one part blanked out, and the part: a name in a section such as ``steps``, or a whole section."""

    text: str
    lost: tuple[str, ...]


def rest(text: str, line: int) -> Rest | None:
    """The text without the part that ``line`` (from 1) is in; None where there is no telling, or nothing else is left.

    Every other line stays where it is. Parts are told by their indentation alone.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    line = min(line, len(lines))
    top = next((at for at in range(line - 1, -1, -1) if _TOP.match(lines[at])), None)
    if top is None:
        return None
    found = _TOP.match(lines[top])
    end = next((at for at in range(top + 1, len(lines)) if _TOP.match(lines[at])), len(lines))
    section = found[1].rstrip() if found else ""
    indented = next((_indent(each) for each in lines[top + 1 : end] if _says_something(each)), 0)
    begins = [at for at in range(top + 1, end) if _says_something(lines[at]) and _indent(lines[at]) <= indented]
    item = max((at for at in begins if at < line), default=None)
    if item is None or not indented:
        return None if section == "steps" else _blanked(lines, top, end, (section,))
    after = next((at for at in begins if at > item), end)
    name = lines[item].strip().partition(":")[0].strip("\"' ")
    return _blanked(lines, item, after, (section, name))


def _blanked(lines: list[str], begin: int, end: int, lost: tuple[str, ...]) -> Rest | None:
    if not any(lines[begin:end]):
        return None
    return Rest("\n".join([*lines[:begin], *[""] * (end - begin), *lines[end:]]), lost)


def _indent(line: str) -> int:
    """Spaces at the beginning; a tab counts as deep, as it never begins a part."""
    bare = line.lstrip(" ")
    return 99 if bare.startswith("\t") else len(line) - len(bare)


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")
