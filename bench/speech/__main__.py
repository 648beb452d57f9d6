"""`make bench-speech`: lets recordings of spoken references be heard, and prints how callers fare."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.match.house import quiet
from bench.speech import report
from bench.speech.baselines import exactly, nearest
from bench.speech.listened import Listened, keep, kept, listen
from bench.speech.outcome import Ended, outcome
from bench.speech.recordings import NoRecordings, Recording, recordings
from bench.speech.stock import SHARERS, Stock, stocked
from router.settings import SettingsRefused, load
from router.speech.recognition.choice import ear_of

AUDIO = Path("../shared/audio")
LIVE = (1_000, 100_000)
SEED = 11


def main(arguments: list[str] | None = None) -> int:
    """Run the bench; 0, whatever was measured, 2 where it cannot be run."""
    asked = _parser().parse_args(arguments)
    quiet()
    try:
        spoken = recordings(asked.audio)
        listened = kept(asked.readings) if asked.readings and asked.readings.exists() else asyncio.run(_heard(spoken))
    except (NoRecordings, SettingsRefused, OSError, ValueError) as error:
        print(f"bench-speech: {error}", file=sys.stderr)
        return 2
    if asked.readings and not asked.readings.exists():
        keep(asked.readings, listened)
    print(*report.latency(listened, spoken), sep="\n")
    for size in asked.live or LIVE:
        asyncio.run(_measure(spoken, listened, size, asked.seed))
    return 0


async def _heard(spoken: Sequence[Recording]) -> list[Listened]:
    ear = ear_of(load())
    if ear is None:
        raise NoRecordings("there is no recogniser: run 'threadline speech install'")
    try:
        await ear.prepare()
        return await listen(ear, spoken)
    finally:
        await ear.aclose()


async def _measure(spoken: Sequence[Recording], listened: Sequence[Listened], size: int, seed: int) -> None:
    """Numbers with letters and those without are not looked for in one set: few senders use both."""
    begun = time.perf_counter()
    made = {each.name: each for each in listened}
    live: list[Ended] = []
    known: list[Ended] = []
    strange: list[Ended] = []
    exact, near = [], []
    for digits in (True, False):
        part = [each for each in spoken if each.truth.isdigit() is digits and each.name in made]
        if not part:
            continue
        async with stocked(size, [each.truth for each in part], seed) as stock:
            choices = sorted(stock.references)
            exact += [exactly(each, made[each.name], stock.references) for each in part]
            near += [nearest(each, made[each.name], choices) for each in part]
            live += await _outcomes(stock, part, made)
            known += await _outcomes(stock, part, made, known=True)
            await stock.forget()
            strange += await _outcomes(stock, part, made)
    lines = report.outcomes(f"== {size:,} live references, caller withheld: % of callers", live)
    lines += report.baselines("   the same without questions", {"text, exactly": exact, "nearest": near})
    lines += report.outcomes(f"== the same, from a landline that {SHARERS} customers share", known)
    lines += report.outcomes("== the same, withheld, references that are not live", strange)
    print(*lines, f"{time.perf_counter() - begun:.0f} s\n", sep="\n")


async def _outcomes(
    stock: Stock, spoken: Sequence[Recording], made: dict[str, Listened], *, known: bool = False
) -> list[Ended]:
    async with stock.database.read() as connection:
        return [await outcome(connection, stock, each, made[each.name], known=known) for each in spoken]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-speech", description=__doc__)
    parser.add_argument("--audio", type=Path, default=AUDIO, help=f"a folder with a manifest.csv (else {AUDIO})")
    parser.add_argument("--live", action="append", type=int, help=f"live references, several times (else {LIVE})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the references (else {SEED})")
    parser.add_argument("--readings", type=Path, help="keep what was heard in this file, and use it where it is there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
