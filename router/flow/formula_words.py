"""What CEL's compiler says of a mistake, in the words of those who write flows, with the way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from router.flow.problems import nearest

FUNCTIONS = (
    "contains", "double", "duration", "endsWith", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
    "getFullYear", "getHours", "getMinutes", "getMonth", "getSeconds", "has", "int", "matches", "size", "startsWith",
    "string", "timestamp",
)  # fmt: skip
"""The functions that may be used, beside `all`, `exists`, `exists_one`, `filter` and `map` of lists."""


class Names(NamedTuple):
    """The variables there are: ``groups`` with their fields, and ``single`` ones."""

    groups: Mapping[str, Mapping[str, Any]]
    single: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        """The first word of every variable."""
        return (*self.groups, *self.single)


def in_words(text: str, offset: int, message: str, names: Names) -> tuple[int, str]:
    """The place of the mistake in the expression ``text``, from that which the compiler gave, and what to say."""
    for pattern, say in _SAYINGS:
        if found := pattern.fullmatch(message):
            return say(found, text, offset, names)
    return offset, f"cannot be understood: {message[:120]}"


def kind(type_: str) -> str:
    """A type of CEL in words."""
    name = type_.partition("<")[0].partition("(")[0].removeprefix("threadline.")
    return _KINDS.get(name.lower(), f"all of '{name}'")


_KINDS = {
    "int": "a whole number",
    "uint": "a whole number",
    "double": "a number",
    "string": "a text",
    "bool": "true or false",
    "list": "a list",
    "map": "a table",
    "null_type": "null",
    "null": "null",
    "bytes": "bytes",
    "type": "a type",
    "google.protobuf.timestamp": "a time",
    "timestamp": "a time",
    "google.protobuf.duration": "a duration",
    "duration": "a duration",
    "dyn": "anything",
}

_Found = re.Match[str]


def _undeclared(found: _Found, text: str, offset: int, names: Names) -> tuple[int, str]:
    name = found[1]
    head, _, last = name.rpartition(".")
    if text[offset : offset + 1] == "(":
        start = max(offset - len(name), 0)
        if name in (*FUNCTIONS, *_MACROS):
            return start, f"{name}() does not take this, or not so many values"
        return start, f"no function '{name}'{nearest(name, (*FUNCTIONS, *_MACROS))}"
    start = max(offset - len(head), 0) if head else offset
    first = name.partition(".")[0]
    hint = nearest(first, names.all())
    if not head and "did you mean" not in hint:
        hint = f"; if it is a text, put it in quotes: '{last}'"
    return start, f"no variable '{first}'{hint}"


def _no_field(found: _Found, text: str, offset: int, names: Names) -> tuple[int, str]:
    name, group = found[1], found[2]
    known = names.groups.get(group, {})
    what = _MISSING.get(group, f"'{group}' has no field")
    start = text.find(name, offset)
    return (offset if start < 0 else start), f"{what} '{name}'{nearest(name, known)}"


_MISSING = {"inputs": "no step collects", "vars": "no step notes", "visits": "no step"}


def _overload(found: _Found, text: str, offset: int, names: Names) -> tuple[int, str]:
    operator, kinds = found[1], _split(found[2])
    told = [kind(each) for each in kinds]
    if operator == "_[_]" and kinds[0].startswith("threadline."):
        group = kinds[0].removeprefix("threadline.")
        return offset, f"write {group}.NAME instead of {group}[…]"
    if operator == "_?_:_":
        if kinds[0] != "bool":
            return offset, f"what stands before '?' has to be true or false, and is {told[0]}"
        return offset, f"both values behind '?' have to be of one kind, and are {told[1]} and {told[2]}"
    sign = operator.strip("_@")
    if sign in ("&&", "||", "!"):
        wrong = next((each for each, raw in zip(told, kinds, strict=True) if raw != "bool"), told[0])
        return (
            offset,
            f"'{sign}' joins conditions, and one side is {wrong}"
            if sign != "!"
            else f"'!' is for true or false, and this is {wrong}",
        )
    if operator.startswith(("_", "@", "-")):
        both = " with ".join(told) if len(told) > 1 else f"with {told[0]}"
        verb = "compares" if sign in _COMPARE else "combines"
        if len(told) == 1:
            return offset, f"'{sign}' cannot be used {both}"
        return offset, f"'{sign}' {verb} values of different kinds: {both}{_way_out(kinds, sign)}"
    start = max(offset - len(operator), 0)
    given = ", ".join(told)
    return start, f"{operator}() cannot be used with {given}"


_COMPARE = ("==", "!=", "<", "<=", ">", ">=", "in")


def _way_out(kinds: list[str], sign: str) -> str:
    if set(kinds) == {"int", "string"} and sign != "in":
        return "; int(…) makes a number of a text, string(…) a text of a number"
    return ""


def _split(kinds: str) -> list[str]:
    """The types in ``int, list(string)``."""
    return re.findall(r"(?:[^,(]|\([^)]*\))+", kinds.replace(" ", ""))


def _operand(found: _Found, text: str, offset: int, names: Names) -> tuple[int, str]:
    return offset, f"{kind(found[1])} has no fields"


def _unknown_sign(found: _Found, text: str, offset: int, names: Names) -> tuple[int, str]:
    sign = found[1].strip()
    if sign.startswith("="):
        return offset, "'=' has no meaning here; compare with '=='"
    if sign[:1] in "'\"":
        return offset, "the text that begins here does not end: its closing quote is missing"
    if sign[:1] in "“”„‘’‚«»":
        return offset, f"{sign[:1]} is no quote that can be used; write ' instead"
    return offset, f"'{sign[:20]}' has no meaning here"


def _unexpected(found: _Found, text: str, offset: int, names: Names) -> tuple[int, str]:
    what = found[1]
    if what == "<EOF>":
        return offset, "ends too early: something is missing behind it" if text.strip() else "is empty"
    instead = {"and": "&&", "or": "||", "not": "!", "=": "=="}.get(what.casefold())
    if instead:
        return offset, f"'{what}' has no meaning here; write {instead}"
    return offset, f"'{what[:40]}' is not expected here"


def _missing(found: _Found, text: str, offset: int, names: Names) -> tuple[int, str]:
    return offset, f"'{found[1]}' is missing"


_MACROS = ("all", "exists", "exists_one", "filter", "map")
_Say = Callable[[_Found, str, int, Names], tuple[int, str]]
_SAYINGS: tuple[tuple[re.Pattern[str], _Say], ...] = (
    (re.compile(r"undeclared reference to '(.*)' \(in container ''\)"), _undeclared),
    (re.compile(r"undefined field '(.*)' not found in struct 'threadline\.(.*)'"), _no_field),
    (re.compile(r"found no matching overload for '(.*)' applied to '\((.*)\)'"), _overload),
    (re.compile(r"expression of type '(.*)' cannot be the operand of a select operation"), _operand),
    (re.compile(r"Syntax error: token recognition error at: '(.*?)'?"), _unknown_sign),
    (re.compile(r"Syntax error: (?:mismatched|extraneous) input '(.*)' expecting .*"), _unexpected),
    (re.compile(r"Syntax error: no viable alternative at input '(.*)'"), _unexpected),
    (re.compile(r"Syntax error: missing '(.*)' at .*"), _missing),
)
