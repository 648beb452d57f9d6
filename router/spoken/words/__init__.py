"""What the words of each language mean where somebody says a number: words as data, no rules."""

from __future__ import annotations

from router.spoken.words.english import ENGLISH
from router.spoken.words.german import GERMAN
from router.spoken.words.vocabulary import Vocabulary

_LANGUAGES = {"de": GERMAN.beside(ENGLISH), "en": ENGLISH.beside(GERMAN)}


def vocabulary(language: str) -> Vocabulary:
    """The words of ``language``, and those of the other one where they mean nothing else in it; German for a language
    that we have no words for."""
    return _LANGUAGES.get(language, _LANGUAGES["de"])
