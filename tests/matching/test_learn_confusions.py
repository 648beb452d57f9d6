"""What is learnt of how numbers are heard: counted rightly, held back by the table, and only where it helps."""

from __future__ import annotations

import random

import pytest

from router.core.hearing import Heard, Part, Reading
from router.matching.confusions import confusions_of
from router.matching.learn_confusions import FEWEST, HIGHEST, Known, happened, learn

SEED = 11


def known(place: int, number: str, *readings: tuple[str, float], part: Part | None = None) -> Known:
    heard = Heard(tuple(Reading(text, weight) for text, weight in readings), "whisper", "de", part)
    return Known(f"call{place}", heard, number)


def losing(count: int, share: float) -> list[Known]:
    """Hearings of a recogniser that loses so many characters and makes no other error."""
    source = random.Random(SEED)
    found = []
    for place in range(count):
        number = "".join(source.choice("0123456789") for _ in range(8))
        heard = "".join(each for each in number if source.random() >= share)
        found.append(known(place, number, (heard, 0.9)))
    return found


@pytest.mark.parametrize(
    ("heard", "said", "errors"),
    [
        ("48213907", "48213907", {}),
        ("48313907", "48213907", {"wrong": 1}),
        ("4821397", "48213907", {"lost": 1}),
        ("4832", "48332", {"lost_repeat": 1}),
        ("482213907", "48213907", {"doubled": 1}),
        ("482613907", "48213907", {"added": 1}),
        ("84213907", "48213907", {"swapped": 1}),
        ("8421397", "48213907", {"swapped": 1, "lost": 1}),
    ],
)
def test_each_error_is_counted_as_what_it_is(heard: str, said: str, errors: dict[str, int]) -> None:
    could = ("characters", "repeats", "places", "neighbours")
    assert {name: count for name, count in happened(heard, said).items() if name not in could} == errors


def test_what_a_recogniser_loses_is_learnt_and_the_rest_stays_near_the_table() -> None:
    (lesson,) = learn(losing(600, 0.12), {})
    table = confusions_of("whisper", "de").figures
    assert lesson.refusal is None
    assert lesson.gain > lesson.gain_error > 0
    assert 0.09 < lesson.figures["lost"] < 0.14
    assert lesson.figures["wrong"] < table.wrong
    again = learn(reversed(losing(600, 0.12)), {})
    assert again == (lesson,), "the order does not matter"


def test_few_hearings_change_little_and_are_refused() -> None:
    (lesson,) = learn(losing(FEWEST - 1, 0.12), {})
    table = confusions_of("whisper", "de").figures
    assert lesson.refusal is not None and "too few" in lesson.refusal
    assert lesson.figures["lost"] < (table.lost + 0.12) / 2


def test_what_is_learnt_already_is_not_learnt_again() -> None:
    hearings = losing(600, 0.12)
    (lesson,) = learn(hearings, {})
    (again,) = learn(hearings, {lesson.name: lesson.figures})
    assert again.refusal is not None and "no better" in again.refusal


def test_a_part_is_held_against_its_end_and_another_number_counts_as_something_else() -> None:
    parts = [known(place, "48213907", ("907", 0.9), part=Part("last", 3)) for place in range(60)]
    (of_parts,) = learn(parts, {})
    assert of_parts.figures["wrong"] < confusions_of("whisper", "de").figures.wrong
    others = [known(place, "48213907", ("1166552", 0.9)) for place in range(60)]
    (of_others,) = learn(others, {})
    assert HIGHEST >= of_others.figures["something_else"] > 0.2


def test_nothing_comes_of_nothing() -> None:
    assert learn([], {}) == ()
    assert learn([known(1, "48213907"), known(2, "", ("4821", 0.9))], {}) == ()
