"""The database from the command line: brought to the schema, and what is said where it is not."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.settings import SettingsRefused
from router.store import migrate
from router.store.database import Database

PROJECT = Path(__file__).parents[2]
Run = Callable[..., Result]


@pytest.fixture
def run(bare_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    settings = {"SECRET": "s" * 32, "DATABASE": bare_database_url, "FLOWS": str(PROJECT / "ivr_flows")}
    for name, value in settings.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    return lambda *words: CliRunner().invoke(cli.app, list(words))


def test_upgrading_says_what_was_and_what_is(run: Run) -> None:
    newest = migrate.newest()
    assert run("db", "upgrade").stdout == f"the database is at {newest}, it was empty\n"
    assert run("db", "upgrade").stdout == f"the database is at {newest}\n"
    assert run("keys", "create", "--scope", "match").exit_code == 0


@pytest.mark.sqlite_only
@pytest.mark.parametrize("address", ["postgresql://me:hunter2@127.0.0.1:1/none", "sqlite:////proc/none.db"])
@pytest.mark.parametrize("words", [["serve"], ["db", "upgrade"], ["keys", "create", "--scope", "match"]])
def test_a_database_out_of_reach_is_told_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch, address: str, words: list[str]
) -> None:
    monkeypatch.setenv("THREADLINE_DATABASE", address)
    result = run(*words)
    assert isinstance(result.exception, SettingsRefused)
    assert "THREADLINE_DATABASE: the database cannot be reached" in str(result.exception)
    assert "hunter2" not in str(result.exception)


@pytest.mark.postgresql_only
@pytest.mark.parametrize("words", [["serve"], ["keys", "create", "--scope", "match"], ["match", "--withheld"]])
def test_nothing_runs_on_a_database_that_is_not_at_the_schema(run: Run, words: list[str]) -> None:
    """The embedded one is brought there; on a shared one others may still run the version before."""
    result = run(*words)
    assert isinstance(result.exception, SettingsRefused)
    assert str(result.exception).endswith(
        f"THREADLINE_DATABASE: the database is empty, not at {migrate.newest()}: run 'threadline db upgrade'"
    )
    assert run("doctor").exit_code == 1
    assert "run 'threadline db upgrade'" in run("doctor").stdout


def test_a_version_starts_on_the_schema_of_a_later_one(run: Run, bare_database_url: str) -> None:
    """Else a process that dies during an update would not come back."""
    run("db", "upgrade")

    async def later() -> None:
        database = Database(bare_database_url)
        async with database.begin() as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        await database.close()

    asyncio.run(later())
    assert run("keys", "create", "--scope", "match").exit_code == 0
    assert "at schema 9999 of a later version" in run("doctor").stdout
    assert run("db", "upgrade").stdout == "the database is at 9999, which is newer than this version's\n"


@pytest.mark.sqlite_only
def test_nobody_else_on_the_machine_can_read_the_database(tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")}
    variables |= {
        "PYTHONPATH": str(PROJECT),
        "THREADLINE_SECRET": "s" * 32,
        "THREADLINE_DATABASE": f"sqlite:///{tmp_path}/threadline.db",
        "THREADLINE_FLOWS": str(PROJECT / "ivr_flows"),
    }
    program = [sys.executable, "-c", "from router.cli import main; main()", "keys", "create", "--scope", "match"]
    subprocess.run(program, cwd=tmp_path, env=variables, umask=0o022, check=True, timeout=60, capture_output=True)
    made = list(tmp_path.rglob("*"))
    assert tmp_path / "threadline.db" in made
    assert [path.name for path in made if path.stat().st_mode & 0o077] == []


LOOKING_UP = [
    "people list", "people disable anna", "people link anna", "keys list", "keys revoke 5b0c3c2f0a8f", "audit",
    "codes status", "codes revoke crm-4711", "pools", "match weights", "flow history", "flow diff",
    "flow export exported", "flow rollback 1", f"flow replay {PROJECT}/ivr_flows/hotline.yaml",
    "messages status crm-4711 delivered",
]  # fmt: skip


@pytest.mark.sqlite_only
@pytest.mark.parametrize("words", LOOKING_UP)
def test_what_looks_something_up_makes_no_database(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str
) -> None:
    monkeypatch.delenv("THREADLINE_DATABASE")
    result = run(*words.split())
    assert isinstance(result.exception, SettingsRefused), (result.output, result.exception)
    assert "there is no database at threadline.db yet" in str(result.exception)
    assert "threadline db upgrade" in str(result.exception)
    assert list(tmp_path.rglob("threadline.db*")) == []


@pytest.mark.sqlite_only
def test_queues_are_shown_from_the_folder_of_flows_without_a_database(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("THREADLINE_DATABASE")
    assert run("queues", "show").exit_code == 0
    assert list(tmp_path.rglob("threadline.db*")) == []
