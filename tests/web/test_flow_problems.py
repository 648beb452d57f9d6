"""The problems of flows that admins meet most read in German on German pages; the others are told in English."""

from __future__ import annotations

from pathlib import Path

from router.web.texts.flow_problems import problem_in

FROZEN = Path(__file__).parents[1] / "broken_flows" / "problems.txt"


def messages() -> list[str]:
    lines = FROZEN.read_text().splitlines()
    return [line.split(": ", 1)[1].split(" ", 1)[1].removesuffix(" (warning)") for line in lines]


def test_most_problems_of_the_broken_flows_have_german_words() -> None:
    told = [problem_in("de", message)[1] for message in messages()]
    assert told.count("de") > 0.75 * len(told)


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
