"""YAML text to plain values, with the line and column of each.

Only what a flow needs is read: mappings, lists and scalars. Aliases, tags, several documents, deep nesting and big
files are refused while parsing, so that a hostile file costs nothing. ``no`` and ``on`` are text, and so is ``0123``:
PyYAML's own loader would read them as a boolean and as 83.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from router.flow.problems import FlowRefused, Problem

Path = tuple[str | int, ...]

MOST_CHARACTERS = 262_144
DEEPEST = 12

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,9}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(slots=True)
class Source:
    """Values as read, and where each stands: ``places`` has (line, column) by a value's path, ``keys`` of its key."""

    file: str
    data: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: Path, code: str, message: str, *, at_key: bool = False) -> Problem:
        """A problem at the nearest known place above ``path``."""
        for end in range(len(path), -1, -1):
            part = path[:end]
            place = self.keys.get(part) if at_key else self.places.get(part)
            place = place or self.places.get(part)
            if place:
                return Problem(self.file, *place, code, message)
        return Problem(self.file, 1, 1, code, message)


def read(text: str, file: str) -> Source:
    """Read one YAML document.

    Raises `FlowRefused` where nothing sensible can be read (syntax, aliases, tags, size, depth). Duplicate keys are
    added to ``problems`` and reading goes on.
    """
    if len(text) > MOST_CHARACTERS:
        raise FlowRefused([Problem(file, 1, 1, "too-large", f"a flow has at most {MOST_CHARACTERS} characters")])
    source = Source(file)
    try:
        _Reader(source).document(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise FlowRefused([Problem(file, line, column, "yaml", error.problem or "cannot be read as YAML")]) from None
    except yaml.YAMLError as error:
        raise FlowRefused([Problem(file, 1, 1, "yaml", f"cannot be read as YAML: {_first_line(error)}")]) from None
    return source


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]


class _Reader:
    """Builds values straight from the parser's events; there is no stage at which an alias could expand."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._events: Any = None

    def document(self, text: str) -> None:
        self._events = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        next(self._events)  # stream start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            self._refuse(event, "empty", "the file is empty")
        self._source.data = self._value((), next(self._events))
        next(self._events)  # document end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse(event, "several-documents", "a flow is one YAML document; take out the second '---'")

    def _value(self, path: Path, event: Any) -> Any:
        mark = event.start_mark
        self._source.places[path] = (mark.line + 1, mark.column + 1)
        if len(path) > DEEPEST:
            self._refuse(event, "too-deep", f"nested more than {DEEPEST} levels deep")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._refuse(event, "alias", "anchors and aliases (& and *) are not used in flows; write it out")
        if getattr(event, "tag", None):
            self._refuse(event, "tag", "tags (!) are not used in flows")
        match event:
            case yaml.ScalarEvent():
                return _scalar(event)
            case yaml.SequenceStartEvent():
                return self._sequence(path)
            case _:
                return self._mapping(path)

    def _sequence(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value((*path, len(values)), event))
        return values

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "key", "a name before ':' is plain text")
            key, place = event.value, (event.start_mark.line + 1, event.start_mark.column + 1)
            if key in values:
                first = self._source.keys[(*path, key)][0]
                message = f"'{key}' stands here a second time (first in line {first})"
                self._source.problems.append(Problem(self._source.file, *place, "duplicate-key", message))
            else:
                self._source.keys[(*path, key)] = place
            values[key] = self._value((*path, key), next(self._events))
        return values

    def _refuse(self, event: Any, code: str, message: str) -> None:
        mark = event.start_mark
        raise FlowRefused([Problem(self._source.file, mark.line + 1, mark.column + 1, code, message)])


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
