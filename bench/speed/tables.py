"""Tables in Markdown, to be read in a terminal and pasted into docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is text, the others are figures."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    sign = [" " + "-" * widths[0] + " ", *(" " + "-" * (width - 1) + ": " for width in widths[1:])]
    lines = [_line(head, widths), "|" + "|".join(sign) + "|", *(_line(row, widths) for row in rows)]
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return f"| {' | '.join(cells)} |"
