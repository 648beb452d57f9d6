"""What was measured, as tables, and in one line for each aim whether it was met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.lookup.kinds import CallKind
from bench.lookup.measure import Timed

MOST = 3.0
"""How many times as long as its bare statements a decision may take, at the median."""
TOLERANCE = 1.1
"""Below this a difference in growth is noise."""

Results = Mapping[tuple[str, int], Mapping[CallKind, Timed]]
"""By database and number of messages."""


def lines(results: Results) -> Iterator[str]:
    """The report in Markdown."""
    for (database, size), timed in results.items():
        yield f"**{database}, {size:,} messages**"
        yield ""
        yield "| call | statements | decision p50 µs | p99 | bare p50 µs | p99 | ratio p50 | p99 |"
        yield "| --- | --: | --: | --: | --: | --: | --: | --: |"
        for kind, one in timed.items():
            (decision, bare), (late, bare_late) = one.medians, one.slowest
            yield (
                f"| {kind} | {one.statements} | {decision:.0f} | {late:.0f} | {bare:.0f} | {bare_late:.0f} | "
                f"{one.ratio:.2f} | {late / bare_late:.2f} |"
            )
        yield ""
    yield from _growth(results)
    yield from _aims(results)


def _growth(results: Results) -> Iterator[str]:
    for database, (small, large) in _spans(results).items():
        yield f"**{database}, growth of the median from {small:,} to {large:,} messages**"
        yield ""
        yield "| call | decision | bare statements |"
        yield "| --- | --: | --: |"
        for kind, (decision, bare) in _grown(results, database, small, large).items():
            yield f"| {kind} | × {decision:.2f} | × {bare:.2f} |"
        yield ""


def _aims(results: Results) -> Iterator[str]:
    over = [
        f"{database} {size:,} {kind} {one.ratio:.2f}"
        for (database, size), timed in results.items()
        for kind, one in timed.items()
        if one.ratio > MOST
    ]
    aim = f"At most {MOST:g} times the bare statements at the median"
    yield f"{aim}: " + (f"NOT met: {'; '.join(over)}." if over else "met for every kind of call.")
    spans = _spans(results)
    if not spans:
        yield "Growing no faster than the statements: not measured, it takes two sizes."
        return
    faster = [
        f"{database} {kind} × {decision:.2f} against × {bare:.2f}"
        for database, (small, large) in spans.items()
        for kind, (decision, bare) in _grown(results, database, small, large).items()
        if decision > bare * TOLERANCE
    ]
    aim = f"Growing no faster than the statements (within {TOLERANCE - 1:.0%})"
    yield f"{aim}: " + (f"NOT met: {'; '.join(faster)}." if faster else "met for every kind of call.")


def _spans(results: Results) -> dict[str, tuple[int, int]]:
    sizes: dict[str, list[int]] = {}
    for database, size in results:
        sizes.setdefault(database, []).append(size)
    return {database: (min(each), max(each)) for database, each in sizes.items() if len(each) > 1}


def _grown(results: Results, database: str, small: int, large: int) -> dict[CallKind, tuple[float, float]]:
    before, after = results[database, small], results[database, large]
    return {
        kind: (after[kind].medians[0] / before[kind].medians[0], after[kind].medians[1] / before[kind].medians[1])
        for kind in before
    }
