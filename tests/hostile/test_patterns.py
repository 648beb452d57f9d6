"""No regular expression of ours can be made to take for ever, whatever text it is given.

Python's matcher goes back and forth; a pattern with two ways to read the same characters can take longer than anybody
lives. Each pattern is attacked with strings made from itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import cel
import pytest

from tests.hostile import attack
from tests.hostile.patterns import Found, of_python, of_scripts

LONGEST = 20_000
"""Characters: a text with the square of it takes seconds, which nobody may cause."""
BOUNDED = {
    "desk/did.py": 500,  # notes of our own engine
    "engine/recorded.py": 2_000,  # names of fields, and texts that were masked before
    "flow/formulas.py": 500,  # `expressions.MOST_CHARACTERS`
    "flow/spoken/numbers.py": 500,  # facts, `fields.LONGEST_FACT`; amounts are shorter
    "matching/references.py": 500,  # `fields.Short`, and what a caller keyed in or said
    "web/src/flows/completion.js": 2_000,  # one's own line in one's own browser
    "web/src/flows/place.js": 2_000,
    "web/texts/flow_problem_words.py": 2_000,  # sentences of our own, with what was given cut short
    "web/texts/flow_problems.py": 2_000,
    "web/texts/formula_problem_words.py": 2_000,
}
"""Files whose patterns are given texts that were cut before: the longest, and where that is said."""


def refused(patterns: set[Found]) -> list[dict[str, Any]]:
    """The patterns on which the matcher had to be stopped."""
    asked = [
        {
            "place": each.file,
            "pattern": each.pattern,
            "flags": each.flags,
            "longest": BOUNDED.get(each.file, LONGEST),
            "searched": each.searched,
        }
        for each in sorted(patterns)
    ]
    answers = subprocess.run(
        [sys.executable, attack.__file__],
        input="\n".join(map(json.dumps, asked)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return [json.loads(line) for line in answers.splitlines()]


def test_the_attack_finds_what_it_is_for() -> None:
    bad = [r"(a+)+$", r"(?:a|a)*b", r"(\w+\s?)*:", r"[0-9][0-9_]*_[0-9_]*", r"(x+x+)+y"]
    good = [r"[a-z]{1,40}", r"\+[1-9][0-9]{6,14}", r"(?:[^\"]|\"\")*+\""]
    told = refused({Found("x", pattern, 0, searched=False) for pattern in (*bad, *good)})
    assert {each["pattern"] for each in told} == set(bad)


def test_no_pattern_of_the_code_can_be_made_to_take_for_ever() -> None:
    found = of_python()
    assert len(found) > 150
    assert refused(found) == []


def test_no_pattern_of_the_pages_can_be_made_to_take_for_ever() -> None:
    found = of_scripts()
    assert len(found) > 15
    assert refused(found) == []


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a|aa)+$", "([a-z]+)*0"])
def test_patterns_that_writers_of_flows_give_are_matched_by_what_never_goes_back(pattern: str) -> None:
    program = f"""import cel; cel.evaluate("text.matches('{pattern}')", {{"text": "a" * 5000 + "!"}})"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)  # an end for what never goes back
    assert cel.evaluate(f"'aa0'.matches('{pattern}')") in (True, False)
