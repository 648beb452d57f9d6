"""``threadline messages status``: what a script tells of a message, and reads of it then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli

PROJECT = Path(__file__).parents[2]
Run = Callable[..., Result]
CSV = "external_id;channel;to_phone;offer_title\na-1;sms;0171 39200 11;Strom\n"


@pytest.fixture
def run(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sent.csv").write_text(CSV)
    for name, value in {"SECRET": "s" * 32, "DATABASE": database_url, "FLOWS": str(PROJECT / "ivr_flows")}.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    return lambda *words: CliRunner().invoke(cli.app, list(words))


def test_what_became_of_a_message(run: Run) -> None:
    run("messages", "import", "sent.csv")
    read = run("messages", "status", "a-1", "read", "--at", "2026-11-22T12:00:00+01:00")
    assert read.exit_code == 0
    assert read.stdout.startswith("a-1: read 2026-11-22 ")
    assert read.stdout.endswith(", open\n")
    late = json.loads(run("messages", "status", "a-1", "sent", "--json").stdout)
    assert (late["delivery"], late["delivery_at"], late["answered_at"]) == ("read", "2026-11-22T11:00:00Z", None)
    assert "answered 20" in run("messages", "status", "a-1", "answered").stdout
    unknown = run("messages", "status", "a-2", "read")
    assert (unknown.exit_code, unknown.output) == (1, "there is no such message\n")


@pytest.mark.sqlite_only
def test_a_file_that_is_missing_is_told_before_its_format_is_asked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letters.doc").write_text(CSV)
    assert "--format csv" in run("messages", "import", "letters.doc").output
    result = run("messages", "import", "/nonexistent/letters")
    assert (result.exit_code, result.output) == (2, "/nonexistent/letters: No such file or directory\n")


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a-1", "lost"], "'lost' is not one of"),
        (["a-1", "read", "--at", "tomorrow"], "--at: 'tomorrow' is not a time"),
        (["a-1", "read", "--at", "2099-01-01T00:00:00Z"], "--at: lies ahead"),
        (["x" * 201, "read"], "external_id: is longer than 200 characters"),
        (["", "read"], "give id or external_id"),
    ],
)
def test_wrong_use_is_told(run: Run, words: list[str], says: str) -> None:
    result = run("messages", "status", *words)
    assert result.exit_code == 2
    assert says in result.output
