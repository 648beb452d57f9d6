"""``threadline flow replay``: calls of the last days on a draft or on files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router.cli import app

PROJECT = Path(__file__).parents[2]
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "SECRET": "s" * 32,
        "DATABASE": f"sqlite:///{tmp_path}/threadline.db",
        "FLOWS": str(PROJECT / "ivr_flows"),
    }.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_recorded_calls_are_run_on_files(run: Run, tmp_path: Path) -> None:
    call = json.loads(run("dial", "--withheld", "--keys", "#", "--at", "2026-11-23T10:00:00", "--json").stdout)
    assert run("flow", "replay", str(PROJECT / "ivr_flows")).stdout == "1 call looked at: 1 go the same way\n"
    text = (PROJECT / "ivr_flows" / "hotline.yaml").read_text("utf-8")
    shutil.copytree(PROJECT / "ivr_flows" / "shared", tmp_path / "shared")
    (tmp_path / "hotline.yaml").write_text(text.replace("offer_queue: true", "queue: sales"))
    result = run("flow", "replay", str(tmp_path / "hotline.yaml"))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[:3] == ["1 call looked at: 0 go the same way", "1 another end", "  1  queue default → queue sales"]
    assert lines[3].strip().startswith(f"{call['call']} at connect, ")
    report = json.loads(run("flow", "replay", str(tmp_path / "hotline.yaml"), "--days", "1", "--json").stdout)
    assert (report["looked_at"], report["other_end"]) == (1, 1)
    assert report["changes"][0]["examples"][0]["call_id"] == call["call"]


def test_what_is_neither_a_draft_nor_a_file_is_wrong_use(run: Run) -> None:
    assert run("db", "upgrade").exit_code == 0
    for words in (["nowhere"], ["4711"], [str(PROJECT), "--days", "0"]):
        assert run("flow", "replay", *words).exit_code == 2, words
