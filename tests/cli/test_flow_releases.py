"""Releases of flows as a script and somebody at a terminal see them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.flow.load import read_folder
from tests.releases.house import FILES, HOURS, flow

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "ivr_flows", FILES)
    for name, value in {"SECRET": "s" * 32, "DATABASE": database_url, "FLOWS": "ivr_flows"}.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    return lambda *words: CliRunner().invoke(cli.app, ["flow", *words])


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_a_folder_is_released_and_each_step_is_in_the_history(run: Run) -> None:
    assert run("history").stdout == "nothing has been released yet\n"
    assert run("import", "ivr_flows", "--comment", "First").stdout.startswith(
        "release 1: 2 files changed: hotline.yaml"
    )
    write(Path("ivr_flows"), {"hotline.yaml": flow("Two")})
    assert run("diff").exit_code == 1
    result = run("publish", "ivr_flows/hotline.yaml", "--comment", "Friendlier")
    assert (result.exit_code, result.stdout) == (0, "release 2: 1 file changed: hotline.yaml\n")
    assert run("publish", "ivr_flows/hotline.yaml").stdout == "nothing to change: release 2 is like that already\n"
    assert run("diff").exit_code == 0
    assert run("rollback", "1", "--path", "hotline.yaml", "--json").exit_code == 0
    told = json.loads(run("history", "--json").stdout)
    assert [(each["id"], each["origin"], each["comment"]) for each in told] == [
        (3, "rollback", ""),
        (2, "publish", "Friendlier"),
        (1, "publish", "First"),
    ]
    lines = run("history", "hotline.yaml", "--limit", "2").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2"]
    assert lines[1].endswith("Friendlier")


@pytest.mark.sqlite_only
def test_differences_are_shown_line_by_line(run: Run) -> None:
    run("import", "ivr_flows")
    write(Path("ivr_flows"), {"hotline.yaml": flow("Two")})
    run("publish", "ivr_flows/hotline.yaml")
    shown = run("diff", "1", "2")
    assert shown.exit_code == 1
    assert "--- hotline.yaml (release 1)" in shown.stdout
    assert any(line.startswith("+") and "Two" in line for line in shown.stdout.splitlines())
    assert run("diff", "1", "--path", "shared/hours.yaml").exit_code == 0
    (told,) = json.loads(run("diff", "1", "--json").stdout)
    assert told["path"] == "hotline.yaml"


@pytest.mark.sqlite_only
def test_what_is_wrong_is_refused_with_its_place(run: Run) -> None:
    run("import", "ivr_flows")
    write(Path("ivr_flows"), {"hotline.yaml": flow().replace("next: office", "next: offce")})
    for command in (("publish", "ivr_flows/hotline.yaml"), ("import", "ivr_flows")):
        result = run(*command)
        assert result.exit_code == 1
        assert "hotline.yaml:6:48: missing-step no step 'offce'; did you mean 'office'?" in result.stderr
    write(Path("elsewhere"), {"hotline.yaml": flow(name="hotlin"), "shared/hours.yaml": HOURS})
    result = run("import", "elsewhere")
    assert "there would be no flow 'hotline' (it is the setting `flow`)" in result.stderr
    assert len(json.loads(run("history", "--json").stdout)) == 1


@pytest.mark.sqlite_only
def test_a_shared_file_goes_where_it_belongs(run: Run) -> None:
    run("import", "ivr_flows")
    write(Path("elsewhere"), {"shared/more.yaml": HOURS.replace("office", "shop")})
    assert "shared/more.yaml" in run("publish", "elsewhere/shared/more.yaml").stdout


@pytest.mark.sqlite_only
def test_local_changes_are_not_overwritten(run: Run) -> None:
    run("import", "ivr_flows")
    assert run("export", "copy").stdout.endswith("copy holds release 1\n")
    assert read_folder(Path("copy")) == FILES
    write(Path("copy"), {"hotline.yaml": flow("Mine")})
    result = run("export", "copy")
    assert result.exit_code == 1
    assert "hotline.yaml" in result.stderr
    assert "--force" in result.stderr
    assert read_folder(Path("copy"))["hotline.yaml"] == flow("Mine")
    done = json.loads(run("export", "copy", "--force", "--json").stdout)
    assert done == {"release_id": 1, "written": ["hotline.yaml"], "removed": [], "left": []}


@pytest.mark.sqlite_only
def test_a_release_that_is_not_there_is_told_with_the_way_out(run: Run) -> None:
    for command in (("rollback", "7"), ("diff", "7"), ("export", "copy"), ("diff",)):
        result = run(*command)
        assert result.exit_code == 1
        assert "threadline flow history" in result.stderr
    assert run("import", "nowhere").exit_code == 2


@pytest.mark.sqlite_only
def test_every_command_has_help_with_an_example(run: Run) -> None:
    for command in ("history", "publish", "rollback", "diff", "export", "import"):
        result = run(command, "--help")
        assert result.exit_code == 0
        assert "Example:" in result.output, command


def test_what_is_published_must_be_files_and_folders_are_pointed_to_import(run: Run) -> None:
    for path, told in (("nowhere.yaml", "is not there"), ("ivr_flows", "'threadline flow import'")):
        result = run("publish", path)
        assert result.exit_code == 2
        assert told in result.stderr
    assert run("history").stdout == "nothing has been released yet\n"
