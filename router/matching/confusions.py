"""How likely a number is heard as another: weighted edits, summed over all ways to line the two up.

A character that was said is heard right, heard as another (those that sound alike first), lost, or swapped with the
next; between two there may be one added, or one heard twice. ``P(heard | said)`` is the sum over all alignments (the
forward algorithm of Ristad and Yianilos, "Learning string-edit distance", IEEE PAMI 1998), not the best of them: a
repeat can be lost in several ways that look the same. It takes as many steps as the product of the two lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from router.matching.confusion_figures import Figures, alike, figures_of

DIGITS, LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHARACTERS = DIGITS + LETTERS
FARTHEST = 4
"""Characters by which what was heard may be longer or shorter; beyond, it is something else."""

Learnt = Mapping[str, Mapping[str, float]]
"""Figures that calibration found, by `name_of`; what is not there is as the table has it."""


def name_of(recogniser: str, language: str) -> str:
    """How a way of hearing is named where something is learnt of it."""
    return f"{recogniser}:{language}"


class Confusions:
    """How one recogniser hears one language."""

    def __init__(self, figures: Figures, sounds: Mapping[str, str]) -> None:
        self.figures = figures
        self._heard_as = {said: dict(_others(said, figures, sounds.get(said, ""))) for said in CHARACTERS}

    def likelihood(self, heard: str, said: str) -> float:
        """``P(heard | said)``, both of capitals and digits; 0 for what cannot be lined up."""
        if not said or abs(len(heard) - len(said)) > FARTHEST:
            return 0.0
        figures = self.figures
        nothing_added = 1.0 - figures.added - figures.doubled
        added = [figures.added * _share(each) for each in heard]
        for place in range(1, len(heard)):
            if heard[place] == heard[place - 1]:
                added[place] += figures.doubled
        before: list[float] = []
        row = [1.0]
        for each in added:
            row.append(row[-1] * each)
        previous = ""
        for place, character in enumerate(said):
            before, row = row, self._next(before, row, heard, added, previous, character, place)
            previous = character
        return row[-1] * nothing_added ** (len(said) + 1)

    def _next(
        self,
        earlier: list[float],
        row: list[float],
        heard: str,
        added: list[float],
        previous: str,
        character: str,
        place: int,
    ) -> list[float]:
        """The row of the table after one more ``character`` was said."""
        figures = self.figures
        lost = figures.lost_repeat if character == previous else figures.lost
        right = 1.0 - figures.wrong - lost - figures.swapped
        heard_as = self._heard_as.get(character, {})
        swapped = figures.swapped if previous and previous != character else 0.0
        found = [0.0] * len(row)
        found[0] = row[0] * lost
        for end in range(max(place + 1 - FARTHEST, 1), min(place + 1 + FARTHEST, len(heard)) + 1):
            each = heard[end - 1]
            likely = row[end] * lost + found[end - 1] * added[end - 1]
            likely += row[end - 1] * (right if each == character else heard_as.get(each, 0.0))
            if swapped and end > 1 and each == previous and heard[end - 2] == character:
                likely += earlier[end - 2] * swapped
            found[end] = likely
        return found


@lru_cache(maxsize=64)
def _table_of(recogniser: str, language: str, learnt: tuple[tuple[str, float], ...]) -> Confusions:
    return Confusions(replace(figures_of(recogniser, language), **dict(learnt)), alike(recogniser, language))


_NOTHING: Mapping[str, float] = {}


def confusions_of(recogniser: str, language: str, learnt: Learnt | None = None) -> Confusions:
    """How ``recogniser`` hears ``language``, by the table and by what was ``learnt``."""
    known = (learnt or {}).get(name_of(recogniser, language), _NOTHING)
    figures = {name: share for name, share in known.items() if name in Figures.__slots__}
    return _table_of(recogniser, language, tuple(sorted(figures.items())))


def _others(said: str, figures: Figures, sounds: str) -> Iterator[tuple[str, float]]:
    """Each other character that ``said`` may be heard as, with its share."""
    same, crossed = (DIGITS, LETTERS) if said in DIGITS else (LETTERS, DIGITS)
    close = figures.alike if sounds else 0.0
    far = (1.0 - close) * (1.0 - figures.crossed) / (len(same) - 1)
    across = (1.0 - close) * figures.crossed / len(crossed)
    for other in CHARACTERS:
        if other != said:
            share = (close / len(sounds) if other in sounds else 0.0) + (far if other in same else across)
            if share > 0.0:
                yield other, figures.wrong * share


def _share(character: str) -> float:
    """How likely a character is that comes from nowhere."""
    return 0.09 if character in DIGITS else 0.1 / len(LETTERS)
