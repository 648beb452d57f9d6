"""Words that choose one of several things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from router.core.hearing import Reading
from router.spoken.keys import keys_said

MOST_TEXT = 500
"""Characters looked at."""
_AROUND = frozenset(
    """
    die der das den taste ziffer nummer zahl wahl ich nehme waehle wähle möchte moechte drücke bitte ja also äh
    the number option key digit i take choose press want please yes um uh
    """.split()
)
"""What may stand around a key that is chosen by its number: "die Zwei, bitte"."""


def choice_said(text: str, words: Mapping[str, Iterable[str]], language: str = "de") -> str:
    """The key of ``words`` that ``text`` names: by one of its words, or by the key alone. "" where none or several are.

    >>> choice_said("Es geht um Gas.", {"1": ["Strom"], "2": ["Gas", "Erdgas"]})
    '2'
    >>> choice_said("Die Zwei, bitte.", {"1": ["Strom"], "2": ["Gas", "Erdgas"]})
    '2'
    """
    said = words_in(text)
    chosen = {key for key in words if any(_contains(said, words_in(each)) for each in words[key])}
    around = [word for word in said if word not in _AROUND]
    if len(around) == 1 and (key := keys_said((Reading(around[0], 1.0),), language)) in words:
        chosen.add(key)
    return chosen.pop() if len(chosen) == 1 else ""


def words_in(text: str) -> tuple[str, ...]:
    """The words of ``text`` as they are compared.

    >>> words_in("Strom, bitte!")
    ('strom', 'bitte')
    """
    plain = "".join(char if char.isalnum() or char == "*" else " " for char in text[:MOST_TEXT].casefold())
    return tuple(plain.split())


def _contains(said: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return bool(words) and any(said[at : at + len(words)] == words for at in range(len(said) - len(words) + 1))
