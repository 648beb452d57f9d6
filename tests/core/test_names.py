from __future__ import annotations

import pytest

from router.core.names import LONGEST_WORD, MOST_WORDS, looked_for, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Erika Muster", ("erika", "muster")),
        ("Zoë Müller-Lüdenscheidt", ("zoe", "mueller", "muller", "luedenscheidt", "ludenscheidt")),
        ("Groß", ("gross",)),
        ("O'Neil", ("o", "neil")),
        ("Łukasz  Żak", ("łukasz", "zak")),
        ("王小明", ("王小明",)),
        ("  ", ()),
        (None, ()),
    ],
)
def test_the_words_of_a_name(name: str | None, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize("typed", ["Müller", "MUELLER", "muller", "Mu\u0308ller"])
def test_a_name_is_found_however_it_is_typed(typed: str) -> None:
    (word,) = looked_for(typed)
    assert word in words_of("Jan Müller")


def test_the_longest_word_is_looked_for_first() -> None:
    assert looked_for("J. von Sonnenberg") == ("sonnenberg", "von", "j")


def test_names_are_bounded() -> None:
    words = words_of(" ".join(f"{'x' * 60}{number}" for number in range(50)))
    assert len(words) <= 2 * MOST_WORDS
    assert max(map(len, words)) == LONGEST_WORD
