"""What callers say or type, as far as it can be understood without knowing more: digits, and words that choose."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

_WORDS = {
    "null": "0", "zero": "0", "oh": "0",
    "eins": "1", "ein": "1", "one": "1",
    "zwei": "2", "zwo": "2", "two": "2",
    "drei": "3", "three": "3",
    "vier": "4", "four": "4",
    "fünf": "5", "fuenf": "5", "five": "5",
    "sechs": "6", "six": "6",
    "sieben": "7", "seven": "7",
    "acht": "8", "eight": "8",
    "neun": "9", "nine": "9",
    "stern": "*", "star": "*",
}  # fmt: skip


def digits_said(text: str) -> str:
    """The digits in ``text``, in order: figures, and the words for single digits; other words count for nothing.

    >>> digits_said("vier acht zwei, 139 null")
    '4821390'
    """
    return "".join(part if _is_digits(part) else _WORDS.get(part, "") for part in _words(text))


def choice_said(text: str, words: Mapping[str, Iterable[str]]) -> str:
    """The key of ``words`` that ``text`` names: by one of its words, or by the key alone. "" where none or several are.

    >>> choice_said("Es geht um Gas.", {"1": ["Strom"], "2": ["Gas", "Erdgas"]})
    '2'
    """
    said = _words(text)
    alone = _WORDS.get(said[0], said[0]) if len(said) == 1 else ""
    chosen = [key for key in words if alone == key or any(_contains(said, _words(each)) for each in words[key])]
    return chosen[0] if len(chosen) == 1 else ""


def words_in(text: str) -> tuple[str, ...]:
    """The words of ``text`` as they are compared.

    >>> words_in("Strom, bitte!")
    ('strom', 'bitte')
    """
    return tuple(_words(text))


def masked_speech(text: str, known: Container[str], most_digits: int) -> str:
    """What was said without what nobody listens for: ``known`` words stay, others become ``x``, and so many digits
    stay as figures, more of them become zeros.

    >>> masked_speech("Hier ist Meier, es geht um Gas", {"gas"}, 2)
    'x x x x x x gas'
    >>> masked_speech("vier acht zwei", {"gas"}, 2)
    '0 0 0'
    """
    said = _words(text)
    few = len(digits_said(text)) <= most_digits

    def masked(word: str) -> str:
        digits = word if _is_digits(word) else _WORDS.get(word, "")
        if digits and not few:
            return "0" * len(digits)
        return word if word in known else digits or "x"

    return " ".join(map(masked, said))


def _words(text: str) -> list[str]:
    return "".join(char if char.isalnum() or char == "*" else " " for char in text[:500].casefold()).split()


def _contains(said: list[str], words: list[str]) -> bool:
    return any(said[at : at + len(words)] == words for at in range(len(said) - len(words) + 1)) if words else False


def _is_digits(part: str) -> bool:
    return all(char in "0123456789*" for char in part)
