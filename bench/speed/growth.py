"""(f) What a decision costs as messages grow; the same measuring as `make bench-lookup`, on SQLite."""

from __future__ import annotations

import asyncio
from pathlib import Path

import uvloop

from bench.lookup import databases
from bench.lookup.kinds import CallKind
from bench.lookup.measure import Subject, sqlite_subject
from bench.speed.tables import table

SIZES = (10_000, 1_000_000, 10_000_000)
AIM = 3.0
"""How often more a decision may take among the most messages than among the fewest."""
_FOLDER, _SEED, _CALLS = Path(".cache/bench").absolute(), 1, 30


def run(rounds: int, sizes: tuple[int, ...]) -> str:
    """The table, and whether the aim is met. Databases that are not there yet are made, and kept."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        measured = [runner.run(_measured(size, rounds)) for size in sizes]
    head = ("decision, and its statements bare, µs", *(f"{size:,} messages" for size in sizes), "grows", "bare grows")
    return f"{table(head, [_line(kind, measured) for kind in CallKind])}\n\n{_held(measured)}"


async def _measured(size: int, rounds: int) -> Subject:
    file = await databases.sqlite_file(_FOLDER, size, _SEED)
    async with sqlite_subject(file, _SEED, _CALLS) as subject:
        for turn in range(rounds + 1):
            await subject.round(turn)
        return subject


def _line(kind: CallKind, measured: list[Subject]) -> tuple[str, ...]:
    medians = [subject.timed[kind].medians for subject in measured]
    cells = (f"{ours:,.0f} / {bare:,.0f}" for ours, bare in medians)
    return kind.value, *cells, *(f"{last / first:.2f}" for first, last in zip(medians[0], medians[-1], strict=True))


def _held(measured: list[Subject]) -> str:
    """The kind of call that grows most, against the aim."""
    grown = {kind: measured[-1].timed[kind].medians[0] / measured[0].timed[kind].medians[0] for kind in CallKind}
    most = max(grown, key=grown.__getitem__)
    word = "met" if grown[most] <= AIM else "not met"
    return f"Aim, at most {AIM:g} times: {word}; the most is {grown[most]:.2f} times, {most.value}."
