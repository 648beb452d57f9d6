"""A number in words, as it is read back to whoever said it."""

from __future__ import annotations

_GROUP = 3


def read_back(number: str, language: str) -> str:
    """``number`` (capitals and digits) to be said slowly, character by character, with pauses between groups.

    >>> read_back("4821390", "de")
    '4 8 2, 1 3 9, 0'
    """
    groups = [number[start : start + _GROUP] for start in range(0, len(number), _GROUP)]
    return ", ".join(" ".join(group) for group in groups)
