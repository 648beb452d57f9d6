"""(f) What a decision costs as messages grow; the same measuring as `make bench-lookup`, on SQLite."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path

import uvloop

from bench.lookup import databases
from bench.lookup.kinds import CallKind
from bench.lookup.measure import Subject, sqlite_subject
from bench.speed.tables import table

SIZES = (10_000, 1_000_000)
_FOLDER, _SEED, _CALLS = Path(".cache/bench").absolute(), 1, 30


def run(rounds: int, sizes: tuple[int, ...]) -> str:
    """The table. Databases that are not there yet are made, and kept."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        measured = [runner.run(_measured(size, rounds)) for size in sizes]
    head = ("decision, and its statements bare, µs", *(f"{size:,} messages" for size in sizes), "grows", "bare grows")
    return table(head, [_line(kind, measured) for kind in CallKind])


async def _measured(size: int, rounds: int) -> Subject:
    file = await databases.sqlite_file(_FOLDER, size, _SEED)
    async with sqlite_subject(file, _SEED, _CALLS) as subject:
        for turn in range(rounds + 1):
            await subject.round(turn)
        return subject


def _line(kind: CallKind, measured: list[Subject]) -> tuple[str, ...]:
    times = [subject.timed[kind] for subject in measured]
    ours = [statistics.median(each.decisions) for each in times]
    bare = [statistics.median(each.bare) for each in times]
    cells = (f"{one:,.0f} / {other:,.0f}" for one, other in zip(ours, bare, strict=True))
    return kind.value, *cells, f"{ours[-1] / ours[0]:.2f}", f"{bare[-1] / bare[0]:.2f}"
