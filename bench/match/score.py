"""Runs all methods over a town and holds what they made of it against the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.match import baselines, ours
from bench.match.figures import Scored
from bench.match.mixes import Sorter
from bench.match.outcome import Outcome
from bench.match.rules import TownRules
from bench.match.town import Town, build
from bench.match.traffic import Call

OURS = "Threadline"


@dataclass(frozen=True, slots=True)
class Job:
    """One town to run."""

    name: str
    rules: TownRules
    seed: int
    calls: int


@dataclass(frozen=True, slots=True)
class Result:
    """The scored calls of a town by method; ours is the first."""

    name: str
    seed: int
    customers: int
    messages: int
    methods: Mapping[str, list[Scored]]


def run(job: Job) -> Result:
    """Build the town and take its calls through every method."""
    town = build(job.name, job.rules, job.seed, job.calls)
    scorer = _Scorer(town)
    methods = {OURS: scorer.all(asyncio.run(ours.run(town)))}
    methods |= {name: scorer.all(outcomes) for name, outcomes in baselines.run(town)}
    return Result(job.name, job.seed, len(town.people.customers), len(town.messages), methods)


class _Scorer:
    def __init__(self, town: Town) -> None:
        self._town = town
        self._sorter = Sorter(town)
        self._household = {each.message_id: each.customer.household for each in town.messages}

    def all(self, outcomes: Iterable[Outcome]) -> list[Scored]:
        return [self._scored(call, outcome) for call, outcome in zip(self._town.calls, outcomes, strict=True)]

    def _scored(self, call: Call, outcome: Outcome) -> Scored:
        home = call.caller.household if call.caller is not None else None
        stranger = outcome.named is not None and self._household[outcome.named] != home
        tieable = call.message is not None and self._sorter.tieable(call)
        return Scored(call, self._sorter.mix(call), tieable, outcome, stranger)
