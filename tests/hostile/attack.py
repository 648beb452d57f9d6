"""Strings that a backtracking matcher could take for ever on, made from the pattern itself.

Run as a program it reads JSON lines ``{"place", "pattern", "flags", "longest", "searched"}`` and answers with a line
for each pattern on which the matcher had to be stopped: in a process of its own, so that what hangs hangs nobody else.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

# Python's own reading of patterns, which it does not describe by types.
c: Any = import_module("re._constants")
_parser: Any = import_module("re._parser")

PUMPED = 20
"""A repeat that may go on beyond this is worth an attack."""
ENDINGS = ("\0", "!", "x", "\n")
"""What may come behind, so that the match fails at the very end."""
SECONDS = 1.0
"""Of processor time for one pattern on one string: a matcher whose time grows with the text needs a hundredth of it."""


class Stopped(Exception):
    """The matcher took too long."""


def attacks(pattern: str, flags: int, longest: int) -> Iterator[str]:
    """The strings to try on one pattern, each of about ``longest`` characters, the likeliest first."""
    tree = _parser.parse(pattern, flags)
    seen = set()
    for before, pump in _pumps(list(tree), [""]):
        times = max(1, (longest - len(before)) // max(1, len(pump)))
        for ending in ENDINGS:
            text = before + pump * times + ending
            if text not in seen:
                seen.add(text)
                yield text


def _pumps(nodes: list[Any], before: list[str]) -> Iterator[tuple[str, str]]:
    """What stands before each long repeat of a pattern, and what it repeats."""
    prefix = "".join(before)
    for number, (op, value) in enumerate(nodes):
        match op:
            case c.MAX_REPEAT | c.MIN_REPEAT | c.POSSESSIVE_REPEAT:
                _, most, body = value
                if most is c.MAXREPEAT or most > PUMPED:
                    for sample in _samples(list(body), several=True):
                        if sample:
                            yield prefix, sample
                            yield "", sample
                            rest = _sample(nodes[number + 1 :])
                            if rest:  # as long as what comes next may be taken for the repeat itself
                                yield prefix, sample + rest
                yield from _pumps(list(body), [prefix])
            case c.SUBPATTERN:
                yield from _pumps(list(value[3]), [prefix])
            case c.BRANCH:
                for way in value[1]:
                    yield from _pumps(list(way), [prefix])
            case c.ASSERT | c.ASSERT_NOT:
                yield from _pumps(list(value[1]), [prefix])
            case c.ATOMIC_GROUP:
                yield from _pumps(list(value), [prefix])
        prefix += _sample([(op, value)])


def _sample(nodes: list[Any]) -> str:
    return next(iter(_samples(nodes, several=False)), "")


def _samples(nodes: list[Any], *, several: bool) -> list[str]:
    """Strings that the nodes match; with ``several`` one for each way and kind of character."""
    found = [""]
    for op, value in nodes:
        ways = _ways(op, value, several)
        found = [left + right for left in found for right in ways][: 12 if several else 1]
    return found


def _ways(op: Any, value: Any, several: bool) -> list[str]:
    match op:
        case c.LITERAL:
            return [chr(value)]
        case c.NOT_LITERAL:
            return ["a" if value != ord("a") else "b"]
        case c.ANY:
            return ["a", "0", " "] if several else ["a"]
        case c.IN:
            characters = _characters(value)
            return characters if several else characters[:1]
        case c.MAX_REPEAT | c.MIN_REPEAT | c.POSSESSIVE_REPEAT:
            least, most, body = value
            ways = _samples(list(body), several=several)
            ways = [way * max(1 if most else 0, least) for way in ways]
            return [*ways, ""] if several and not least else ways
        case c.SUBPATTERN:
            return _samples(list(value[3]), several=several)
        case c.ATOMIC_GROUP:
            return _samples(list(value), several=several)
        case c.BRANCH:
            ways = [way for branch in value[1] for way in _samples(list(branch), several=several)]
            return ways if several else ways[:1]
        case _:
            return [""]


_PROBES = "a0A _-.,:;/\\'\"|*+@#&<>(){}[]\t\n\r\0\u00e4\u00df\u2028\ud800"


def _characters(items: list[Any]) -> list[str]:
    """One character for each part of a class."""
    if any(op not in (c.LITERAL, c.RANGE, c.CATEGORY, c.NEGATE) for op, _ in items):
        return ["a"]
    one = re.compile(_written(items))
    return [char for char in _PROBES if one.fullmatch(char)][:6] or ["a"]


def _written(items: list[Any]) -> str:
    names = {
        c.CATEGORY_DIGIT: r"\d", c.CATEGORY_NOT_DIGIT: r"\D", c.CATEGORY_SPACE: r"\s", c.CATEGORY_NOT_SPACE: r"\S",
        c.CATEGORY_WORD: r"\w", c.CATEGORY_NOT_WORD: r"\W",
    }  # fmt: skip
    inside, negated = "", ""
    for op, value in items:
        if op is c.NEGATE:
            negated = "^"
        elif op is c.LITERAL:
            inside += re.escape(chr(value))
        elif op is c.RANGE:
            inside += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        else:
            inside += names[value]
    return f"[{negated}{inside}]"


def attack(pattern: str, flags: int, longest: int, *, searched: bool) -> None:
    """Try one pattern. Raises `Stopped` with the string that the matcher took too long on."""
    compiled = re.compile(pattern, flags)
    uses = (compiled.search, compiled.fullmatch) if searched else (compiled.fullmatch, compiled.match)
    for size in (40, longest):  # what grows without measure shows on a short one; the long one is for the rest
        for text in attacks(pattern, flags, size):
            for use in uses:
                signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
                try:
                    use(text)
                except Stopped:
                    raise Stopped(f"{use.__name__} in {len(text)} characters {text[:40]!r}…{text[-8:]!r}") from None
                finally:
                    signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _stop(*_: object) -> None:
    raise Stopped


def main() -> None:
    """Answer on standard output."""
    signal.signal(signal.SIGVTALRM, _stop)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            attack(asked["pattern"], asked["flags"], asked["longest"], searched=asked["searched"])
        except Stopped as stopped:
            print(
                json.dumps({"place": asked["place"], "pattern": asked["pattern"], "stopped": str(stopped)}), flush=True
            )


if __name__ == "__main__":
    main()
