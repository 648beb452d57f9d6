"""A number in words, as it is read back to whoever said it."""

from __future__ import annotations

import re

from router.spoken.words.alphabets import KNOWN_BEST, by_letter

_NAMES = {language: by_letter(alphabet) for language, alphabet in KNOWN_BEST.items()}
_LIKE = {"de": "wie", "en": "as in"}
_LETTERS = {"en": {"A": "A,"}}
"""Letters that a synthesiser takes for a word: without a pause behind it "A" is the article to espeak-ng."""


def read_back(number: str, language: str) -> str:
    """``number`` (capitals and digits) to be said slowly, character by character: digits in groups of at most three
    with a pause between them, each letter with its name in the alphabet that the language's people know best. What is
    neither letter nor digit is left out; German is taken for a language without words of its own.

    >>> read_back("4821390", "de")
    '4 8 2, 1 3, 9 0'
    >>> read_back("HN41", "de")
    'H wie Heinrich, N wie Nordpol, 4 1'
    """
    language = language if language in _NAMES else "de"
    said: list[str] = []
    for run in re.findall("[0-9]+|[A-Z]", number.upper()):
        said += _groups(run) if run.isdigit() else [_letter(run, language)]
    return ", ".join(said)


def _groups(digits: str) -> list[str]:
    """Threes, then twos where one would be left over alone."""
    threes, left = divmod(len(digits), 3)
    lengths = [3] * (threes - 1) + [2, 2] if left == 1 and threes else [3] * threes + ([left] if left else [])
    ends = [sum(lengths[: n + 1]) for n in range(len(lengths))]
    return [" ".join(digits[end - length : end]) for length, end in zip(lengths, ends, strict=True)]


def _letter(letter: str, language: str) -> str:
    return f"{_LETTERS.get(language, {}).get(letter, letter)} {_LIKE[language]} {_NAMES[language][letter]}"
