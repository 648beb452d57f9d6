"""Times decisions and, in turn with them, the bare statements they consist of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter_ns
from typing import Any

import aiosqlite
import asyncpg  # type: ignore[import-untyped]

from bench.lookup.kinds import KEYS, Call, CallKind, Fetch, code_of, draw
from bench.lookup.rows import LEASED, NOW
from router.calls.lookup import find_matches
from router.store.database import Connection, Database
from router.store.sqlite_connections import EmbeddedConnection

Statement = tuple[str, Sequence[Any]]
Bare = Callable[[str, Sequence[Any]], Awaitable[Any]]


@dataclass(slots=True)
class Timed:
    """Microseconds of each decision and of its statements, in the same order; how many statements it takes."""

    decisions: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    statements: int = 0

    @property
    def medians(self) -> tuple[float, float]:
        return median(self.decisions), median(self.bare)

    @property
    def slowest(self) -> tuple[float, float]:
        """The 99th percentiles."""
        return quantiles(self.decisions, n=100)[98], quantiles(self.bare, n=100)[98]

    @property
    def ratio(self) -> float:
        decision, bare = self.medians
        return decision / bare


class Subject:
    """One database, made ready: calls are drawn, and what each decision asks is recorded. Use `sqlite_subject` and
    `postgresql_subject`, then `round` as often as wanted."""

    def __init__(
        self, connection: Connection, bare: Bare, fetch: Fetch, calls: dict[CallKind, list[Call]], driver: type[Any]
    ) -> None:
        self._connection = connection
        self._bare = bare
        self._fetch = fetch
        self._calls = calls
        self._driver = driver
        self._recorded: dict[CallKind, list[Sequence[Statement]]] = {}
        self.timed = {kind: Timed() for kind in CallKind}

    async def record(self) -> None:
        """Reads all once, so that neither side meets a cold disk, and gives the messages true codes to be opened."""
        read: set[str] = set()
        for kind, calls in self._calls.items():
            self._recorded[kind] = [await _recorded(self._connection, call, self._driver) for call in calls]
            self.timed[kind].statements = max(map(len, self._recorded[kind]))
            for statements in self._recorded[kind]:
                for text, values in statements:
                    read |= {row[2] for row in await self._bare(text, values) if len(row) > 3 and row[3] is not None}
        for message_id in sorted(read):
            sealed = KEYS.seal(code_of(message_id), message_id)
            await self._fetch("UPDATE messages SET code_sealed = ?1 WHERE id = ?2", sealed, message_id)

    async def round(self, turn: int) -> None:
        """Times every call, and in turn before and after it its statements. The first round (0) only warms up."""
        for kind, calls in self._calls.items():
            for place, call in enumerate(calls):
                first = (turn + place) % 2 == 0
                statements = self._recorded[kind][place]
                decision, bare = await _one(self._connection, call, statements, self._bare, decision_first=first)
                if turn:
                    self.timed[kind].decisions.append(decision)
                    self.timed[kind].bare.append(bare)


@asynccontextmanager
async def sqlite_subject(file: Path, seed: int, count: int) -> AsyncIterator[Subject]:
    async with aiosqlite.connect(file, isolation_level=None) as bare:
        await bare.execute_fetchall("PRAGMA journal_mode=WAL")
        await bare.execute_fetchall("PRAGMA synchronous=OFF")

        async def fetch(text: str, *values: Any) -> Any:
            return await bare.execute_fetchall(text, [_stored(value) for value in values])

        calls = await draw(fetch, seed, count)
        database = Database(f"sqlite:///{file}")
        async with database.read() as connection:
            subject = Subject(connection, bare.execute_fetchall, fetch, calls, EmbeddedConnection)
            await subject.record()
            yield subject
        await database.close()


@asynccontextmanager
async def postgresql_subject(socket: Path, name: str, seed: int, count: int) -> AsyncIterator[Subject]:
    bare = await asyncpg.connect(host=str(socket), user="postgres", database=name, timeout=10)

    async def fetch(text: str, *values: Any) -> Any:
        return await bare.fetch(text.replace("?", "$"), *values)

    async def run(text: str, values: Sequence[Any]) -> Any:
        return await bare.fetch(text, *values)

    calls = await draw(fetch, seed, count)
    database = Database(f"postgresql://postgres@/{name}?host={socket}")
    async with database.read() as connection:
        subject = Subject(connection, run, fetch, calls, asyncpg.Connection)
        await subject.record()
        yield subject
    await database.close()
    await bare.close()


async def _one(
    connection: Connection, call: Call, statements: Sequence[Statement], bare: Bare, *, decision_first: bool
) -> tuple[float, float]:
    if decision_first:
        decision = await _decided(connection, call)
        return decision, await _replayed(bare, statements)
    replayed = await _replayed(bare, statements)
    return await _decided(connection, call), replayed


async def _decided(connection: Connection, call: Call) -> float:
    begun = perf_counter_ns()
    await _decide(connection, call)
    return (perf_counter_ns() - begun) / 1000


async def _replayed(bare: Bare, statements: Sequence[Statement]) -> float:
    begun = perf_counter_ns()
    for text, values in statements:
        await bare(text, values)
    return (perf_counter_ns() - begun) / 1000


async def _decide(connection: Connection, call: Call) -> None:
    dialled = call.observed.service_number or ""
    pool = {dialled} if dialled.startswith(LEASED) else frozenset()
    await find_matches(connection, call.observed, NOW, KEYS, questions=call.questions, pool_numbers=pool)


async def _recorded(connection: Connection, call: Call, driver: type[Any]) -> list[Statement]:
    """The statements that a decision gives to its driver, with their values."""
    with _recording(driver) as statements:
        await _decide(connection, call)
    return statements


@contextmanager
def _recording(driver: type[Any]) -> Iterator[list[Statement]]:
    usual = driver.fetch
    statements: list[Statement] = []

    def fetch(self: Any, text: str, *values: Any) -> Any:
        statements.append((text, values if driver is asyncpg.Connection else values[0]))
        return usual(self, text, *values)

    driver.fetch = fetch
    try:
        yield statements
    finally:
        driver.fetch = usual


def _stored(value: Any) -> Any:
    return (
        value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        if isinstance(value, datetime)
        else value
    )
