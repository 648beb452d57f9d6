"""`threadline people`, `keys` and `audit` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from router.cli import app

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADLINE_DATABASE", f"sqlite:///{tmp_path}/threadline.db")


def run(*words: str, code: int = 0, typed: str = "") -> str:
    result = RUNNER.invoke(app, words, input=typed)
    assert result.exit_code == code, result.output
    return result.output


def test_people_are_added_changed_disabled_and_listed_and_the_log_says_so() -> None:
    run("people", "add", "robin", "--name", "Robin", "--role", "admin", typed="correct horse battery\n")
    run("people", "add", "anna", "--name", "Anna", "--skill", "gas", typed="correct horse battery\n")
    assert "changed role, and signed out" in run("people", "change", "anna", "--role", "supervisor")
    assert "no administrator left" in run("people", "disable", "robin", code=1)
    assert "cannot sign in" in run("people", "disable", "anna")
    assert "nobody with the login" in run("people", "enable", "nobody", code=1)
    assert "nothing is to be changed" in run("people", "change", "anna", code=2)
    (anna,) = json.loads(run("people", "list", "--search", "ann", "--json"))
    assert (anna["role"], anna["skills"], anna["disabled_at"] is None) == ("supervisor", ["gas"], False)
    key = run("keys", "create", "--scope", "match", "--name", "crm").strip()
    (listed,) = json.loads(run("keys", "list", "--json"))
    assert listed["name"] == "crm" and key not in json.dumps(listed)
    run("keys", "revoke", listed["id"])
    run("keys", "revoke", listed["id"], code=1)
    notes = json.loads(run("audit", "--person", "-", "--json"))
    assert [note["action"] for note in notes] == [
        "person.added", "person.added", "person.changed", "person.disabled", "key.made", "key.revoked",
    ]  # fmt: skip
    assert "key.made" in run("audit", "--subject", "key")
    assert "no time with an offset" in run("audit", "--since", "yesterday", code=2)
