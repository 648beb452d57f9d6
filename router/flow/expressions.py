"""Expressions in flows, written in CEL (Common Expression Language), worked out in a call.

The variables are those of `router.flow.variables`. Checking (`router.flow.formulas`) finds misspelt names and
comparisons of unlike types before a caller meets them.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cel

from router.flow.variables import Facts

MOST_CHARACTERS = 500

_UNLIKE_KINDS = "compares or combines values of different kinds, such as a number with a text"


def holds(expression: str, facts: Facts) -> bool:
    """Whether the condition holds. Raises `ValueError` where it cannot be told; a checked flow gives a cause only
    where it makes of what was keyed in what that is not, such as a number of a text."""
    try:
        return _program(expression).execute(dict(facts)) is True
    except Exception as error:
        raise ValueError(_in_general(error)) from error


def value_of(expression: str, facts: Facts) -> str | int | float | bool:
    """What the expression gives: a text of at most 500 characters, a number, true or false.

    Raises `ValueError` where it cannot be worked out or gives something else; the text holds no value.
    """
    try:
        value = _program(expression).execute(dict(facts))
    except Exception as error:
        raise ValueError(_in_general(error)) from error
    if not isinstance(value, str | int | float | bool):
        raise ValueError("gives neither text, number nor true or false")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("gives no finite number")
    return value[:MOST_CHARACTERS] if isinstance(value, str) else value


def _in_general(error: Exception) -> str:
    """Why a formula failed. The library's words hold values: what was keyed in is not to get into the trace."""
    return _UNLIKE_KINDS if str(error).startswith("No such overload") else "cannot be worked out for this call"


@lru_cache(maxsize=2_000)
def _program(expression: str) -> cel.Program:
    return cel.compile(expression)
