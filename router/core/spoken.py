"""Single digits as people say or type them, in German and English."""

from __future__ import annotations

_WORDS = {
    "null": "0", "zero": "0", "oh": "0",
    "eins": "1", "ein": "1", "one": "1",
    "zwei": "2", "zwo": "2", "two": "2",
    "drei": "3", "three": "3",
    "vier": "4", "four": "4",
    "fünf": "5", "fuenf": "5", "five": "5",
    "sechs": "6", "six": "6",
    "sieben": "7", "seven": "7",
    "acht": "8", "eight": "8",
    "neun": "9", "nine": "9",
    "stern": "*", "star": "*",
}  # fmt: skip


def digits_said(text: str) -> str:
    """The digits in ``text``, in order: figures, and the words for single digits; other words count for nothing.

    >>> digits_said("vier acht zwei, 139 null")
    '4821390'
    """
    parts = "".join(char if char.isalnum() or char == "*" else " " for char in text[:500].casefold()).split()
    return "".join(part if _is_digits(part) else _WORDS.get(part, "") for part in parts)


def _is_digits(part: str) -> bool:
    return all(char in "0123456789*" for char in part)
