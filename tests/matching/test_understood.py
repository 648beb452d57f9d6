"""What is done with a number that was heard: taken, read back, asked for in part or again, and what strangers learn."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from router.core.hearing import Heard, Part, Understood, Verdict
from router.matching.hearing import Hearings
from router.matching.live import LiveSet, Shape
from router.matching.parameters import DEFAULT
from router.matching.understood import Chance, understand
from tests.matching.fitting import fits
from tests.matching.test_hearing import MANY, SEED, Town, heard, numbers, wrong_at


@pytest.fixture(scope="module")
def small() -> Town:
    return Town(numbers(1000, random.Random(SEED)))


@pytest.fixture(scope="module")
def large() -> Town:
    return Town(numbers(MANY, random.Random(SEED)))


def understood(town: Town, *hearings: Heard, confirmed: str | None = None, refused: Iterable[str] = ()) -> Understood:
    said = Hearings(hearings, confirmed=confirmed, refused=refused, live=town.live)
    found = fits(said, town.near(said), town.live)
    chances = [Chance(each.reference, each.probability) for each in found.ranked]
    return understand(said, chances, found.none, town.live, DEFAULT)


def far_from(town: Town, source: random.Random) -> str:
    """A number that no live one is near."""
    return next(each for each in numbers(50, source) if not town.near(Hearings([heard(each)], live=town.live)))


def test_what_is_heard_clearly_and_live_is_taken(small: Town, large: Town) -> None:
    for town in (small, large):
        number = town.references[77]
        assert understood(town, heard(number)) == Understood(Verdict.ACCEPT, number)


def test_one_slip_away_is_read_back_where_live_ones_are_few(small: Town) -> None:
    number = small.references[77]
    found = understood(small, heard((wrong_at(number, 3), 0.6), (wrong_at(number, 5), 0.2)))
    assert (found.verdict in (Verdict.ACCEPT, Verdict.CONFIRM), found.number) == (True, number)


def test_readings_that_differ_in_the_end_alone_are_asked_for_the_last_three() -> None:
    pair = ["48213907", "48213901"]
    town = Town(pair)
    found = understood(town, heard((pair[0], 0.45), (pair[1], 0.45)))
    assert (found.verdict, found.part) == (Verdict.PART, Part("last", 3))
    settled = understood(town, heard((pair[0], 0.45), (pair[1], 0.45)), heard("901", part=Part("last", 3)))
    assert settled == Understood(Verdict.ACCEPT, pair[1])


def test_the_beginning_is_asked_for_where_that_is_in_doubt() -> None:
    pair = ["48213907", "78213907"]
    found = understood(Town(pair), heard((pair[0], 0.45), (pair[1], 0.45)))
    assert (found.verdict, found.part) == (Verdict.PART, Part("first", 3))


def test_the_same_part_is_not_asked_for_twice() -> None:
    pair = ["48213907", "48213901"]
    both, part = heard((pair[0], 0.45), (pair[1], 0.45)), heard(("907", 0.45), ("901", 0.45), part=Part("last", 3))
    assert understood(Town(pair), both, part).verdict is Verdict.CONFIRM


def test_a_number_said_clearly_that_is_not_live_is_read_back_as_it_was_said(small: Town) -> None:
    number = far_from(small, random.Random(1))
    assert understood(small, heard(number)) == Understood(Verdict.CONFIRM, number)
    assert understood(small, heard(number), confirmed=number) == Understood(Verdict.ACCEPT, number)
    assert understood(small, heard(number), refused=(number,)).verdict is Verdict.AGAIN
    assert understood(small, heard(number[:-2])).verdict is Verdict.AGAIN, "no number has that length"


def test_what_nobody_can_make_out_is_asked_for_again(small: Town) -> None:
    source = random.Random(2)
    found = understood(small, heard(*((each, 0.1) for each in numbers(8, source))))
    assert found == Understood(Verdict.AGAIN)


def test_what_was_refused_is_not_read_back_again(small: Town) -> None:
    number = small.references[5]
    hearing = heard((wrong_at(number, 3), 0.9))
    assert understood(small, hearing).number == number
    assert understood(small, hearing, refused=(number,)).number != number


def test_after_two_refusals_no_live_reference_is_read_out_but_the_one_that_was_said(small: Town) -> None:
    number, refused = small.references[5], ("11111111", "22222222")
    near = understood(small, heard((wrong_at(number, 3), 0.5)), refused=refused)
    assert near.number != number
    assert understood(small, heard(number), refused=refused).number == number


def test_without_live_references_a_clear_number_is_read_back_and_nothing_else() -> None:
    nothing = LiveSet(0, Shape(), 0.0)
    clear, unclear = Hearings([heard("48213907")]), Hearings([heard(("48213907", 0.3), ("48213901", 0.3))])
    assert understand(clear, (), 1.0, nothing, DEFAULT) == Understood(Verdict.CONFIRM, "48213907")
    assert understand(unclear, (), 1.0, nothing, DEFAULT).verdict in (Verdict.PART, Verdict.AGAIN)


def test_one_of_a_landlines_few_is_read_back_however_many_are_live_elsewhere() -> None:
    said = Hearings([heard(("48213907", 0.3), ("48213901", 0.3))])
    chances = [Chance("48213907", 0.6, known=True), Chance("48213901", 0.2)]
    assert understand(said, chances, 0.2, LiveSet(MANY, Shape(), 1.0), DEFAULT).number == "48213907"


def test_strangers_numbers_are_neither_taken_nor_answered_with_live_ones(large: Town) -> None:
    live = set(large.references)
    strangers = [each for each in numbers(1500, random.Random(SEED + 1)) if each not in live]
    found = [understood(large, heard(each)) for each in strangers]
    taken = sum(each.verdict is Verdict.ACCEPT for each in found)
    read_out = sum(each.number in live for each in found)
    assert taken / len(strangers) < 0.005
    assert read_out / len(strangers) < 0.08
