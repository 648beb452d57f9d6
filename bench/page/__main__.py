"""`make bench-page`: what a page transfers on a cold cache, and when it can be used with the processor slowed down."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import async_playwright

from bench.page.visit import Visit, visit
from tests.desk.site import Site, dial_to_queue, launched, message, service

SLOWER, TIMES = 4, 9
WEIGHT_ALLOWED, TIME_ALLOWED = 200_000, 1000.0
"""Bytes, and milliseconds, for the desk."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page to measure; `ready` is a selector of what is there when it can be used."""

    name: str
    path: str
    ready: str
    calling: bool = False
    """A call rings."""


_LIVE = "#connection[data-state=live]"
DESK = (
    Place("desk, no call", "/desk", f"body:has({_LIVE}):has(#cards .big) [data-presence=ready]"),
    Place("desk, ringing", "/desk", f"body:has({_LIVE}) article[data-state=ringing]", calling=True),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when the desk keeps to what is allowed, 1 when not."""
    asked = _parser().parse_args(arguments)
    measured = asyncio.run(_measure(asked.times, asked.slower))
    print(
        f"medians of {asked.times} visits, cold cache, processor {asked.slower}x slower; of the times the longest too"
    )
    print(f"{'page':<16}{'requests':>10}{'KB':>9}{'first paint ms':>16}{'usable ms':>12}{'longest ms':>12}")
    kept = True
    for place, visits in measured.items():
        weight = statistics.median(each.weight for each in visits)
        usable = statistics.median(each.usable for each in visits)
        print(
            f"{place.name:<16}{statistics.median(each.requests for each in visits):>10.0f}{weight / 1000:>9.1f}"
            f"{statistics.median(each.painted for each in visits):>16.0f}{usable:>12.0f}"
            f"{max(each.usable for each in visits):>12.0f}"
        )
        kept = kept and weight < WEIGHT_ALLOWED and usable < TIME_ALLOWED
    print(f"allowed: {WEIGHT_ALLOWED / 1000:.0f} KB, {TIME_ALLOWED:.0f} ms: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


async def _measure(times: int, slower: int) -> dict[Place, list[Visit]]:
    found: dict[Place, list[Visit]] = {place: [] for place in DESK}
    with tempfile.TemporaryDirectory(prefix="threadline-bench-") as folder:
        async with _site(Path(folder)) as site:
            for place in DESK:
                person = await site.person("ringing" if place.calling else "idle", "de")
                if place.calling:
                    await message(site)
                    await site.agents.presence.ready(person)
                    await dial_to_queue(site)
                for _ in range(times):
                    found[place].append(await visit(site, person, place.path, place.ready, slower))
                await site.agents.presence.off(person)
    return found


@asynccontextmanager
async def _site(folder: Path) -> AsyncIterator[Site]:
    async with async_playwright() as playwright, launched(playwright) as browser, service(folder, browser) as site:
        yield site


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-page ARGS=", description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES, help="visits of each page")
    parser.add_argument("--slower", type=int, default=SLOWER, help="how many times slower the processor is")
    return parser


if __name__ == "__main__":
    sys.exit(main())
