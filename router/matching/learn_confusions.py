"""Learns how recognisers err from hearings whose number became known. Pure and deterministic.

Each hearing is lined up with its number in the likeliest way, and what happened to each character is counted; each of
its readings counts by its weight and by how likely it is heard of that number. A figure is then the share that was
counted together with that of the table, as if `KNOWN_BEFOREHAND` characters had been counted before: few hearings
change next to nothing. Whether that helps is measured on hearings that the figures were not learnt from.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from math import log, sqrt
from typing import Final

from router.core.hearing import Heard
from router.matching.confusion_figures import Figures, figures_of
from router.matching.confusions import FARTHEST, Confusions, Learnt, confusions_of, name_of
from router.matching.live import chance_of_any

KNOWN_BEFOREHAND: Final = 500
"""Characters that the table's figures count for."""
HEARINGS_BEFOREHAND: Final = 60
"""The same for what is a share of hearings."""
FEWEST: Final = 50
"""Hearings that a recogniser and language needs to be learnt of."""
FOLDS: Final = 5
HIGHEST: Final = 0.3
"""No figure becomes higher: who errs more is not understood, whatever is learnt of it."""
_OPPORTUNITIES: Final = {
    "wrong": "characters",
    "lost": "characters",
    "lost_repeat": "repeats",
    "added": "places",
    "doubled": "places",
    "swapped": "neighbours",
    "something_else": "hearings",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A hearing whose number became known. ``key`` is that of the call; hearings of one call stay together."""

    key: str
    heard: Heard
    number: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learnt of one way of hearing. ``gain``: by how much the log likelihood of a hearing rises on those not
    learnt from, on average, ``gain_error`` its standard error. Without a ``refusal`` the new ``figures`` help."""

    name: str
    hearings: int
    figures: dict[str, float]
    gain: float
    gain_error: float
    refusal: str | None


def learn(known: Iterable[Known], in_force: Learnt) -> tuple[Lesson, ...]:
    """A lesson for each recogniser and language. ``in_force`` is what counts now. The order of ``known`` never
    matters."""
    by_name: dict[str, list[Known]] = {}
    for each in sorted(known, key=lambda each: (each.key, each.number)):
        if each.heard.readings and each.number:
            by_name.setdefault(name_of(each.heard.recogniser, each.heard.language), []).append(each)
    return tuple(_lesson(name, by_name[name], in_force) for name in sorted(by_name))


def _lesson(name: str, known: Sequence[Known], in_force: Learnt) -> Lesson:
    recogniser, language = known[0].heard.recogniser, known[0].heard.language
    table, now = figures_of(recogniser, language), confusions_of(recogniser, language, in_force)
    folds = [blake2b(each.key.encode(), digest_size=8).digest()[0] % FOLDS for each in known]
    gains: list[float] = []
    for fold in sorted(set(folds)):
        rest = [each for each, place in zip(known, folds, strict=True) if place != fold]
        anew = confusions_of(recogniser, language, {name: _figures(rest, now, table)})
        held_out = (each for each, place in zip(known, folds, strict=True) if place == fold)
        gains += [_fit(each, anew) - _fit(each, now) for each in held_out]
    gain = sum(gains) / len(gains)
    error = sqrt(sum((each - gain) ** 2 for each in gains) / max(len(gains) - 1, 1) / len(gains))
    refusal = None
    if len(known) < FEWEST:
        refusal = f"{len(known)} hearings are too few: at least {FEWEST} are needed"
    elif gain <= error:
        refusal = f"no better on hearings not learnt from ({gain:+.4f} a hearing, give or take {error:.4f})"
    return Lesson(name, len(known), _figures(known, now, table), gain, error, refusal)


def _fit(known: Known, confusions: Confusions) -> float:
    """The log likelihood of a hearing of its number."""
    number, other = _said(known), confusions.figures.something_else
    total = sum(
        each.weight * ((1.0 - other) * confusions.likelihood(each.text, number) + other * chance_of_any(each.text))
        for each in known.heard.readings
    )
    return log(max(total, 1e-300))


def _figures(known: Sequence[Known], now: Confusions, table: Figures) -> dict[str, float]:
    counted: dict[str, float] = defaultdict(float)
    for each in known:
        _count(each, now, counted)
    found: dict[str, float] = {}
    for name, opportunity in _OPPORTUNITIES.items():
        before = HEARINGS_BEFOREHAND if opportunity == "hearings" else KNOWN_BEFOREHAND
        share = (before * getattr(table, name) + counted[name]) / (before + counted[opportunity])
        found[name] = min(share, HIGHEST)
    return found


def _count(known: Known, now: Confusions, counted: dict[str, float]) -> None:
    """Add what happened in one hearing to what was counted."""
    number, other = _said(known), now.figures.something_else
    weights = {each.text: each.weight * now.likelihood(each.text, number) for each in known.heard.readings}
    by_chance = sum(each.weight * chance_of_any(each.text) for each in known.heard.readings)
    total = sum(weights.values())
    counted["hearings"] += 1
    of_number = (1.0 - other) * total / ((1.0 - other) * total + other * by_chance) if total > 0.0 else 0.0
    counted["something_else"] += 1.0 - of_number
    for text, weight in weights.items():
        share = of_number * weight / total if total > 0.0 else 0.0
        if share > 0.01:
            for what, times in happened(text, number).items():
                counted[what] += share * times


def _said(known: Known) -> str:
    part = known.heard.part
    if part is None:
        return known.number
    return known.number[: part.characters] if part.end == "first" else known.number[-part.characters :]


def happened(heard: str, said: str) -> Mapping[str, int]:
    """How often each kind of error happened, and how often it could have, when ``said`` was heard as ``heard``: of all
    ways to line them up, the one with the fewest errors, swaps and repeats before others."""
    repeats = sum(one == other for one, other in pairwise(said))
    could = Counter(
        characters=len(said), repeats=repeats, places=len(said) + 1, neighbours=max(len(said) - 1 - repeats, 0)
    )
    could["characters"] -= repeats
    return could + _errors(heard, said)


def _errors(heard: str, said: str) -> Counter[str]:
    """The errors of the best alignment; the cost of what is likelier is a little less."""
    rows: list[list[tuple[float, Counter[str]]]] = []
    for place in range(len(said) + 1):
        row: list[tuple[float, Counter[str]]] = []
        for end in range(len(heard) + 1):
            ways = _ways(rows, row, heard, said, place, end) if place or end else [(0.0, Counter[str]())]
            row.append(min(ways, key=lambda each: each[0]))
        rows.append(row)
    cost, errors = rows[-1][-1]
    return errors if cost <= FARTHEST else Counter()


def _ways(
    rows: list[list[tuple[float, Counter[str]]]],
    row: list[tuple[float, Counter[str]]],
    heard: str,
    said: str,
    place: int,
    end: int,
) -> list[tuple[float, Counter[str]]]:
    """How one may get to this point of the table, with what it costs and the errors made."""
    ways: list[tuple[float, Counter[str]]] = []

    def way(before: tuple[float, Counter[str]], cost: float, error: str | None) -> None:
        ways.append((before[0] + cost, before[1] + Counter([error]) if error else before[1]))

    if place and end:
        same = said[place - 1] == heard[end - 1]
        way(rows[place - 1][end - 1], 0.0 if same else 1.0, None if same else "wrong")
    if place:
        repeat = place > 1 and said[place - 1] == said[place - 2]
        way(rows[place - 1][end], 0.9 if repeat else 1.0, "lost_repeat" if repeat else "lost")
    if end:
        double = end > 1 and heard[end - 1] == heard[end - 2]
        way(row[end - 1], 0.9 if double else 1.0, "doubled" if double else "added")
    if place > 1 and end > 1 and said[place - 2 : place] == heard[end - 1] + heard[end - 2] != heard[end - 2 : end]:
        way(rows[place - 2][end - 2], 0.95, "swapped")
    return ways
