"""YAML text to plain values, with the line and column of each.

Only what a flow needs is read: mappings, lists and scalars. Aliases, tags, several documents, deep nesting, hidden
characters and big files are refused while parsing, so that a hostile file costs nothing. ``no`` and ``on`` are text,
and so is ``0123``: PyYAML's own loader would read them as a boolean and as 83.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from router.flow.places import within
from router.flow.problems import FlowRefused, Problem, short
from router.flow.syntax import broken, rest

Path = tuple[str | int, ...]

MOST_CHARACTERS = 262_144
MOST_VALUES = 50_000
DEEPEST = 12
MOST_PROBLEMS = 100
"""Problems of one file that are told; with more of them it is not a flow."""
MOST_SYNTAX_ERRORS = 8

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,9}")
_DOUBTFUL = re.compile(r"[-+]?(0[0-9_]+|0[oxb][0-9a-f_]+|[0-9]+_[0-9_]*|[0-9][0-9_]*(:[0-9]{1,2})+)(\.[0-9_]*)?", re.I)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\ud800-\udfff\ufff9-\uffff]"
)
"""A character that no text of a flow needs and nobody sees."""
_HIDDEN = re.compile(rf"{UNSEEN.pattern}|(?:(?<=[:-])|^ *)\u00a0", re.MULTILINE)


@dataclass(slots=True)
class Source:
    """Values as read, and where each stands: ``places`` has (line, column) by a value's path, ``keys`` of its key.
    ``lost`` are parts that could not be read, ``doubtful`` unquoted texts that other programs take for numbers."""

    file: str
    text: str = ""
    data: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    lost: set[Path] = field(default_factory=set)
    doubtful: dict[Path, str] = field(default_factory=dict)

    def problem(
        self,
        path: Path,
        code: str,
        message: str,
        *,
        at_key: bool = False,
        warning: bool = False,
        offset: int | None = None,
    ) -> Problem:
        """A problem at the nearest known place above ``path``; with ``offset``, so many characters into the text that
        stands there."""
        for end in range(len(path), -1, -1):
            part = path[:end]
            place = self.keys.get(part) if at_key else self.places.get(part)
            place = place or self.places.get(part)
            if place:
                if offset and part == path:
                    place = within(self.text, place, offset, self._value(path))
                return Problem(self.file, *place, code, message, warning)
        return Problem(self.file, 1, 1, code, message, warning)

    def _value(self, path: Path) -> str:
        value = self.data
        for part in path:
            value = value[part]
        return str(value)


def read(text: str, file: str) -> Source:
    """Read one YAML document.

    Raises `FlowRefused` where nothing sensible can be read. Mistakes that leave something to look at are added to
    ``problems``, and reading goes on: duplicate keys, aliases, tags, and errors of syntax within one step, prompt or
    the like, which is left out then (``lost``).
    """
    if len(text) > MOST_CHARACTERS:
        raise FlowRefused([Problem(file, 1, 1, "too-large", f"a flow has at most {MOST_CHARACTERS} characters")])
    text = text.removeprefix("\ufeff")
    if hidden := _hidden(text, file):
        raise FlowRefused(hidden)
    wrong: list[Problem] = []
    lost: set[Path] = set()
    shown = text
    while True:
        source = Source(file, shown)
        try:
            _Reader(source).document(text)
        except yaml.YAMLError as error:
            found = broken(error, text)
            wrong.append(Problem(file, found.line, found.column, "yaml", found.message))
            left = rest(text, found.without) if len(wrong) < MOST_SYNTAX_ERRORS else None
            if left is None:
                raise FlowRefused(wrong) from None
            text = left.text
            lost.add(left.lost)
        except FlowRefused as refused:
            raise FlowRefused(
                [*wrong, *(each for each in refused.problems if not wrong or each.code != "empty")]
            ) from None
        else:
            source.problems = [*wrong, *source.problems]
            source.lost |= lost
            return source


def _hidden(text: str, file: str) -> list[Problem]:
    problems = []
    for found in _HIDDEN.finditer(text):
        at = found.end() - 1
        line = len(re.findall(r"\r\n|\r|\n", text[:at])) + 1
        column = at - max(text.rfind("\n", 0, at), text.rfind("\r", 0, at))
        message = f"a character stands here that cannot be seen (U+{ord(text[at]):04X}); delete it"
        problems.append(Problem(file, line, column, "hidden-character", message))
        if len(problems) == 10:
            break
    return problems


class _Reader:
    """Builds values straight from the parser's events; there is no stage at which an alias could expand."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._events: Any = None
        self._values = 0

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
        self._values += 1
        if len(path) > DEEPEST:
            self._refuse(event, "too-deep", f"nested more than {DEEPEST} levels deep")
        if self._values > MOST_VALUES:
            self._refuse(event, "too-large", f"a flow has at most {MOST_VALUES} values")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._complain(event, "alias", "anchors and aliases (& and *) are not used in flows; write it out")
        if getattr(event, "tag", None):
            self._complain(event, "tag", "tags (!) are not used in flows; take it out, or put the text in quotes")
        match event:
            case yaml.AliasEvent():
                self._source.lost.add(path)
                return None
            case yaml.ScalarEvent():
                return self._scalar(path, event)
            case yaml.SequenceStartEvent():
                return self._sequence(path)
            case _:
                return self._mapping(path)

    def _scalar(self, path: Path, event: yaml.ScalarEvent) -> Any:
        value = _plain(event)
        if event.implicit[0] and isinstance(value, str) and _DOUBTFUL.fullmatch(value):
            self._source.doubtful[path] = value
        return value

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
            if event.anchor or event.tag:
                self._refuse(event, "key", "a name before ':' is plain text, without '&' and '!'")
            key, place = event.value, (event.start_mark.line + 1, event.start_mark.column + 1)
            if key in values:
                first = self._source.keys[(*path, key)][0]
                self._complain(
                    event, "duplicate-key", f"'{short(key)}' stands here a second time (first in line {first})"
                )
            else:
                self._source.keys[(*path, key)] = place
            values[key] = self._value((*path, key), next(self._events))
        return values

    def _complain(self, event: Any, code: str, message: str) -> None:
        mark = event.start_mark
        self._source.problems.append(Problem(self._source.file, mark.line + 1, mark.column + 1, code, message))
        if len(self._source.problems) >= MOST_PROBLEMS:
            raise FlowRefused(self._source.problems)

    def _refuse(self, event: Any, code: str, message: str) -> None:
        self._complain(event, code, message)
        raise FlowRefused(self._source.problems)


def _plain(event: yaml.ScalarEvent) -> Any:
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
