"""The database from the command line: brought to the schema, and what is said where it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.settings import SettingsRefused
from router.store import migrate

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
@pytest.mark.parametrize("words", [["serve"], ["db", "upgrade"], ["people", "link", "anna"]])
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
