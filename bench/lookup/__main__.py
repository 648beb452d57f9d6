"""Run by `make bench-lookup`; `--help` says what can be chosen."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from pathlib import Path

import uvloop

from bench.lookup import databases, report, server
from bench.lookup.measure import Subject, postgresql_subject, sqlite_subject

SIZES = "10000,1000000,10000000"
_BYTES_A_MESSAGE = 1100
"""Of disk, on either database, with indexes."""


def main() -> None:
    """Makes what is missing, measures, and prints the report."""
    options = _options()
    sizes = [int(size) for size in options.sizes.split(",")]
    kinds = options.databases.split(",")
    options.folder.mkdir(parents=True, exist_ok=True)
    print(
        f"seed {options.seed}, {options.calls} calls of each kind, {options.rounds} rounds; kept in {options.folder}",
        flush=True,
    )
    _check_space(options.folder, sum(sizes) * len(kinds) * _BYTES_A_MESSAGE)
    try:
        with (
            _server(options.folder, "postgresql" in kinds) as socket,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(_make(options.folder, socket, sizes, kinds, options.seed))
            results = runner.run(_measured(options, socket, sizes, kinds))
    except server.NoServer as refused:
        sys.exit(f"{refused}; --databases sqlite does without PostgreSQL")
    print("\n".join(report.lines(results)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-lookup", description=__doc__)
    parser.add_argument("--sizes", default=SIZES, help=f"numbers of messages, default {SIZES}")
    parser.add_argument("--databases", default="sqlite,postgresql", help="which, default sqlite,postgresql")
    parser.add_argument("--calls", type=int, default=50, help="calls drawn of each kind, default 50")
    parser.add_argument("--rounds", type=int, default=12, help="times that each call is placed, default 12")
    parser.add_argument("--seed", type=int, default=1, help="what rows and calls follow from, default 1")
    parser.add_argument("--folder", type=Path, default=Path(".cache/bench").absolute(), help="where databases are kept")
    return parser.parse_args()


def _check_space(folder: Path, needed: int) -> None:
    kept = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    free = shutil.disk_usage(folder).free
    if free < needed - kept:
        sys.exit(f"{folder} has {free / 1e9:.0f} GB left, and this takes {(needed - kept) / 1e9:.0f}; choose --sizes")


@contextmanager
def _server(folder: Path, wanted: bool) -> Iterator[Path | None]:
    if not wanted:
        yield None
        return
    with server.running(folder / "postgresql") as socket:
        yield socket


async def _make(folder: Path, socket: Path | None, sizes: list[int], kinds: list[str], seed: int) -> None:
    for size in sizes:  # both databases at the same time: one core for each
        async with asyncio.TaskGroup() as group:
            if "sqlite" in kinds:
                group.create_task(databases.sqlite_file(folder, size, seed))
            if socket is not None:
                group.create_task(databases.postgresql_name(socket, size, seed))


async def _measured(
    options: argparse.Namespace, socket: Path | None, sizes: list[int], kinds: list[str]
) -> report.Results:
    """Times all databases round by round, so that what else the machine does meets all of them."""
    subjects: dict[tuple[str, int], Subject] = {}
    async with AsyncExitStack() as opened:
        for kind in kinds:
            for size in sizes:
                subject = await _subject(options, socket if kind == "postgresql" else None, size)
                subjects[kind, size] = await opened.enter_async_context(subject)
        for turn in range(options.rounds + 1):
            for one in subjects.values():
                await one.round(turn)
    return {which: one.timed for which, one in subjects.items()}


async def _subject(options: argparse.Namespace, socket: Path | None, size: int) -> AbstractAsyncContextManager[Subject]:
    if socket is None:
        file = await databases.sqlite_file(options.folder, size, options.seed)
        return sqlite_subject(file, options.seed, options.calls)
    name = await databases.postgresql_name(socket, size, options.seed)
    return postgresql_subject(socket, name, options.seed, options.calls)


if __name__ == "__main__":
    main()
