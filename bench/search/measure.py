"""Times what agents search, with the card that shows what was found, and cards with much on them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median, quantiles
from time import perf_counter_ns

from bench.search.rows import BUSY, COMMON, KEYS, MUCH_SENT_TO, NOW, SEARCHER, SHARED, SHARING, known
from router.calls.guesses import Guesses
from router.desk.cards import cards_for
from router.desk.searching import Searching
from router.matching.lockout import Limits
from router.store.database import Connection, Database

CARDS = {"card of a customer with much": BUSY, "card of one of ten": SHARING, "card of nobody": SEARCHER}

SEARCHED = NOW + timedelta(seconds=1)


@dataclass(slots=True)
class Timed:
    """Milliseconds of each search and of the card made after it, by its place among those of its kind: the fastest of
    all rounds, so that what else the machine does counts little. And how many entries were found, each time."""

    searches: dict[int, float] = field(default_factory=dict)
    cards: dict[int, float] = field(default_factory=dict)
    found: set[int] = field(default_factory=set)

    def take(self, place: int, search: float, card: float, found: int) -> None:
        """Note what one of them took."""
        self.searches[place] = min(search, self.searches.get(place, search))
        self.cards[place] = min(card, self.cards.get(place, card))
        self.found.add(found)

    @property
    def medians(self) -> tuple[float, float]:
        return median(self.searches.values()), median(self.cards.values())

    @property
    def slowest(self) -> float:
        """The 99th percentile of search and card together."""
        both = [self.searches[place] + self.cards[place] for place in self.searches]
        return quantiles(both, n=100, method="inclusive")[98]


class _TakenBack(Exception):
    """Raised to take back what a search has written."""


def terms(size: int, seed: int, count: int) -> Iterator[tuple[str, list[str]]]:
    """What is searched, of each kind."""
    source = random.Random(seed)
    drawn = [known(source.randrange(1000, size - 1), seed) for _ in range(count)]
    yield "code", [each.code for each in drawn]
    yield "code nobody has", [f"{source.randrange(10**9, 10**10)}" for _ in drawn]
    yield "reference", [each.reference for each in drawn]
    yield "reference nobody has", [f"XX{source.randrange(10**7)}" for _ in drawn]
    yield "customer number", [each.customer for each in drawn]
    yield "telephone number", [each.number for each in drawn]
    yield "number of 50 customers", [SHARED] * count
    yield "number with 20,000 messages", [MUCH_SENT_TO] * count
    yield "whole name", [f"{each.first} {each.last}" for each in drawn]
    yield "rare name", [each.last for each in drawn if each.last not in COMMON]
    yield "most frequent name", ["Müller"] * count
    yield "initial and most frequent name", [f"{each.first[0]}. Müller" for each in drawn]
    yield "two frequent names", [f"{each.first} Müller" for each in drawn]
    yield "beginnings of two names", [f"{each.first[:2]} {each.last[:3]}" for each in drawn]
    yield "three letters", [each.last[:3] for each in drawn]
    yield "frequent name and one nobody has", ["Müller Xaverl"] * count
    yield "name nobody has", [f"Qu{each.last}" for each in drawn]


class Searcher:
    """Searches on one database. Call `round` as often as wanted."""

    def __init__(self, database: Database, size: int, seed: int, count: int) -> None:
        self._database = database
        self._terms = dict(terms(size, seed, count))
        self._count = count
        self._searching = Searching(Guesses(KEYS, Limits()), KEYS, region="DE", a_minute=1000)
        self.timed = {kind: Timed() for kind in (*self._terms, *CARDS)}

    async def round(self) -> None:
        """Everything once."""
        for kind, each in self._terms.items():
            for place, term in enumerate(each):
                await self._search(self.timed[kind], place, term)
        for kind, person in CARDS.items():
            for place in range(self._count):
                async with self._database.read() as connection:
                    self.timed[kind].take(place, 0.0, *await _card(connection, person))

    async def _search(self, timed: Timed, place: int, term: str) -> None:
        with suppress(_TakenBack):
            async with self._database.begin() as connection:
                begun = perf_counter_ns()
                await self._searching.search(connection, SEARCHER, f"card-{SEARCHER}", term, SEARCHED, "normal")
                took = (perf_counter_ns() - begun) / 1e6
                timed.take(place, took, *await _card(connection, SEARCHER))
                raise _TakenBack


async def _card(connection: Connection, person: str) -> tuple[float, int]:
    """Milliseconds that a person's card took, and how many entries of a search are on it."""
    begun = perf_counter_ns()
    (card,) = await cards_for(connection, person, SEARCHED, "normal")
    return (perf_counter_ns() - begun) / 1e6, len(card.found.each) if card.found else 0
