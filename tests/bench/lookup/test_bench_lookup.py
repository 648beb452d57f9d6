"""The benchmark of the look-up: both databases hold the same, every kind of call finds what it is to find, and an aim
that was missed is told."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bench.lookup import databases, report, rows
from bench.lookup.kinds import CallKind
from bench.lookup.measure import Timed, sqlite_subject

SIZE = 4000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    made = folder / "made.db"
    databases._make_sqlite(made, SIZE, seed=3)
    return made


async def test_every_kind_of_call_is_timed_with_all_its_statements(file: Path) -> None:
    async with sqlite_subject(file, 3, 4) as subject:
        await subject.round(0)
        await subject.round(1)
    timed = subject.timed
    assert list(timed) == list(CallKind)
    assert {kind: one.statements for kind, one in timed.items()} == {
        CallKind.KNOWN: 1,
        CallKind.SEVERAL: 1,
        CallKind.HOUSEHOLD: 1,
        CallKind.UNKNOWN: 2,
        CallKind.SWITCHBOARD: 3,
        CallKind.CODE: 1,
        CallKind.REFERENCE: 1,
        CallKind.SLIP: 3,
        CallKind.LEASED: 1,
    }
    assert all(len(one.decisions) == len(one.bare) == 4 for one in timed.values())
    text = "\n".join(report.lines({("sqlite", SIZE): timed}))
    assert all(f"| {kind} |" in text for kind in CallKind)


def test_the_rows_are_as_told(file: Path) -> None:
    connection = sqlite3.connect(file)

    def number(query: str) -> int:
        return int(connection.execute(query).fetchone()[0])

    assert number("SELECT count(*) FROM messages") == SIZE
    assert number("SELECT count(*) FROM customers") == SIZE // 4
    assert number("SELECT count(*) FROM messages WHERE reference_key IS NOT NULL") == SIZE // 8
    stored = {
        row[0] for row in connection.execute("SELECT reference_key FROM messages WHERE reference_key IS NOT NULL")
    }
    assert stored == set(rows.references(SIZE))
    assert number("SELECT max(n) FROM (SELECT count(*) AS n FROM customer_phones GROUP BY number)") == 3
    same = "SELECT count(*) FROM calls k JOIN messages m ON m.id = k.message_id JOIN customer_phones p "
    assert number(f"{same} ON p.customer_id = m.customer_id AND p.number = k.caller") > SIZE // 10 * 0.9
    connection.close()


def a_timed(decision: float, bare: float) -> Timed:
    return Timed([decision] * 10, [bare] * 10, 1)


def test_an_aim_that_was_missed_is_told() -> None:
    slow = {("sqlite", 10): {CallKind.KNOWN: a_timed(310, 100), CallKind.CODE: a_timed(290, 100)}}
    text = "\n".join(report.lines(slow))
    assert "NOT met: sqlite 10 known caller 3.10." in text
    grown = {
        ("sqlite", 10): {CallKind.KNOWN: a_timed(100, 50)},
        ("sqlite", 1000): {CallKind.KNOWN: a_timed(200, 80)},
    }
    text = "\n".join(report.lines(grown))
    assert "NOT met: sqlite known caller × 2.00 against × 1.60." in text
    assert "median: met for every kind of call." in text
