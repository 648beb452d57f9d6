"""Names of people as they are looked for: word by word, however they were written."""

from __future__ import annotations

import re
import unicodedata

MOST_WORDS = 8
LONGEST_WORD = 40

_WORD = re.compile(r"[^\W_]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"})


def words_of(name: str | None) -> tuple[str, ...]:
    """The words of a name in small letters without accents, each once. A word with umlauts is two: as it is written
    without them (Mueller), and with the plain letter (Muller).

    >>> words_of("Zoë Müller-Lüdenscheidt")
    ('zoe', 'mueller', 'muller', 'luedenscheidt', 'ludenscheidt')
    """
    found: dict[str, None] = {}
    for word in _words(name or ""):
        for spelling in (_plain(word.translate(_UMLAUTS)), _plain(word)):
            if spelling:
                found[spelling[:LONGEST_WORD]] = None
    return tuple(found)


def looked_for(name: str) -> tuple[str, ...]:
    """The words that are looked for, one spelling each, the longest first.

    >>> looked_for("J. Müller")
    ('mueller', 'j')
    """
    words = {_plain(word.translate(_UMLAUTS))[:LONGEST_WORD] for word in _words(name)}
    return tuple(sorted(words - {""}, key=lambda word: (-len(word), word)))


def _words(name: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", name).casefold())[:MOST_WORDS]


def _plain(word: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
