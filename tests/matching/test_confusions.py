"""How likely a number is heard as another: what sounds alike, is lost, doubled or swapped, and that chances stay
chances."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.matching.confusion_figures import Figures, alike, figures_of
from router.matching.confusions import CHARACTERS, Confusions, confusions_of, name_of

GERMAN, ENGLISH = confusions_of("whisper", "de"), confusions_of("whisper", "en")
KEYS, TYPED = confusions_of("keys", "de"), confusions_of("typed", "de")
NUMBERS = st.text("0123456789", min_size=3, max_size=14)


@pytest.mark.parametrize(
    ("model", "said", "likelier", "than"),
    [
        pytest.param(GERMAN, "48213", "48313", "48613", id="zwei and drei"),
        pytest.param(ENGLISH, "48215", "48219", "48213", id="five and nine"),
        pytest.param(GERMAN, "48213", "84213", "28413", id="units before tens, but not across a third digit"),
        pytest.param(GERMAN, "40033", "4003", "0033", id="a repeat is lost rather than another"),
        pytest.param(GERMAN, "48213", "482213", "482613", id="doubled rather than added"),
        pytest.param(GERMAN, "48213", "4821", "482", id="one lost rather than two"),
        pytest.param(KEYS, "48213", "48513", "48913", id="the key beside it"),
        pytest.param(GERMAN, "AB482", "AD482", "AX482", id="letters that rhyme"),
        pytest.param(ENGLISH, "AO482", "A0482", "A9482", id="oh is a letter and a digit"),
    ],
)
def test_what_is_heard_more_easily(model: Confusions, said: str, likelier: str, than: str) -> None:
    assert model.likelihood(likelier, said) > model.likelihood(than, said) > 0.0


def test_german_swaps_more_than_english_and_only_when_it_is_spoken() -> None:
    def swapped(model: Confusions) -> float:
        return model.likelihood("84213", "48213")

    assert swapped(GERMAN) > 2 * swapped(ENGLISH)
    assert swapped(KEYS) < swapped(ENGLISH)
    assert confusions_of("a cloud service", "de").figures.wrong > GERMAN.figures.wrong > KEYS.figures.wrong


@given(NUMBERS, NUMBERS)
def test_nothing_is_likelier_than_what_was_said(said: str, heard: str) -> None:
    for model in (GERMAN, ENGLISH, KEYS, TYPED):
        assert 0.0 <= model.likelihood(heard, said) <= model.likelihood(said, said) < 1.0


@pytest.mark.parametrize("said", ["48", "33", "90"])
def test_all_that_may_be_heard_adds_up_to_no_more_than_certainty(said: str) -> None:
    heard = ("".join(each) for length in range(5) for each in product("0123456789", repeat=length))
    total = sum(GERMAN.likelihood(each, said) for each in heard)
    assert 0.9 < total <= 1.0


def test_what_is_much_longer_or_nothing_is_something_else() -> None:
    assert GERMAN.likelihood("1" * 30, "48213") == 0.0
    assert GERMAN.likelihood("48213", "") == 0.0
    assert 0.0 < GERMAN.likelihood("", "48") < 1e-3


def test_what_was_learnt_takes_the_place_of_the_table_and_nothing_else_does() -> None:
    learnt = {name_of("whisper", "de"): {"lost": 0.2, "no figure of ours": 1.0}}
    assert confusions_of("whisper", "de", learnt).figures.lost == 0.2
    assert confusions_of("whisper", "de", learnt).figures.wrong == GERMAN.figures.wrong
    assert confusions_of("whisper", "en", learnt).figures == ENGLISH.figures


def test_the_tables_are_whole() -> None:
    for recogniser, language in product(("whisper", "vosk", "typed", "keys"), ("de", "en", "fr")):
        table = alike(recogniser, language)
        assert {*table, *"".join(table.values())} <= {*CHARACTERS}
        assert not any(said in others for said, others in table.items())
        figures = figures_of(recogniser, language)
        shares = [getattr(figures, name) for name in Figures.__slots__]
        assert all(0.0 <= share < 1.0 for share in shares)
