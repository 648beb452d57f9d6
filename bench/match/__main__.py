"""`make bench-match`: builds synthetic towns, takes their calls through every method, and prints the figures."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from bench.match import guessers, report, score
from bench.match.house import quiet
from bench.match.rules import TOWNS, changed

SEEDS = (11,)
CALLS = 2_500
PROCESSES = 2
LIVE = 5_000
"""Live codes that guessers guess at."""
GUESSED = (10, 6)
"""Digits of these: as issued, and few, so that there are hits enough to hold against the maths."""
GUESSING_DAYS = 5


def main(arguments: list[str] | None = None) -> int:
    """Run the bench; 0, whatever was measured, 2 for wrong arguments."""
    asked = _parser().parse_args(arguments)
    try:
        settings = dict(each.split("=", 1) for each in asked.set)
        jobs = [
            score.Job(name, changed(TOWNS[name], settings), seed, asked.calls)
            for name in asked.town or TOWNS
            for seed in asked.seed or SEEDS
        ]
    except ValueError as error:
        print(f"bench-match: {error}", file=sys.stderr)
        return 2
    begun = time.perf_counter()
    print(f"towns {', '.join(sorted({job.name for job in jobs}))}; seeds {sorted({job.seed for job in jobs})}\n")
    guessing = [guessers.Guessing(jobs[0].rules, digits, LIVE, GUESSING_DAYS, jobs[0].seed) for digits in GUESSED]
    with ProcessPoolExecutor(PROCESSES, initializer=quiet) as pool:
        guessed = pool.map(guessers.run, guessing)
        results = list(pool.map(score.run, jobs))
        told = guessers.lines(list(guessed))
    if asked.details and len(results) > 1:
        for result in results:
            print(report.town(result), end="\n\n")
    print(report.together(results))
    print("", *told, sep="\n")
    print(f"\n{time.perf_counter() - begun:.0f} s")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-match", description=__doc__)
    parser.add_argument("--town", action="append", choices=sorted(TOWNS), help="a town, several times for several")
    parser.add_argument("--seed", action="append", type=int, help=f"a seed, several times for several (else {SEEDS})")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"calls that count, in each town (else {CALLS})")
    parser.add_argument("--set", action="append", default=[], metavar="RULE=VALUE", help="change a rule of all towns")
    parser.add_argument("--details", action="store_true", help="print every town by itself, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
