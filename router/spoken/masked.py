"""What was said, without what nobody may keep."""

from __future__ import annotations

from collections.abc import Container

from router.core.hearing import Reading
from router.spoken.choices import words_in
from router.spoken.keys import keys_said
from router.spoken.words import vocabulary

_LANGUAGES = ("de", "en")


def masked_speech(text: str, known: Container[str], most_digits: int) -> str:
    """What was said without what nobody listens for: ``known`` words stay, others become ``x``. So many digits stay as
    figures, of more as many zeros as there were; a number said in other words ("achtundvierzig") becomes zeros, too,
    so that it is as long as it was.

    >>> masked_speech("Hier ist Meier, es geht um Gas", {"gas"}, 2)
    'x x x x x x gas'
    >>> masked_speech("vier acht zwei", {"gas"}, 2)
    '0 0 0'
    >>> masked_speech("Die achtundvierzig zwölf", {"gas"}, 2)
    'x x x 0 0 0 0'
    """
    said = words_in(text)
    digits = max((keys_said((Reading(text, 1.0),), language) for language in _LANGUAGES), key=len)
    singles = [_single(word) for word in said]
    few = max(len(digits), len("".join(singles))) <= most_digits

    def masked(word: str, figures: str) -> str:
        if figures and not few:
            return "0" * len(figures)
        return word if word in known else figures or "x"

    words = [masked(word, figures) for word, figures in zip(said, singles, strict=True)]
    missing = len(digits) - len("".join(singles))
    return " ".join([*words, *("0" * missing if missing > 0 and not few else "")])


def _single(word: str) -> str:
    """The digits of a word that is nothing else."""
    if (word.isascii() and word.replace("*", "").isdigit()) or word == "*":
        return word
    return vocabulary(_LANGUAGES[0]).digits.get(word, "")
