"""`make bench-engine`: steps a second and µs a step, with and without JSON, and the room that waiting calls take."""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.engine.tapes import Tape, tapes_of
from router.core.events import CallStarted
from router.engine.session import Session, session_to_json
from router.flow.problems import FlowRefused

ROUNDS, TURNS = 15, 40


@dataclass(frozen=True, slots=True)
class Timed:
    """µs of CPU a step: the fastest round, the median and the slowest."""

    name: str
    steps: int
    fastest: float
    median: float
    slowest: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 0, whatever was measured, 2 where there is nothing to run."""
    asked = _parser().parse_args(arguments)
    try:
        tapes = tapes_of(asked.flows)
    except (FlowRefused, LookupError) as error:
        print(f"bench-engine: {error}", file=sys.stderr)
        return 2
    if not tapes:
        print(f"bench-engine: {asked.flows} has no scenarios", file=sys.stderr)
        return 2
    _speed(tapes, asked.rounds, asked.turns)
    _room(tapes, asked.sessions)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-engine", description=__doc__)
    parser.add_argument("--flows", type=Path, default=Path("ivr_flows"), help="folder of flows, with scenarios")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds to take the median of (else {ROUNDS})")
    parser.add_argument("--turns", type=int, default=TURNS, help=f"times each call runs in a round (else {TURNS})")
    parser.add_argument("--sessions", type=int, default=10_000, help="calls that wait at one time (else 10000)")
    return parser


# -- speed ---------------------------------------------------------------------------------------------------------


def _speed(tapes: Sequence[Tape], rounds: int, turns: int) -> None:
    steps = sum(tape.steps for tape in tapes)
    print(f"{len(tapes)} calls of {steps} steps in all, each {turns} times a round, {rounds} rounds; one core\n")
    print(f"{'µs of CPU a step':<28}{'fastest':>9}{'median':>9}{'slowest':>9}{'steps/s':>10}")
    ways: dict[str, Callable[[Tape], Session]] = {"engine": Tape.run, "engine and JSON": Tape.run_stored}
    for name, way in ways.items():
        timed = _timed(name, way, tapes, rounds, turns)
        print(f"{name:<28}{timed.fastest:>9.1f}{timed.median:>9.1f}{timed.slowest:>9.1f}{1e6 / timed.median:>10,.0f}")
    print("\nby call, engine alone, µs a step (median)")
    for tape in sorted(tapes, key=lambda tape: tape.name):
        timed = _timed(tape.name, Tape.run, [tape], rounds, turns)
        print(f"  {tape.name:<34}{tape.steps:>3} steps{timed.median:>9.1f}")


def _timed(name: str, way: Callable[[Tape], Session], tapes: Sequence[Tape], rounds: int, turns: int) -> Timed:
    steps = sum(tape.steps for tape in tapes) * turns
    for tape in tapes:
        way(tape)  # once before it counts: expressions are compiled, calendars are read
    found = []
    for _ in range(rounds):
        begun = time.thread_time()
        for _ in range(turns):
            for tape in tapes:
                way(tape)
        found.append((time.thread_time() - begun) * 1e6 / steps)
    return Timed(name, steps, min(found), statistics.median(found), max(found))


# -- room ----------------------------------------------------------------------------------------------------------


def _room(tapes: Sequence[Tape], count: int) -> None:
    print(f"\n{count:,} calls that wait where their scenario's last event finds them")
    waiting = [tape for tape in tapes if len(tape.events) > 1]
    gc.collect()
    before = _resident()
    tracemalloc.start()
    sessions = [_at_its_last_wait(waiting[number % len(waiting)], number) for number in range(count)]
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    sizes = [len(session_to_json(session).encode()) for session in sessions]
    print(f"  memory a session        {held / count / 1000:>8.1f} kB   (Python's own count)")
    print(f"  as JSON, median         {statistics.median(sizes) / 1000:>8.1f} kB")
    print(f"  as JSON, largest        {max(sizes) / 1000:>8.1f} kB")
    print(f"  process, before and at its peak {before:,.0f} → {_resident():,.0f} MB, the count's own cost among it")


def _at_its_last_wait(tape: Tape, number: int) -> Session:
    """A session that shares nothing with another's but the flow: numbers differ as those of callers do."""
    caller = replace(tape.begin.caller, number=None if tape.begin.caller.withheld else f"+4930{number:08}")
    begin = CallStarted("asterisk", caller, f"{tape.begin.service_number or '+4930'}"[:40], trunk="PJSIP/trunk")
    own = replace(tape, events=(begin, *tape.events[1:]))
    return own.run(f"{number:032x}", until=len(tape.events) - 1)


def _resident() -> float:
    """The most memory the process has had so far, in MB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main())
