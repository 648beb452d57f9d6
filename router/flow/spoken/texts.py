"""Texts from outside, and digits and letters read out one by one."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from router.flow.spoken.manner import Manner, Unsayable

LONGEST_SPOKEN, LONGEST_WRITTEN = 120, 500
"""Characters of one value in a prompt and in a text message."""

_MARKUP = re.compile(r"<[^<>]*>|[<>{}]")


def cleaned(text: str, manner: Manner) -> str:
    """Text from outside, fit for a prompt: one line, no markup, no invisible characters, and not too long."""
    plain = _MARKUP.sub(" ", unicodedata.normalize("NFC", text))
    words = "".join(_visible(char) for char in plain).split()
    most = LONGEST_WRITTEN if manner.written else LONGEST_SPOKEN
    length, kept = -1, list[str]()
    for word in words:
        length += len(word) + 1
        if length > most:
            break
        kept.append(word)
    if words and not kept:
        raise Unsayable("is too long")
    return " ".join(kept)


def _visible(char: str) -> str:
    match unicodedata.category(char):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf" | "Cs" | "Co" | "Cn":
            return ""
        case _:
            return char


def digits(value: Any, manner: Manner) -> str:
    """One by one, in groups: pairs, the last of three where their number is odd. Letters are spelt, anything else parts
    groups."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unsayable("is neither text nor whole number")
    text = cleaned(str(value), manner)
    if manner.written:
        return text
    groups = [group for run in re.findall(r"\+|[^\W_]+", text) for group in _pairs(run)]
    if not groups or len(text) > LONGEST_SPOKEN // 2:
        raise Unsayable("has nothing to read out, or too much")
    return ", ".join(" ".join(_key(char, manner) for char in group) for group in groups)


def _pairs(run: str) -> list[str]:
    if len(run) <= 3:
        return [run]
    last = 3 if len(run) % 2 else 2
    pairs = [run[at : at + 2] for at in range(0, len(run) - last, 2)]
    return [*pairs, run[-last:]]


def _key(char: str, manner: Manner) -> str:
    if char in "Aa" and not manner.german:
        return "eigh"  # espeak-ng reads a single A as the article, and "ay" as an I
    return {"+": "plus"}.get(char, char.upper() if char.isascii() else char)
