"""Run by `make bench-search`; `--help` says what can be chosen."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import structlog
import uvloop

from bench.lookup import server
from bench.search import stock
from bench.search.measure import Searcher
from router.store.database import Database

MOST = 100.0
"""Milliseconds that a search with its card may take, at the 99th percentile."""


def main() -> None:
    """Makes what is missing, measures, and prints the report."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    kinds = options.databases.split(",")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # wrong codes are meant
    print(
        f"seed {options.seed}, {options.searches} of each kind, {options.rounds} rounds; kept in {options.folder}",
        flush=True,
    )
    try:
        with ExitStack() as opened, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            asked = "postgresql" in kinds
            socket = opened.enter_context(server.running(options.folder / "postgresql")) if asked else None
            results = {kind: runner.run(_measured(options, socket if kind == "postgresql" else None)) for kind in kinds}
    except server.NoServer as refused:
        sys.exit(f"{refused}; --databases sqlite does without PostgreSQL")
    print("\n".join(line for kind, searcher in results.items() for line in _lines(kind, searcher)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-search", description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="customers and messages, default 1000000")
    parser.add_argument("--databases", default="sqlite,postgresql", help="which, default sqlite,postgresql")
    parser.add_argument("--searches", type=int, default=100, help="searches drawn of each kind, default 100")
    parser.add_argument("--rounds", type=int, default=5, help="times each is made, the fastest counts, default 5")
    parser.add_argument("--seed", type=int, default=1, help="what rows and searches follow from, default 1")
    parser.add_argument("--folder", type=Path, default=Path(".cache/bench").absolute(), help="where databases are kept")
    return parser.parse_args()


async def _measured(options: argparse.Namespace, socket: Path | None) -> Searcher:
    if socket is None:
        url = await stock.sqlite_url(options.folder, options.size, options.seed)
    else:
        url = await stock.postgresql_url(socket, options.size, options.seed)
    database = Database(url)
    searcher = Searcher(database, options.size, options.seed, options.searches)
    for _ in range(options.rounds):
        await searcher.round()
    await database.close()
    return searcher


def _lines(database: str, searcher: Searcher) -> Iterator[str]:
    yield f"**{database}**"
    yield ""
    yield "| searched | found | search p50 ms | card p50 ms | together p99 ms |"
    yield "| --- | --: | --: | --: | --: |"
    for kind, timed in searcher.timed.items():
        (search, card), found = timed.medians, f"{min(timed.found)} to {max(timed.found)}"
        yield f"| {kind} | {found} | {search:.1f} | {card:.1f} | {timed.slowest:.1f} |"
    yield ""
    late = [f"{kind} {timed.slowest:.0f}" for kind, timed in searcher.timed.items() if timed.slowest > MOST]
    yield f"Under {MOST:g} ms at the 99th percentile: " + (f"NOT met: {'; '.join(late)}." if late else "met for all.")
    yield ""


if __name__ == "__main__":
    main()
