"""Recorded calls run again on a draft: which would have gone another way, with counts and a few of each."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError

from router.core.events import CallStarted
from router.engine.followed import Followed
from router.engine.recorded import RecordedTurn, from_record
from router.engine.replay import RecordedCall, Replayed, Verdict, followed
from router.engine.replay import replay as run_again
from router.engine.session import session_from_json
from router.flow.files import kept_files
from router.flow.model import Flow
from router.flow.problems import FlowRefused
from router.store import call_events
from router.store import flow_versions as versions
from router.store.database import Connection, Database

log = structlog.get_logger(__name__)

MOST_CALLS = 5000
"""Calls that are looked at, the newest first, where nothing else is said."""
BITE = 25
"""Calls run at a time, in a thread of their own; between two of them the event loop has its turn, and so has the
database."""
MOST_EXAMPLES = 5
MOST_SETS = 16
"""Sets of flows kept ready, for calls that began with them."""

Progress = Callable[[int, int], None]
"""Told how many calls have been looked at, of how many."""


@dataclass(frozen=True, slots=True)
class Example:
    """A call that stands for others like it; ``parted`` is the step at which it goes another way, or at which it
    cannot be told."""

    call_id: str
    started_at: datetime
    parted: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """Calls that go alike: from an old end to a new one, or to one that cannot be told, and ``why``."""

    verdict: Verdict
    old_end: str | None
    new_end: str | None
    why: str
    calls: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of running calls again; ``changes`` has all that do not go the same way, the most frequent first."""

    looked_at: int
    same: int
    other_steps: int
    other_end: int
    cannot_tell: int
    changes: tuple[Change, ...]


async def replay(
    database: Database,
    flow: Flow,
    *,
    since: datetime,
    limit: int = MOST_CALLS,
    progress: Progress | None = None,
) -> Report:
    """Run the newest ``limit`` calls that began at ``since`` or later and have ended on the set of ``flow``: each on
    the flow of the name that it began with. Nothing is changed or sent."""
    tally, other, own = _Tally(), followed(flow), _Sets()
    async with database.read(long=True) as connection:
        total = min(limit, await call_events.count_ended_calls(connection, since))
    before: tuple[datetime, str] | None = None
    while tally.looked_at < total:
        bite = min(BITE, total - tally.looked_at)
        async with database.read(long=True) as connection:
            rows = await call_events.ended_calls(connection, since, before, bite)
            if not rows:
                break
            turns = await call_events.of_calls(connection, [row.id for row in rows])
        before = (rows[-1].started_at, rows[-1].id)
        for row, replayed in await _bite(database, own, other, rows, turns):
            tally.add(row, replayed)
        if progress is not None:
            progress(tally.looked_at, total)
    return tally.report()


async def _bite(
    database: Database, own: _Sets, other: Followed, rows: Sequence[Any], turns: Sequence[Any]
) -> list[tuple[Any, Replayed]]:
    by_call: dict[str, list[Any]] = {}
    for turn in turns:
        by_call.setdefault(turn.call_id, []).append(turn)
    calls = await asyncio.to_thread(lambda: [_read(row, by_call.get(row.id, [])) for row in rows])
    async with database.read(long=True) as connection:
        sets = {revision: await own.of(connection, revision) for _, revision in calls if revision}

    def run() -> list[tuple[Any, Replayed]]:
        return [
            (row, _again(row, call, sets.get(revision), other))
            for row, (call, revision) in zip(rows, calls, strict=True)
        ]

    return await asyncio.to_thread(run)


def _read(row: Any, turns: Sequence[Any]) -> tuple[RecordedCall | None, str]:
    """The call and the name of the set it ran; None for one that another version of the program kept otherwise."""
    try:
        session = session_from_json(row.session)
        ahead = timedelta(seconds=session.ahead)
        kept = tuple(from_record(turn.at + ahead, turn.event) for turn in turns)
    except ValidationError:
        return None, ""
    return RecordedCall(row.id, _from_number(kept, row.caller), session.trace), session.revision


def _from_number(turns: tuple[RecordedTurn, ...], number: str | None) -> tuple[RecordedTurn, ...]:
    """With the caller number, which stands with the call as long as it may: it can choose the language."""
    match turns:
        case (RecordedTurn(event=CallStarted(caller=caller) as begin) as first, *others) if number and caller.number:
            known = replace(begin, caller=replace(caller, number=number))
            return (replace(first, event=known), *others)
        case _:
            return turns


def _again(row: Any, call: RecordedCall | None, own: Followed | None, other: Followed) -> Replayed:
    if call is None:
        return Replayed(row.id, Verdict.CANNOT_TELL, why="was kept by another version of the program")
    if own is None:
        return Replayed(row.id, Verdict.CANNOT_TELL, why="the flows it ran were not kept")
    try:
        return run_again(call, own, other)
    except Exception as error:  # one call must not keep the others from being told
        log.warning("a call cannot be run again", call=row.id, error=type(error).__name__)
        return Replayed(row.id, Verdict.CANNOT_TELL, why="cannot be run again")


class _Sets:
    """The sets of flows that calls ran, made ready; None for one that was not kept or that cannot be run any more."""

    def __init__(self) -> None:
        self._ready: OrderedDict[str, Followed | None] = OrderedDict()

    async def of(self, connection: Connection, revision: str) -> Followed | None:
        """The set of this name."""
        if revision not in self._ready:
            files = await versions.files_of(connection, revision)
            if files is None and (text := await versions.text_of(connection, revision)):
                files = {"flow.yaml": text}  # a call from before there were sets
            self._ready[revision] = await asyncio.to_thread(_made_ready, files) if files else None
            if len(self._ready) > MOST_SETS:
                self._ready.popitem(last=False)
        self._ready.move_to_end(revision)
        return self._ready[revision]


def _made_ready(files: Any) -> Followed | None:
    try:
        return Followed(kept_files(files).flows)
    except FlowRefused:
        return None


class _Tally:
    """Counts what came of each call, and keeps a few examples."""

    def __init__(self) -> None:
        self.looked_at = 0
        self._verdicts: Counter[Verdict] = Counter()
        self._calls: Counter[tuple[Verdict, str | None, str | None, str]] = Counter()
        self._examples: dict[tuple[Verdict, str | None, str | None, str], list[Example]] = {}

    def add(self, row: Any, replayed: Replayed) -> None:
        self.looked_at += 1
        self._verdicts[replayed.verdict] += 1
        if replayed.verdict is Verdict.SAME:
            return
        kind = (replayed.verdict, replayed.old_end, replayed.new_end, replayed.why)
        self._calls[kind] += 1
        examples = self._examples.setdefault(kind, [])
        if len(examples) < MOST_EXAMPLES:
            examples.append(Example(replayed.call_id, row.started_at, replayed.parted))

    def report(self) -> Report:
        verdicts = self._verdicts
        return Report(
            self.looked_at,
            verdicts[Verdict.SAME],
            verdicts[Verdict.OTHER_STEPS],
            verdicts[Verdict.OTHER_END],
            verdicts[Verdict.CANNOT_TELL],
            tuple(Change(*kind, calls, tuple(self._examples[kind])) for kind, calls in self._calls.most_common()),
        )
