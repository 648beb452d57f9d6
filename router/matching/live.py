"""What is known of the references that are live, all together: how many there are, and what they look like.

A stranger's number lies by chance near one of them, the likelier, the more there are; and many strangers' numbers are
of the same kind as ours (an older order, another department's). So what is heard is held against both: against any
number, and against numbers like the live ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property
from math import comb, prod

from router.matching.references import LONGEST_FUZZY

SHORTEST_SAID, LONGEST_SAID = 3, LONGEST_FUZZY
"""Characters of numbers that people say."""
OF_OUR_KIND = 0.5
"""Share of strangers' numbers that are like the live ones; judgement."""
_UNSEEN = 20.0
"""What was not seen counts as if so many more references had been looked at, all at random."""
_DIGIT, _LETTER = 0.095, 0.05 / 26
"""How likely a given digit and a given letter stands at some place of any number."""
_ANY_LENGTH = 1.0 / (LONGEST_SAID - SHORTEST_SAID + 1)


class Shape:
    """What references look like: how long they are, and what stands where. Made of a sample."""

    def __init__(self, sample: Iterable[str] = ()) -> None:
        self._of_length: dict[int, list[Counter[str]]] = {}
        self._lengths: Counter[int] = Counter()
        for reference in sample:
            places = self._of_length.setdefault(len(reference), [Counter() for _ in reference])
            self._lengths[len(reference)] += 1
            for place, character in enumerate(reference):
                places[place][character] += 1

    @cached_property
    def longest(self) -> int:
        """Characters of the longest that was seen; 0 where none was."""
        return max(self._lengths, default=0)

    @cached_property
    def letters(self) -> bool:
        """Whether there are letters in some of them."""
        return any(not each.isdigit() for places in self._of_length.values() for seen in places for each in seen)

    def has_length(self, characters: int) -> bool:
        """Whether references of so many characters were seen."""
        return characters in self._lengths

    def chance(self, number: str) -> float:
        """How likely a number that is not live, said by somebody, is this one."""
        anyhow = _ANY_LENGTH * chance_of_any(number)
        if not self._lengths:
            return anyhow
        return (1.0 - OF_OUR_KIND) * anyhow + OF_OUR_KIND * self._share(len(number)) * prod(self._each(number, 0))

    def chance_heard(self, text: str, lost: float, added: float) -> float:
        """How likely a caller whose number is not live is heard as ``text``: what has another length than all numbers
        comes mostly of one of which a character was lost, or to which one was added (shares of characters)."""
        found = self.chance(text)
        length = len(text)
        if longer := OF_OUR_KIND * self._share(length + 1):
            before, after = self._each(text, 0, length + 1), self._each(text, 1, length + 1)
            found += longer * lost * sum(prod(before[:at]) * prod(after[at:]) for at in range(length + 1))
        if shorter := OF_OUR_KIND * self._share(length - 1):
            without = (prod(self._each(text[:at] + text[at + 1 :], 0)) * _of_any(text[at]) for at in range(length))
            found += shorter * added * sum(without)
        for other, rate in ((length + 2, lost), (length - 2, added)):
            if twice := OF_OUR_KIND * self._share(other):
                found += twice * rate**2 * comb(max(length, other), 2) * chance_of_any(text)
        return found

    def _share(self, length: int) -> float:
        return self._lengths[length] / self._lengths.total() if self._lengths else 0.0

    def _each(self, text: str, shift: int, length: int = 0) -> list[float]:
        """How likely each character of ``text`` is in a number of ``length`` (0: its own), at its place moved by
        ``shift``."""
        places = self._of_length.get(length or len(text), ())
        seen = self._lengths[length or len(text)]
        known = zip(places[shift:], text, strict=False)
        return [(place[each] + _UNSEEN * _of_any(each)) / (seen + _UNSEEN) for place, each in known]


class LiveSet:
    """The live references: how many ``count``, their ``shape``, how many ``calls_a_day`` all of them together draw, and
    the lengths of ``codes`` that are live."""

    def __init__(self, count: int, shape: Shape, calls_a_day: float, codes: Collection[int] = ()) -> None:
        self.count = count
        self.shape = shape
        self.calls_a_day = calls_a_day
        self.codes = frozenset(codes)


NOTHING_LIVE = LiveSet(0, Shape(), 0.0)
"""Where there is no reference at all: nothing can be snapped to."""


def chance_of_any(text: str) -> float:
    """How likely so many characters at random are just these."""
    chance = 1.0
    for character in text:
        chance *= _of_any(character)
    return chance


def _of_any(character: str) -> float:
    return _DIGIT if "0" <= character <= "9" else _LETTER
