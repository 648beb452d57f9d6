"""How urgent a caller is, as it is written in flows and queues."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

MOST_PRIORITY = 100
_ODD_NUMBER = re.compile(r"[0-9][0-9A-Za-z_.]*")


def _in_range(priority: int | str | None) -> int | str | None:
    odd = isinstance(priority, str) and _ODD_NUMBER.fullmatch(priority)
    if odd or (isinstance(priority, int) and not 0 <= priority <= MOST_PRIORITY):
        raise ValueError(f"a whole number from 0 to {MOST_PRIORITY}, or a CEL expression, is expected here")
    return priority


Priority = Annotated[int | str | None, AfterValidator(_in_range)]
"""A whole number or a CEL expression."""


def as_priority(value: object) -> int | None:
    """What an expression gave, as a priority that there is; None where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(max(round(value), 0), MOST_PRIORITY)
