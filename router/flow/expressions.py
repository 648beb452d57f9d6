"""Conditions in flows, written in CEL (Common Expression Language).

The variables are those of `router.flow.variables`. Checking runs an expression against a sample of each, so that a
misspelt field or a comparison of unlike types is found before a caller meets it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cel

from router.flow.problems import nearest
from router.flow.variables import EMPTY, SAMPLE, Facts

MOST_CHARACTERS = 500
_UNLIKE_KINDS = "compares or combines values of different kinds, such as a number with a text"


GIVES = {
    "condition": (bool, "is not a condition: it gives no true or false"),
    "value": (str | int | float | bool, "gives neither text, number nor true or false"),
    "number": (int | float, "gives no number"),
    "text": (str, "gives no text"),
}
"""What a formula has to give, by `Formula.gives`, and the words for one that does not."""


def problem_with(
    expression: str,
    steps: Mapping[str, Any],
    inputs: Mapping[str, Any],
    values: Mapping[str, Any] = EMPTY["vars"],
    gives: str = "condition",
) -> str | None:
    """What is wrong with ``expression``, in words, or None. ``steps`` and ``inputs`` name what the flow has, so that
    ``visits.NAME`` and ``inputs.NAME`` can be checked; ``values`` has a sample of each ``vars.NAME``."""
    if len(expression) > MOST_CHARACTERS:
        return f"longer than {MOST_CHARACTERS} characters"
    facts = {**SAMPLE, "visits": dict.fromkeys(steps, 0), "inputs": dict.fromkeys(inputs, ""), "vars": values}
    try:
        program = cel.compile(expression)
        unknown = sorted(set(program.variables()) - set(facts))
        if unknown:
            return f"no variable '{unknown[0]}'{nearest(unknown[0], facts)}"
        value = program.execute(facts)
    except KeyError as error:
        name = str(error.args[0]) if error.args else "?"
        fields = {key for value in facts.values() if isinstance(value, Mapping) for key in value}
        return f"no field '{name}'{nearest(name, fields)}"
    except Exception as error:
        return _in_words(error)
    kinds, wrong = GIVES[gives]
    return None if isinstance(value, kinds) and (gives != "number" or not isinstance(value, bool)) else wrong


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


def _in_words(error: Exception) -> str:
    """The library's message without its explanations for programmers."""
    message = str(error).splitlines()[0]
    syntax = message.partition("Syntax error: ")[2]
    if syntax:
        return f"cannot be read: {syntax.partition(' expecting ')[0]}"
    if message.startswith("No such overload"):
        return _UNLIKE_KINDS
    return message.partition(". ")[0][:200]
