"""JSON from outside, read in the one way that everybody reads it the same (RFC 8259, I-JSON of RFC 7493)."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from pydantic_core import from_json


def strict_json(data: bytes) -> Any:
    """What ``data`` says. Raises `ValueError`, which says why: it is no JSON; more than 200 levels deep; has a number
    that no computer holds, half a character, or a name twice in one object, of which others read another one than we.
    """
    content = from_json(data, allow_inf_nan=False)
    json.loads(data, object_pairs_hook=_named_once, parse_float=_finite)
    return content


def _named_once(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) < len(members):
        raise ValueError("a name stands twice in one object")


def _finite(digits: str) -> None:
    if not isfinite(float(digits)):
        raise ValueError("a number is out of range")
