"""Where a character of a text stands in the YAML that the text was written in."""

from __future__ import annotations

import re
from functools import lru_cache

_LINES = re.compile(r"\r\n|\r|\n")


@lru_cache(maxsize=4)
def _lines(yaml_text: str) -> list[str]:
    """Kept for a moment: a text with one problem has many, as a rule."""
    return _LINES.split(yaml_text)


def within(yaml_text: str, place: tuple[int, int], offset: int, value: str) -> tuple[int, int]:
    """Line and column (from 1) of the character ``offset`` of ``value``, which begins at ``place``.

    Follows the text through quotes and folded lines. Where it is not written as it reads (``\\n`` in double quotes),
    the place of its beginning is given.
    """
    lines = _lines(yaml_text)
    line, column = place
    if not 0 < line <= len(lines):
        return place
    head = lines[line - 1][column - 1 :]
    quote = head[:1] if head[:1] in ("'", '"') else ""
    if quote:
        column += 1
    elif head[:1] in ("|", ">"):
        line, column = line + 1, 1
    at = 0
    while line <= len(lines):
        written = lines[line - 1]
        while column <= len(written):
            sign, wanted = written[column - 1], value[at : at + 1]
            if sign.isspace() and wanted and not wanted.isspace():
                column += 1
            elif sign == wanted or (sign.isspace() and wanted.isspace()):
                if at == offset:
                    return line, column
                at += 1
                if quote == "'" and sign == "'":
                    column += 1
                column += 1
            elif at >= len(value) or at == offset:
                return line, column
            else:
                return place
        if at == offset and at >= len(value):
            return line, column
        if value[at : at + 1].isspace():
            at += 1
        line, column = line + 1, 1
        if not quote and line <= len(lines) and not lines[line - 1].strip() and at >= len(value):
            break
    return place
