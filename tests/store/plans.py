"""How the database goes about statements: which tables it reads from end to end."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import event

from router.store.database import Connection, Database
from router.store.postgresql import PostgresqlConnection
from router.store.sqlite_connections import EmbeddedConnection
from router.store.tables import metadata

Statement = tuple[str, Any]

FEW = {"people", "web_sessions", "flow_sets", "twilio_waiting", "alembic_version"}
"""Tables that stay small."""


@asynccontextmanager
async def recorded(database: Database) -> AsyncIterator[list[Statement]]:
    """The statements that are run on this database meanwhile, with their values."""
    seen: list[Statement] = []

    def note(_: Any, __: Any, statement: str, values: Any, ___: Any, many: bool) -> None:
        seen.append((statement, values[0] if many else values))

    def noted(run: Any) -> Any:
        async def fetch_or_change(connection: Connection, statement: str, values: Any) -> Any:
            seen.append((statement, tuple(values)))
            return await run(connection, statement, values)

        return fetch_or_change

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    kind = EmbeddedConnection if database.is_sqlite else PostgresqlConnection
    with patch.multiple(kind, fetch=noted(kind.fetch), change=noted(kind.change)):
        yield seen
    for engine in database.engines:
        event.remove(engine, "before_cursor_execute", note)


async def read_as_a_whole(database: Database, statements: Iterable[Statement]) -> list[str]:
    """The statements that read a table from end to end which may be large, each with the table; PostgreSQL does so here
    only where it has no index to go by. Statements that only put rows in are left out."""
    found = []
    async with database.begin() as connection:
        if not database.is_sqlite:
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # else a small table is read as a whole
        for statement, values in dict(statements).items():
            if re.match(r"\s*(WITH|SELECT|UPDATE|DELETE)\b", statement) and "pg_" not in statement:
                scanned = await _scanned(connection, statement, values)
                found += [f"{table}: {statement}" for table in scanned if table not in FEW]
    return found


async def way_of(database: Database, statement: str, values: Any) -> str:
    """How the database goes about one statement, in its own words."""
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    async with database.begin() as connection:
        plan = await connection.exec_driver_sql(f"{explain} {statement}", values)
        return "\n".join(str(row[-1]) for row in plan)


async def _scanned(connection: Connection, statement: str, values: Any) -> list[str]:
    if connection.dialect.name == "sqlite":
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        steps = [re.match(r"SCAN (\w+)( USING)?", row.detail) for row in plan]
        bounded = "LIMIT" in statement  # along an index, or where every row fits
        names = {step[1] for step in steps if step and not (bounded and (step[2] or "WHERE" not in statement))}
        return sorted(names & metadata.tables.keys())
    plan = (await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values)).scalar_one()
    told = plan if isinstance(plan, list) else json.loads(plan)
    return [node["Relation Name"] for node in _nodes(told[0]["Plan"]) if node["Node Type"] == "Seq Scan"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)
