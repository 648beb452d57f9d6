"""What hearings say for the references that are live, without a database: ranked candidates, and what is looked for."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.hearing import Heard, Part, Reading
from router.matching.hearing import MOST_KEYS, Hearings
from router.matching.live import LiveSet, Shape
from router.matching.references import indexed
from tests.matching.fitting import Fits, fits

SEED = 5
MANY = 100_000


def numbers(count: int, source: random.Random, digits: int = 8) -> list[str]:
    found: set[str] = set()
    while len(found) < count:
        found.add(f"{source.randrange(10**digits):0{digits}}")
    return sorted(found)


class Town:
    """References with the index that they are found by."""

    def __init__(self, references: Sequence[str]) -> None:
        self.references = references
        self.live = LiveSet(len(references), Shape(references[:: max(len(references) // 500, 1)]), 0.01)
        self._index: dict[int, list[str]] = {}
        for reference in references:
            for key in indexed(reference):
                self._index.setdefault(key, []).append(reference)

    def near(self, hearings: Hearings) -> list[str]:
        return [each for key in hearings.index_keys() for each in self._index.get(key, ())]

    def fits(self, *heard: Heard, confirmed: str | None = None, refused: Iterable[str] = ()) -> Fits:
        hearings = Hearings(heard, confirmed=confirmed, refused=refused, live=self.live)
        return fits(hearings, self.near(hearings), self.live)


@pytest.fixture(scope="module")
def small() -> Town:
    return Town(numbers(1000, random.Random(SEED)))


@pytest.fixture(scope="module")
def large() -> Town:
    return Town(numbers(MANY, random.Random(SEED)))


def heard(*readings: tuple[str, float] | str, part: Part | None = None, recogniser: str = "whisper") -> Heard:
    pairs = ((each, 0.9) if isinstance(each, str) else each for each in readings)
    return Heard(tuple(Reading(text, weight) for text, weight in pairs), recogniser, "de", part)


def wrong_at(number: str, place: int) -> str:
    return number[:place] + str((int(number[place]) + 5) % 10) + number[place + 1 :]


@given(st.lists(st.text("0123456789", min_size=8, max_size=8), min_size=2, max_size=2, unique=True))
def test_what_was_heard_exactly_beats_any_other_live_reference(pair: list[str]) -> None:
    town = Town(pair)
    assert town.fits(heard(pair[0])).ranked[0].reference == pair[0]


@given(st.text("0123456789", min_size=8, max_size=8), st.floats(0.05, 0.9), st.integers(0, 7), st.floats(0.0, 0.09))
def test_the_surer_the_recogniser_the_likelier_the_reference(
    number: str, weight: float, place: int, more: float
) -> None:
    live = LiveSet(1000, Shape([number]), 1.0)
    other = (wrong_at(number, place), 0.05)
    less_sure = Hearings([heard((number, weight), other)], live=live)
    surer = Hearings([heard((number, weight + more), other)], live=live)
    assert surer.log_ratio(number) >= less_sure.log_ratio(number) - 1e-9


def test_a_second_hearing_that_agrees_makes_it_likelier(small: Town) -> None:
    number = small.references[500]
    once = small.fits(heard(wrong_at(number, 2)))
    again = small.fits(heard(wrong_at(number, 2)), heard(number))
    assert once.ranked[0].reference == again.ranked[0].reference == number
    assert again.none < once.none


def test_the_last_three_settle_what_the_whole_left_open(large: Town) -> None:
    number = large.references[40_000]
    unsure = heard((wrong_at(number, 7), 0.5), (wrong_at(number, 6), 0.4))
    part = heard(number[-3:], part=Part("last", 3))
    assert large.fits(unsure, part).ranked[0].reference == number
    assert large.fits(unsure, part).none < large.fits(unsure).none
    first = heard(number[:3], part=Part("first", 3))
    assert large.fits(heard(wrong_at(number, 0)), first).ranked[0].reference == number


def test_whoever_says_all_of_it_where_a_part_was_asked_for_is_understood(small: Town) -> None:
    number = small.references[10]
    found = small.fits(heard(wrong_at(number, 1)), heard(number, part=Part("last", 3)))
    assert found.ranked[0].reference == number
    assert found.none < 0.01


def test_a_number_said_twice_that_is_not_live_is_not_taken_for_its_neighbour(large: Town) -> None:
    number = wrong_at(large.references[7], 4)
    once, twice = large.fits(heard(number)), large.fits(heard(number), heard(number))
    assert twice.none > max(once.none, 0.9)


def test_yes_speaks_for_a_number_and_no_against_it(small: Town) -> None:
    number = small.references[0]
    slip = heard(wrong_at(number, 3))
    plain = small.fits(slip).ranked[0].log_ratio
    assert small.fits(slip, confirmed=number).ranked[0].log_ratio > plain
    assert small.fits(slip, refused=(number,)).ranked[0].log_ratio < plain - 2
    assert small.fits(slip, confirmed=wrong_at(number, 3)).ranked[0].log_ratio < plain


def test_strangers_are_refused_at_a_hundred_thousand_live_references(large: Town) -> None:
    source, live = random.Random(SEED + 1), set(large.references)
    strangers = [each for each in numbers(1500, source) if each not in live]
    taken = sum(large.fits(heard(each)).none < 0.005 for each in strangers)
    assert taken / len(strangers) < 0.005


@pytest.mark.parametrize(
    "slips",
    [
        pytest.param(lambda n: n[:2] + n[3:6] + n[7:], id="two lost"),
        pytest.param(lambda n: wrong_at(wrong_at(n, 1), 6), id="two wrong"),
        pytest.param(lambda n: wrong_at(n, 2)[:-1], id="one wrong, one lost"),
        pytest.param(lambda n: n[1] + n[0] + n[2:5] + n[5:][::-1][1:], id="a swap and one lost"),
    ],
)
def test_a_reading_with_two_errors_still_finds_the_reference(slips: object, small: Town) -> None:
    assert callable(slips)
    number = small.references[321]
    hearings = Hearings([heard(slips(number))], live=small.live)
    assert number in small.near(hearings)


@settings(max_examples=50)
@given(st.lists(st.text("0123456789ABCXYZ", max_size=40), max_size=30), st.integers(1, 8))
def test_whatever_was_heard_is_looked_for_within_bounds(texts: list[str], hearings: int) -> None:
    everything = [heard(*((each, 0.02) for each in texts)) for _ in range(hearings)]
    found = Hearings(everything, refused=("48213900",))
    assert len(found.index_keys()) <= MOST_KEYS
    assert 0.0 < fits(found, ["48213900", "48213901"], LiveSet(2, Shape(), 1.0)).none <= 1.0


def test_without_live_references_nothing_is_snapped_to() -> None:
    assert fits(Hearings([heard("48213900")]), [], LiveSet(0, Shape(), 0.0)) == Fits((), 1.0)
