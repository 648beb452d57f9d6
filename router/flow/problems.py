"""What is wrong with a flow, said so that an admin finds the place and knows what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

MOST_SHOWN = 60
"""Characters of what an admin has written that a message repeats."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. ``line`` and ``column`` count from 1; ``code`` is a stable name such as ``unknown-field``. A
    ``warning`` is told, but a flow with it runs."""

    file: str
    line: int
    column: int
    code: str
    message: str
    warning: bool = False

    def __str__(self) -> str:
        mark = " (warning)" if self.warning else ""
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}{mark}"


class FlowRefused(Exception):
    """A flow that cannot be used; carries every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


def nearest(name: str, valid: Iterable[str]) -> str:
    """A hint like ``; did you mean 'x'?`` for a misspelt name, or the valid ones where none is near."""
    return _nearest(name[:MOST_SHOWN], frozenset(valid))


@lru_cache(maxsize=1_000)
def _nearest(name: str, valid: frozenset[str]) -> str:
    known = sorted(valid)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    if not known or len(known) > 20:
        return ""
    return f"; there is: {', '.join(known)}"


def short(text: str) -> str:
    """What somebody has written, short enough for a message."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
