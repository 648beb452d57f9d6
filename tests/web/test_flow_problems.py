"""The problems of flows read in German on German pages."""

from __future__ import annotations

import re
from pathlib import Path

from router.flow.formula_words import kind
from router.web.texts.flow_problems import problem_in
from router.web.texts.formula_problem_words import KINDS

FROZEN = Path(__file__).parents[1] / "broken_flows" / "problems.txt"


def messages() -> list[str]:
    lines = FROZEN.read_text().splitlines()
    return [line.split(": ", 1)[1].split(" ", 1)[1].removesuffix(" (warning)") for line in lines]


def test_all_problems_of_the_broken_flows_have_german_words() -> None:
    assert [message for message in messages() if problem_in("de", message)[1] != "de"] == []


def test_none_is_told_in_two_languages() -> None:
    told = {problem_in("de", message)[0] for message in messages()}
    assert [
        text for text in told if re.search(r"\b(given|did you mean|there is|if it is|is expected|or)\b", text)
    ] == []


def test_kinds_of_values_are_told_in_german() -> None:
    assert problem_in("de", "gives a list, and a number is needed")[0] == (
        "das Ergebnis ist eine Liste; hier gehört eine Zahl hin"
    )
    assert set(KINDS) >= {kind(each) for each in ("int", "double", "string", "bool", "list", "map", "timestamp")}


def test_names_and_hints_are_kept() -> None:
    assert problem_in("de", "no step 'gret'; did you mean 'greet'?") == (
        "es gibt keinen Schritt 'gret'; meinten Sie 'greet'?",
        "de",
    )
    assert problem_in("de", "at most 5 is expected here (given: '9')") == (
        "hier steht höchstens 5 (da steht: '9')",
        "de",
    )
    assert problem_in("en", "no step 'gret'") == ("no step 'gret'", "en")
    assert problem_in("de", "something quite new") == ("something quite new", "en")


def test_what_is_said_in_german_repeats_the_names_of_the_problem() -> None:
    for message in messages():
        text, language = problem_in("de", message)
        if language == "de" and message.startswith("no ") and "'" in message:
            assert message.split("'")[1] in text
