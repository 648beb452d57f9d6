"""The words and figures of what a recogniser wrote, and what stands between them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

MOST_TEXT = 500
"""Characters looked at."""
MOST_TOKENS = 80
"""Words and figures looked at: more than anybody says around a number of 20 characters."""

_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+(?:['’][^\W\d_]+)*")
_LONG_FORMS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "'": None, "’": None, "-": None})
_ORDINAL = frozenset({"st", "nd", "rd", "th", "te", "ter", "tes"})


class Gap(Enum):
    """What stands before a token: nothing, a hyphen, a space, or more (a comma, a full stop)."""

    NONE = 0
    HYPHEN = 1
    SPACE = 2
    PAUSE = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A word, `plain`, or figures. ``written`` is the word as it was written."""

    text: str
    gap: Gap
    written: str

    @property
    def figures(self) -> bool:
        """Whether it is written in figures."""
        return self.text[0] in "0123456789"


def plain(word: str) -> str:
    """A word as it is compared: small, ``ä ö ü ß`` written out, without apostrophes and hyphens."""
    return word.casefold().translate(_LONG_FORMS)


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of ``text``, of bounded number; signs are none, nor the ending of an ordinal ("7th")."""
    text = unicodedata.normalize("NFC", text[:MOST_TEXT])
    found: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        gap = _gap(text[end : match.start()]) if found else Gap.PAUSE
        end, written = match.end(), match.group()
        if gap is Gap.NONE and found[-1].figures and written in _ORDINAL:
            continue
        found.append(Token(plain(written), gap, written))
        if len(found) == MOST_TOKENS:
            break
    return tuple(found)


def _gap(between: str) -> Gap:
    if not between:
        return Gap.NONE
    if between in ("-", "‐", "‑", "–"):
        return Gap.HYPHEN
    return Gap.SPACE if between.isspace() else Gap.PAUSE
