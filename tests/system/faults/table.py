"""What `make faults` prints: for each fault what people met, what was lost, and how long it took."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass

LONG = os.environ.get("FAULTS") == "long"
"""Whether faults are injected more often and last for longer, as in `make faults`."""

HEAD = ("fault", "the caller hears", "the agent sees", "lost", "normal again")


def often(short: int, long: int) -> int:
    """How often to repeat something: ``short`` in `make test`, ``long`` in `make faults`."""
    return long if LONG else short


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, in the words of the table."""

    fault: str
    caller: str
    agent: str
    lost: str
    normal: str


def lines(rows: Sequence[Row]) -> list[str]:
    """The table in Markdown."""
    return [_line(HEAD), _line(["---"] * len(HEAD)), *(_line(astuple(row)) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
