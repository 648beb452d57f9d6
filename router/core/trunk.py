"""The name of the line or account that a call came in on, for the limits on wrong codes."""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_TRUNK = 80
_HARMLESS = re.compile(r"[^A-Za-z0-9/_.:-]")
_NUMBER = re.compile(r"[0-9]{6,}")


@lru_cache(maxsize=256)  # asked for with each call, and there are few lines
def trunk_name(name: str) -> str | None:
    """``name`` as far as it may be kept: letters, digits and ``/_.:-``, at most `LONGEST_TRUNK` characters; None where
    nothing is left of it. Six digits in a row might be somebody's number and become ``#``."""
    kept = _NUMBER.sub("#", _HARMLESS.sub("", name))[:LONGEST_TRUNK]
    return kept or None
