"""What the hearings of a number say for each number it may be: the likelihood ratio against a number that is not live.

A hearing is evidence, not a text: each of its readings counts by its weight, and there is always a chance that it is of
something else. Several hearings are of one number, whatever that is. So the alternative to a live reference is not
noise but *somebody who says another number*, and says it again when asked: the numbers heard themselves are weighed as
such alternatives, with the chance that anybody says just that one (see `live.Shape`). That is what keeps the number of
a stranger from being taken for the live one next to it, however often and clearly it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import log

from rapidfuzz.distance import OSA

from router.core.hearing import Heard, Part
from router.matching.confusions import Confusions, Learnt, confusions_of
from router.matching.live import NOTHING_LIVE, LiveSet, Shape, chance_of_any
from router.matching.parameters import DEFAULT, Parameters
from router.matching.references import LONGEST, ends, neighbours

MOST_READINGS = 12
"""Readings of one hearing that are looked at, likeliest first."""
MOST_HEARINGS = 6
"""Hearings of a number that are looked at, the latest."""
MOST_NUMBERS = 24
"""Numbers that may have been said, put together from all hearings."""
MOST_CLOSE = 40
"""Live references that are weighed."""
MOST_KEYS = 1000
"""Keys that live references are looked for by."""
MANY = 200_000
"""Live references, from which so many have an end with a slip in common that only ends heard rightly are looked for."""
_PART_LENGTH, _PART_OTHERWISE = 0.9, 0.01
"""How likely an answer to the question for a part has its length, or a given other one."""


@dataclass(frozen=True, slots=True)
class _Reading:
    text: str
    weight: float
    by_chance: float
    """How likely a caller whose number is not live is heard so, in this hearing."""


class _Hearing:
    """One hearing, and how likely it is for a given number against any."""

    def __init__(self, heard: Heard, confusions: Confusions, shape: Shape, whole: float) -> None:
        self.part = heard.part
        self._confusions = confusions
        self._whole = whole
        figures = confusions.figures
        by_chance = (
            partial(shape.chance_heard, lost=figures.lost, added=figures.added + figures.doubled)
            if heard.part is None
            else partial(_part_chance, heard.part)
        )
        texts = [each for each in heard.readings if 0 < len(each.text) <= LONGEST and each.weight > 0.0]
        self.readings = tuple(_Reading(each.text, each.weight, by_chance(each.text)) for each in texts[:MOST_READINGS])
        told = min(sum(each.weight for each in self.readings), 1.0)
        self.floor = 1.0 - told + told * figures.something_else
        """The factor of a number that is nothing like what was heard."""

    def factor(self, number: str) -> float:
        """How much likelier it is to hear this of ``number`` than of a number nobody knows."""
        something = 1.0 - self._confusions.figures.something_else
        of_number = (each.weight * self._likelihood(each.text, number) / each.by_chance for each in self.readings)
        return self.floor + something * sum(of_number)

    def _likelihood(self, text: str, number: str) -> float:
        if self.part is None:
            return self._confusions.likelihood(text, number)
        of_part = self._confusions.likelihood(text, _cut(number, self.part))
        if len(text) <= self.part.characters + 1:
            return (1.0 - self._whole) * of_part
        return (1.0 - self._whole) * of_part + self._whole * self._confusions.likelihood(text, number)


class Hearings:
    """All hearings of one number in a call, with what the caller said to the read-backs. Deterministic, and without
    regard to what is live but for its shape."""

    def __init__(
        self,
        heard: Sequence[Heard],
        *,
        confirmed: str | None = None,
        refused: Iterable[str] = (),
        live: LiveSet = NOTHING_LIVE,
        parameters: Parameters = DEFAULT,
    ) -> None:
        self.confirmed = confirmed
        self.refused = frozenset(refused)
        self._shape = live.shape
        self._many = live.count > MANY
        self._right, self._wrong = parameters.says_right, parameters.lets_wrong_pass
        learnt: Learnt = parameters.confusions
        self._hearings = [
            _Hearing(each, confusions_of(each.recogniser, each.language, learnt), live.shape, parameters.whole_for_part)
            for each in heard[-MOST_HEARINGS:]
        ]
        self._hearings = [each for each in self._hearings if each.readings]
        self._confusions = {
            heard.recogniser: confusions_of(heard.recogniser, heard.language, learnt) for heard in heard
        }
        self._known: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._hearings) or self.confirmed is not None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that were asked for."""
        return tuple(each.part for each in self._hearings if each.part is not None)

    def log_ratio(self, number: str) -> float:
        """The natural logarithm of how likely all of it is when ``number`` is the caller's, against a caller with a
        number that is not live."""
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = log(self._joint(number)) - log(self._none)
        return found

    @cached_property
    def said(self) -> tuple[tuple[str, float], ...]:
        """The numbers that a caller may have said whose number is not live, with the chance of each, likeliest first;
        those refused are not among them."""
        chances = [(number, weight / self._of_these) for number, weight in self._numbers if number not in self.refused]
        return tuple(chances)

    @cached_property
    def heard(self) -> tuple[str, ...]:
        """The same, those refused included: what live references are looked for by."""
        return tuple(number for number, _ in self._numbers)

    def is_likeliest(self, number: str) -> bool:
        """Whether it is what the caller said, as far as that can be heard: none is likelier, or the caller agreed."""
        return number == self.confirmed or (number in self.heard[:1] and number not in self.refused)

    def likeliest(self, numbers: Iterable[str]) -> str | None:
        """The one of ``numbers`` that fits best and was not refused."""
        fitting = [each for each in numbers if each not in self.refused]
        return max(fitting, key=lambda each: (self._joint(each) * self._shape.chance(each), each), default=None)

    def index_keys(self) -> list[int]:
        """What live references are looked for by in the index, the likeliest first, at most `MOST_KEYS`: what is one
        slip away from any number that was heard, and what has more slips, but at most one at one of its ends."""
        found: dict[int, None] = {}
        for text in self.heard:
            found.update(dict.fromkeys(sorted(neighbours(text))))
        for text in self.heard:
            found.update(dict.fromkeys(sorted(ends(text, exactly=self._many))))
        return list(found)[:MOST_KEYS]

    def closest(self, references: Iterable[str]) -> list[str]:
        """At most `MOST_CLOSE` of ``references``: those with the fewest slips to any number that was heard. Counting
        them costs a hundredth of weighing them."""
        heard = self.heard
        slips = {each: min((OSA.distance(each, text) for text in heard), default=0) for each in references}
        return sorted(slips, key=lambda each: (slips[each], each))[:MOST_CLOSE]

    @cached_property
    def _numbers(self) -> list[tuple[str, float]]:
        weighed = [(each, self._shape.chance(each) * self._joint(each)) for each in self._put_together()]
        return sorted(weighed, key=lambda each: (-each[1], each[0]))[:MOST_NUMBERS]

    @cached_property
    def _of_these(self) -> float:
        """The likelihood of all of it when the caller's number is not live, and is one that was heard or something
        else."""
        other = self._answers(None)
        for each in self._hearings:
            other *= each.floor
        if not any(each.part is None for each in self._hearings):
            other = self._answers(None)  # of a number of which only a part was heard any end is as likely
        return other + sum(weight for _, weight in self._numbers)

    @cached_property
    def _none(self) -> float:
        """The likelihood of all of it when the caller's number is not live: any may be heard as one of these, if only
        once."""
        once = len(self._hearings) == 1 and self.confirmed is None
        return max(self._of_these, self._answers(None)) if once else self._of_these

    def _joint(self, number: str) -> float:
        product = self._answers(number)
        for each in self._hearings:
            product *= each.factor(number)
        return product

    def _answers(self, number: str | None) -> float:
        """How likely what the caller said to the read-backs is when it is ``number``."""
        product = 1.0
        if self.confirmed is not None:
            product *= self._right if number == self.confirmed else self._wrong
        for each in self.refused:
            product *= 1.0 - self._right if number == each else 1.0 - self._wrong
        return product

    def _put_together(self) -> Iterable[str]:
        """Every number heard, and with the parts in place of what was heard of them before."""
        found: dict[str, None] = {} if self.confirmed is None else {self.confirmed: None}
        whole = [each for hearing in self._hearings if hearing.part is None for each in hearing.readings]
        whole.sort(key=lambda each: -each.weight)
        found.update(dict.fromkeys(each.text for each in whole))
        for hearing in self._hearings:
            if (part := hearing.part) is None:
                continue
            for text in list(found)[:MOST_NUMBERS]:
                for reading in hearing.readings[: MOST_READINGS // 2]:
                    if len(reading.text) >= len(text) - 1:
                        found.setdefault(reading.text)
                    found.setdefault(_with_part(text, part, reading.text))
        return list(found)[: 4 * MOST_NUMBERS]


def _cut(number: str, part: Part) -> str:
    return number[: part.characters] if part.end == "first" else number[-part.characters :]


def _with_part(text: str, part: Part, heard: str) -> str:
    return heard + text[part.characters :] if part.end == "first" else text[: -part.characters] + heard


def _part_chance(part: Part, text: str) -> float:
    """How likely somebody asked for a part of a number nobody knows answers with ``text``."""
    return (_PART_LENGTH if len(text) == part.characters else _PART_OTHERWISE) * chance_of_any(text)
