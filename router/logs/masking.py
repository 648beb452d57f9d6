"""The last line of defence: what looks like a telephone number, a code, an e-mail address or a secret does not get into
the log, whoever tried to write it. Rooms leave such things out themselves; this is for the day when one does not.

Ids and times stay readable: they are told by their names, or by how they look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "***"
LONGEST: Final = 2_000
"""Characters of one value."""
_DEEPEST: Final = 4

IDS: Final = frozenset(
    "call call_id uniqueid sid request incident person callback recording text id card payment reservation worker "
    "task logger where file address host trace span version".split()
)
"""Names whose values are ids, made by us or by a channel, or places in the code."""

# Six digits or more, with what people write between them. What stands in a longer word, such as an id, does not count,
# nor does a date or Asterisk's uniqueid. Each character can be read in one way only, so that no text takes long.
_NUMBER: Final = re.compile(
    r"(?<![\w.-])(?!\d{4}-\d\d-\d\d)(?!\d{10}\.\d)[+(]?\d(?:[ ()/-]{0,2}\d){5,40}(?![\w-]|\.\d|:\d)"
)
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_SECRET: Final = re.compile(r"(?:whsec_|tl_|Bearer |Basic )[\w+/=.~-]{8,}|(?<=://)[^\s/@:]{1,100}:[^\s/@]{1,200}(?=@)")
_COLOURS: Final = re.compile(r"(?:\x1b\[|\x9b)[0-9;?]{0,20}([A-Za-z])")
"""Commands to a terminal: the letter at the end would make a word of a number behind it."""
_SUSPICIOUS: Final = re.compile(
    r"\d[ ()/-]{0,2}\d[ ()/-]{0,2}\d[ ()/-]{0,2}\d[ ()/-]{0,2}\d|@|whsec_|tl_|Bearer |Basic "
)


def masked(text: str) -> str:
    """The text without what must not be logged."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    if _SUSPICIOUS.search(text) is None:
        return text
    text = _COLOURS.sub(r"\1 ", text)
    return _NUMBER.sub(HIDDEN, _MAIL.sub(HIDDEN, _SECRET.sub(HIDDEN, text)))


def masked_value(value: Any, depth: int = 0) -> Any:
    """The same for anything that a line may hold; what is neither text, number nor made of these is told as text."""
    if isinstance(value, str):
        return masked(value)
    if value is None or isinstance(value, int | float):
        return value
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {str(key): each if key in IDS else masked_value(each, depth + 1) for key, each in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [masked_value(each, depth + 1) for each in value]
    return masked(str(value))
