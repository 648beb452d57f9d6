"""Hypotheses of several searches to readings with weights."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.hearing import Expected, Listening
from router.speech.recognition.whisper.combining import MOST, SHARES, Found, Hypothesis, combined, in_pairs, spoken

EIGHT = Listening(Expected.DIGITS, 8, 8)


def found(search: str, **probabilities: float) -> Found:
    """What a search found; underscores stand for spaces."""
    texts = ((text.replace("_", " ").strip(), math.log(odds)) for text, odds in probabilities.items())
    return Found(search, tuple(Hypothesis(text, score) for text, score in texts))


def weights(*searches: Found, listening: Listening = EIGHT) -> dict[str, float]:
    return {reading.text: reading.weight for reading in combined(searches, listening)}


def test_within_a_search_each_weighs_as_it_is_likely() -> None:
    heard = weights(found("digits", _8_3_6_7_7_0_0_2=0.06, _8_3_6_7_0_0_2=0.02))
    assert list(heard) == ["8 3 6 7 7 0 0 2", "8 3 6 7 0 0 2"]
    assert heard["8 3 6 7 7 0 0 2"] == pytest.approx(3 * heard["8 3 6 7 0 0 2"])


def test_what_two_searches_find_is_likelier_than_what_one_finds() -> None:
    heard = weights(
        found("digits", _1_2_3_4_5_6_7_8=0.5, _1_2_3_4_5_6_7=0.5), found("pairs", _1_2_3_4_5_6_7=0.9, _12_34_56_78=0.1)
    )
    assert next(iter(heard)) == "1 2 3 4 5 6 7"


def test_hypotheses_that_stopped_early_do_not_count() -> None:
    assert set(weights(found("digits", _1_2=0.9, _1_2_3_4_5_6=0.1))) == {"1 2 3 4 5 6"}
    last_two = Listening(Expected.DIGITS, 2, 2)
    assert set(weights(found("digits", _1_2=0.9), listening=last_two)) == {"1 2"}


def test_free_text_counts_as_it_is() -> None:
    assert set(weights(found("free", vier_und_neunzig=1.0))) == {"vier und neunzig"}


def test_one_search_alone_stands_for_those_that_found_nothing() -> None:
    assert sum(weights(found("free", vier=0.5), Found("digits", ())).values()) == pytest.approx(sum(SHARES.values()))


def test_nothing_found_is_nothing_heard() -> None:
    assert combined((Found("free", ()), found("digits", _1=1.0)), EIGHT) == ()
    assert combined((), EIGHT) == ()


@pytest.mark.parametrize(
    ("free", "digits", "listening", "pairs"),
    [
        ("1, 2, 3, 4, 5, 6, 7, 8", "1 2 3 4 5 6 7 8", EIGHT, False),
        ("eins zwei drei", "1 2 3 4 5 6 7 8", EIGHT, False),
        ("86, 39, 95, 12", "8 6 3 9 9 5 1 2", EIGHT, True),
        ("6 und 80", "8 6 3 9 9 5 1 2", EIGHT, True),
        ("Sechsundachtzig", "8 6 3 9 9 5 1 2", EIGHT, True),
        ("1, 2, 3", "1 2 3", EIGHT, True),
        ("1, 2, 3", "1 2 3", Listening(Expected.DIGITS, 3, 3), False),
    ],
)
def test_pairs_are_looked_for_where_there_may_be_some(
    free: str, digits: str, listening: Listening, pairs: bool
) -> None:
    heard = Found("free", (Hypothesis(free, -1.0),)), Found("digits", (Hypothesis(digits, -1.0),))
    assert in_pairs(*heard, listening) is pairs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("♪♪", ""),
        ("[Musik]", ""),
        ("(Lachen) vier acht", "vier acht"),
        ("*hust* zwei", "zwei"),
        (" . . .", ""),
        ("8 3 6", "8 3 6"),
        ("[unclosed 4", "[unclosed 4"),
    ],
)
def test_names_of_sounds_are_no_speech(text: str, said: str) -> None:
    assert spoken(text) == said


HYPOTHESES = st.lists(st.builds(Hypothesis, st.text("0123 ,[]♪ab", max_size=12), st.floats(-80, 0)), max_size=20)


@given(st.lists(st.builds(Found, st.sampled_from(sorted(SHARES)), HYPOTHESES.map(tuple)), max_size=3))
def test_weights_are_ranked_and_leave_room_for_something_else(searches: list[Found]) -> None:
    unique = {each.search: each for each in searches}
    readings = combined(unique.values(), EIGHT)
    each = [reading.weight for reading in readings]
    assert len(readings) <= MOST
    assert each == sorted(each, reverse=True)
    assert all(weight >= 0 for weight in each)
    assert sum(each) <= sum(SHARES.values()) + 1e-9 < 1
