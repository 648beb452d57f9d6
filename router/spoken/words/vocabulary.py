"""What is known of a language's words. All words are plain, see `router.spoken.tokens.plain`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from router.spoken.tokens import plain

_SHORTEST_NAME = 4

Phrase = tuple[str, ...]
Odds = float
"""How much likelier this is than the plain way to take the same words; see `router.spoken.ways`."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language.

    ``digits`` are never anything else. ``sounding`` are other words that sound like a digit, with the odds that it
    was one between other digits. ``plurals`` say which digit there are several of. ``several`` stand before what is
    said so many times ("doppel"), ``times`` between the number and it ("drei mal die vier"). ``ones`` are
    a one in "ein hundert". ``letters`` name one
    letter, ``letter_like`` do too but are common words otherwise,
    ``letters_in_words`` take several words; ``names`` are those of spelling alphabets. ``like``
    stand between a letter and a name for it. ``others`` are common words, never a
    name that was misspelt. ``asides`` are skipped as a whole, so that no word of theirs counts.
    """

    language: str
    digits: Mapping[str, str]
    sounding: Mapping[str, tuple[str, Odds]]
    plurals: Mapping[str, str]
    several: Mapping[str, int]
    times: frozenset[str]
    articles: frozenset[str]
    ones: frozenset[str]
    joining: frozenset[str]
    hundreds: frozenset[str]
    thousands: frozenset[str]
    letters: Mapping[str, str]
    letter_like: Mapping[str, str]
    letters_in_words: Mapping[Phrase, str]
    names: Mapping[str, str]
    like: frozenset[Phrase]
    others: frozenset[str]
    asides: frozenset[Phrase]
    corrections: frozenset[Phrase]
    repetitions: frozenset[Phrase]
    unit_first: bool
    """Whether the unit is said before the ten, as in German."""

    def beside(self, other: Vocabulary) -> Vocabulary:
        """With the digits and names of ``other`` for words that mean nothing here."""
        mine = {*self.sounding, *self.letters, *self.letter_like, *self.articles, *self.times, *self.joining}
        digits = {word: digit for word, digit in other.digits.items() if word not in mine}
        return replace(self, digits={**digits, **self.digits}, names={**other.names, **self.names})

    @cached_property
    def longest_aside(self) -> int:
        """Words of the longest aside."""
        return max(map(len, self.asides))

    @cached_property
    def names_by_initial(self) -> Mapping[str, Sequence[str]]:
        """The names of the spelling alphabets, by their first letter; very short ones can be confused with anything."""
        names: dict[str, list[str]] = defaultdict(list)
        for name in filter(lambda name: len(name) >= _SHORTEST_NAME, self.names):
            names[name[0]].append(name)
        return names


def phrases(text: str) -> frozenset[Phrase]:
    """One phrase a line."""
    return frozenset(tuple(plain(line).split()) for line in text.strip().splitlines())


def by_meaning(text: str) -> dict[str, str]:
    """Lines like ``0: null nul`` as meaning by word."""
    lines = (line.split(":") for line in text.strip().splitlines())
    return {plain(word): meaning.strip() for meaning, words in lines for word in words.split()}
