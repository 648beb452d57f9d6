"""Backups: taken while the database is written to, whole or not at all, and put back only where nobody works."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.store import migrate
from router.store.backup import BackupRefused, back_up
from router.store.database import Database

PROJECT = Path(__file__).parents[2]
Run = Callable[..., Result]

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def place(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    settings = {"SECRET": "s" * 32, "DATABASE": database_url, "FLOWS": str(PROJECT / "ivr_flows")}
    for name, value in settings.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    return lambda *words: CliRunner().invoke(cli.app, list(words))


def keys(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM api_keys ORDER BY name")]


def add_key(run: Run, name: str) -> None:
    assert run("keys", "create", "--scope", "match", "--name", name).exit_code == 0


def test_what_was_there_comes_back_and_what_came_later_is_kept_beside_it(run: Run, place: Path, tmp_path: Path) -> None:
    add_key(run, "before")
    done = run("db", "backup", "kept.db")
    assert done.exit_code == 0, done.output
    assert f"at schema {migrate.newest()}" in done.stdout
    add_key(run, "later")
    back = run("db", "restore", "kept.db")
    assert back.exit_code == 0, back.output
    assert "docs/backup.md" in back.stdout
    assert keys(place) == ["before"]
    (aside,) = tmp_path.glob(f"{place.name}.before-*")
    assert keys(aside) == ["before", "later"]
    add_key(run, "after")  # it serves and is written to
    assert keys(place) == ["after", "before"]
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".new")]
    assert (tmp_path / "kept.db").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kept.db").write_text("the backup of yesterday")
    done = run("db", "backup", "kept.db")
    assert done.exit_code == 1
    assert "is there already" in done.output
    assert (tmp_path / "kept.db").read_text() == "the backup of yesterday"


def test_a_backup_taken_while_somebody_writes_is_one_state(place: Path, tmp_path: Path) -> None:
    """Each transaction of the writer adds one row to two tables: a backup holds as many of one as of the other."""
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(place, isolation_level=None, timeout=10)) as connection:
            connection.execute("CREATE TABLE one (n)")
            connection.execute("CREATE TABLE other (n)")
            while not stop.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO one VALUES (1)")
                connection.execute("INSERT INTO other VALUES (1)")
                connection.execute("COMMIT")
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(10)
        for number in range(20):
            back_up(place, tmp_path / f"{number}.db")
    finally:
        stop.set()
        writer.join(10)
    for number in range(20):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
            one, other = (copy.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("one", "other"))
        assert one == other > 0


async def test_a_database_that_is_in_use_is_not_replaced(
    database_url: str, place: Path, tmp_path: Path, run: Run
) -> None:
    back_up(place, tmp_path / "kept.db")
    database = Database(database_url)
    async with database.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
    code = "from router.cli import main; main()"
    done = subprocess.run(  # noqa: ASYNC221 - another process, as an operator's would be
        [sys.executable, "-c", code, "db", "restore", "kept.db"],
        env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "is in use: stop the service first" in done.stderr
    async with database.begin() as connection:  # and it works on
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
    await database.close()
    assert not [name for name in os.listdir(tmp_path) if ".before-" in name]


@pytest.mark.parametrize("damage", ["text", "half", "other", "newer", "gone"])
def test_what_is_no_whole_backup_of_ours_is_not_put_back(run: Run, place: Path, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "kept.db"
    back_up(place, file)
    if damage == "text":
        file.write_text("a list of things to buy" * 100)
    elif damage == "half":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif damage == "gone":
        file.unlink()
    elif damage == "other":
        file.unlink()
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE recipes (name)")
    else:
        with closing(sqlite3.connect(file, isolation_level=None)) as newer:
            newer.execute("UPDATE alembic_version SET version_num = '9999'")
    before = place.read_bytes()
    done = run("db", "restore", "kept.db")
    assert done.exit_code == 1
    assert {"newer": "does not know", "gone": "no backup"}.get(damage, "kept.db") in done.output
    assert place.read_bytes() == before


def test_a_backup_comes_to_a_machine_that_has_no_database_yet(run: Run, place: Path, tmp_path: Path) -> None:
    add_key(run, "before")
    back_up(place, tmp_path / "kept.db")
    for path in tmp_path.glob(f"{place.name}*"):
        path.unlink()
    assert run("db", "restore", "kept.db").exit_code == 0
    assert keys(place) == ["before"]


def test_a_damaged_database_can_be_replaced(run: Run, place: Path, tmp_path: Path) -> None:
    add_key(run, "before")
    back_up(place, tmp_path / "kept.db")
    place.write_bytes(b"\0" * 8192)
    Path(f"{place}-wal").write_bytes(b"what a crash left")
    done = run("db", "restore", "kept.db")
    assert done.exit_code == 0, done.output
    assert keys(place) == ["before"]


def test_an_older_backup_says_that_it_will_be_upgraded(run: Run, place: Path, tmp_path: Path) -> None:
    back_up(place, tmp_path / "kept.db")
    with closing(sqlite3.connect(tmp_path / "kept.db", isolation_level=None)) as older:
        older.execute("UPDATE alembic_version SET version_num = '0001'")
    assert "older schema" in run("db", "restore", "kept.db").stdout


def test_no_room_leaves_nothing_behind(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackupRefused, match="No space left"):
        back_up(place, tmp_path / "kept.db")
    assert not [path.name for path in tmp_path.iterdir() if "kept" in path.name]


def test_postgresql_is_left_to_its_own_tools(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADLINE_DATABASE", "postgresql://me:hunter2@127.0.0.1:1/none")
    for words in (["backup"], ["restore"]):
        done = run("db", *words, "kept.db")
        assert done.exit_code == 1
        assert "pg_dump" in done.output
        assert "hunter2" not in done.output
