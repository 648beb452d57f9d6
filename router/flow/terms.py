"""What a CEL expression names, what it works out to, and whether it proves who is calling.

The CEL library tells the roots of variables only (``offer``), so the paths (``offer.title``) are read from the text.
That errs on the safe side: what cannot be told counts as naming all below it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import cel

from router.flow.variables import Facts

STRING = (
    r"""(?:[bB]?[rR][bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')"""
    r"""|\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
)
"""Pattern of a quoted text of CEL, to be compiled with `re.DOTALL`."""
COMMENT = r"//[^\n]*"
_LITERAL = re.compile(f"{COMMENT}|{STRING}", re.DOTALL)
_PATH = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*|\s*\[\s*\0[\w ]+\0\s*\])*")
_PART = re.compile(r"\0([\w ]+)\0|([A-Za-z_]\w*)")
_PLAIN = re.compile(r"[a-z_]\w*(?:\.[A-Za-z_]\w*)*")
_KEYWORDS = frozenset({"true", "false", "null", "in"})
_LEVEL = re.compile(
    r"match\.assurance\s*(?:(?P<at>>=|==)\s*(?P<from>\d)|>\s*(?P<above>\d))"
    r"|(?:(?P<from2>\d)\s*(?P<at2><=|==)|(?P<above2>\d)\s*<)\s*match\.assurance"
)
_PROVED = 3


@lru_cache(maxsize=5_000)
def names(expression: str) -> frozenset[str]:
    """The variables that the expression names, such as ``offer.title`` or, where all of it is used, ``offer``. Empty
    for what is no expression."""
    try:
        roots = {root.removeprefix(".") for root in cel.compile(expression).variables()}
    except Exception:  # the library raises whatever its parser does
        return frozenset()
    text = _LITERAL.sub(_held, expression)
    found = [
        ".".join(name or key for key, name in _PART.findall(path))
        for path in _PATH.findall(text)
        if path not in _KEYWORDS
    ]
    known = {path for path in found if path.partition(".")[0] in roots}
    return frozenset(known | (roots - {path.partition(".")[0] for path in known}))


def _held(literal: re.Match[str]) -> str:
    """A quoted text as part of a path (``offer.facts["Unit price"]``); any other, such as one with escapes, ends it, so
    that all below counts as named."""
    inside = literal[0][1:-1]
    return f"\0{inside}\0" if re.fullmatch(r"[\w ]+", inside) and literal[0][0] in "'\"" else "\1"


def named_among(expression: str, paths: Collection[str]) -> str | None:
    """The first of ``paths`` of which the expression names a part or the whole, or None."""
    for name in sorted(names(expression)):
        for path in paths:
            if _overlap(name, path):
                return path
    return None


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def worked_out(expression: str, facts: Facts) -> Any:
    """What the expression gives; None where it cannot be worked out in this call."""
    if _PLAIN.fullmatch(expression):
        value: Any = facts
        for part in expression.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value
    try:
        return _program(expression).execute(dict(facts))
    except Exception:  # whatever the library raises, a caller hears the neutral way
        return None


@lru_cache(maxsize=2_000)
def _program(expression: str) -> cel.Program:
    return cel.compile(expression)


@lru_cache(maxsize=2_000)
def proves_caller(condition: str) -> bool:
    """Whether the condition holds only where the caller is proved (L3): ``match.assurance >= 3`` is all of it, or one
    of the parts that ``&&`` joins."""
    text = _LITERAL.sub(lambda literal: " " * len(literal[0]), condition).strip()
    depth, at, parts = 0, 0, list[str]()
    for place, char in enumerate(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(char, 0)
        if depth == 0 and (char == "?" or text.startswith("||", place)):
            return False
        if depth == 0 and text.startswith("&&", place):
            parts.append(text[at:place])
            at = place + 2
    if parts:
        return any(proves_caller(part) for part in (*parts, text[at:]))
    if text.startswith("(") and text.endswith(")") and _closes_last(text):
        return proves_caller(text[1:-1])
    found = _LEVEL.fullmatch(text)
    if found is None:
        return False
    above, least = found["above"] or found["above2"], found["from"] or found["from2"]
    return int(above) >= _PROVED - 1 if above else int(least) >= _PROVED


def _closes_last(text: str) -> bool:
    """Whether the bracket that the text begins with is closed by its last character."""
    depth = 0
    for place, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            return place == len(text) - 1
    return False
