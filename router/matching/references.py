"""References as they are compared: one form for whatever way they are written, and what is one slip away.

A slip is a wrong, lost or added character, or two neighbours swapped (optimal string alignment distance 1). It is
found through an index of *neighbours*: a reference and all that is left of it when one character is taken away. Two
references that are one slip apart have a neighbour in common, so that a lookup is a handful of keys, whatever the
number of references (Garbe's symmetric delete spelling correction; Mor and Fraenkel, "A hash code method for detecting
and correcting spelling errors", CACM 1982). What was heard has more slips; it is found by the neighbours of its two
ends (`ends`), of which one has no more than a slip as a rule.
"""

from __future__ import annotations

import hashlib
import re

SHORTEST, LONGEST = 3, 32
"""Characters that a reference may have to be compared; others are only stored."""
SHORTEST_FUZZY, LONGEST_FUZZY = 5, 20
"""Characters a reference may have to be found with a slip: in a shorter one hardly anything would be left."""
LONGEST_ENDING = 4
END = 5
"""Characters at either end of a reference that it is found by, too, when it was heard."""
MOST_TEXT = 80
"""Characters looked at; longer is no reference."""

_BETWEEN = re.compile(r"[\s\-./_:#\u00ad\u2010-\u2015\u2212]+")
_KEY = re.compile(r"[0-9A-Z]+")
_ENDING = re.compile(r"[0-9]+$")


def normalise(text: str) -> str | None:
    """``text`` as it is compared: ASCII letters in capitals and digits, without spaces, hyphens, points and slashes.
    None for what is no reference.

    >>> normalise("ab-482 / 139")
    'AB482139'
    """
    if len(text) > MOST_TEXT:
        return None
    key = _BETWEEN.sub("", text).upper()
    return key if _KEY.fullmatch(key) and SHORTEST <= len(key) <= LONGEST else None


def neighbours(key: str) -> frozenset[int]:
    """The index keys of a normalised reference, 64-bit signed integers; none where it is too short or too long to be
    found with a slip."""
    if not SHORTEST_FUZZY <= len(key) <= LONGEST_FUZZY:
        return frozenset()
    return frozenset(map(index_key, {key, *(key[:place] + key[place + 1 :] for place in range(len(key)))}))


def ends(key: str, *, exactly: bool = False) -> frozenset[int]:
    """The index keys of a normalised reference by its ends, the first and the last `END` characters, and what is left
    of each when a character is taken away: so are found references with several slips of which one end has at most one.
    ``exactly``: only the ends themselves. None where `neighbours` has none."""
    if not SHORTEST_FUZZY <= len(key) <= LONGEST_FUZZY:
        return frozenset()
    found = set[str]()
    for side, end in (("<", key[:END]), (">", key[-END:])):
        found.add(side + end)
        if not exactly:
            found.update(side + end[:place] + end[place + 1 :] for place in range(len(end)))
    return frozenset(map(index_key, found))


def indexed(key: str) -> frozenset[int]:
    """All index keys that a live reference is kept under."""
    return neighbours(key) | ends(key)


def index_key(text: str) -> int:
    """The index key of a reference, or of what is left of one, see `neighbours`."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def one_slip_apart(one: str, other: str) -> bool:
    """Whether exactly one character differs, is lost or added, or two neighbours are swapped."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1 or one == other:
        return False
    place = next((n for n in range(len(one)) if one[n] != other[n]), len(one))
    if len(one) < len(other):
        return one[place:] == other[place + 1 :]
    if one[place + 1 :] == other[place + 1 :]:
        return True
    swapped = other[place + 1 : place + 2] + other[place : place + 1]
    return one[place : place + 2] == swapped and one[place + 2 :] == other[place + 2 :]


def ending(key: str, digits: int) -> str | None:
    """The last ``digits`` characters of a normalised reference; None where they are not all digits."""
    found = _ENDING.search(key)
    return key[-digits:] if found and len(found[0]) >= digits > 0 else None
