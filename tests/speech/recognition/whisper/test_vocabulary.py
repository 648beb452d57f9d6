"""Tokens by their lines in the vocabulary file, as the file of a real model writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.speech.recognition.whisper.vocabulary import Vocabulary

LINES = [
    "!", "7", "Ġ7", "Ġ71", "Ġund", "Ġfü", "nf", "Ġf", "Ã", "¼", "âĻª",
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|transcribe|>", "<|notimestamps|>", "<|0.00|>",
]  # fmt: skip


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    (tmp_path / "vocabulary.txt").write_text("\n".join(LINES) + "\n", "utf-8")
    return Vocabulary.load(tmp_path)


def test_a_token_has_the_number_of_its_line(vocabulary: Vocabulary) -> None:
    assert len(vocabulary) == len(LINES)
    assert [vocabulary.number(text) for text in ("!", " 7", " 71", " und", "<|de|>")] == [0, 2, 3, 4, 14]


def test_what_is_no_token_of_its_own_has_no_number(vocabulary: Vocabulary) -> None:
    assert vocabulary.number(" 72") is None


def test_bytes_of_several_tokens_make_one_letter(vocabulary: Vocabulary) -> None:
    assert vocabulary.text([7, 8, 9, 6]) == "fünf"
    assert vocabulary.text([10]) == "♪"


def test_marks_are_no_text_and_half_a_letter_does_no_harm(vocabulary: Vocabulary) -> None:
    assert vocabulary.text([12, 17, 2, 3, 11]) == "7 71"
    assert vocabulary.text([8]) == "\N{REPLACEMENT CHARACTER}"


def test_decoding_begins_with_the_language(vocabulary: Vocabulary) -> None:
    assert vocabulary.prompt("de") == [12, 14, 15, 16]
    assert vocabulary.prompt(None) == [12, 16]
    with pytest.raises(ValueError, match="'xx'"):
        vocabulary.prompt("xx")


def test_a_search_is_held_by_leaving_out_all_other_tokens(vocabulary: Vocabulary) -> None:
    others = vocabulary.all_but([" 7", " 72"])
    assert set(range(len(LINES))) - set(others) == {2, 11}, "the end is always allowed"


def test_newer_models_bring_a_list(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.json").write_text(json.dumps(LINES))
    assert Vocabulary.load(tmp_path).number(" 71") == 3
    (tmp_path / "vocabulary.json").write_text("{}")
    with pytest.raises(ValueError, match="no list"):
        Vocabulary.load(tmp_path)


@given(st.lists(st.integers(0, len(LINES) + 5)))
def test_any_numbers_make_some_text(numbers: list[int]) -> None:
    assert isinstance(Vocabulary(LINES).text(numbers), str)
