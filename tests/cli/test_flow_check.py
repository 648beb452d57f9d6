"""`threadline flow check` as a script sees it: all problems of all files at once, warnings marked, the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router import cli

Check = Callable[..., Result]
FLOW = """version: 1
name: one
languages: [de]
start: greet
steps:
  greet: {type: say, text: {de: Guten Tag., recording: hello}, next: connect}
  connect: {type: transfer, queue: sales, priority: 5}
"""
GO_TO = "  other: {type: go_to, flow: two}\n"


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(cli.app, ["flow", "check", *words])


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def test_all_problems_of_all_files_come_at_once(check: Check) -> None:
    write("flows/one.yaml", FLOW.replace("next: connect", "next: conect"))
    write("flows/two.yaml", FLOW.replace("name: one", "name: two").replace("start: greet", "start: gret"))
    write("flows/scenarios/x.yaml", "flow: three\n")
    result = check("flows")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "flows/one.yaml:6:70: missing-step no step 'conect'; did you mean 'connect'?",
        "flows/two.yaml:4:8: missing-step no step 'gret'; did you mean 'greet'?",
        "2 flows checked, 2 problems",
    ]


def test_scenarios_are_checked_where_the_flows_are_right(check: Check) -> None:
    write("flows/one.yaml", FLOW)
    write("flows/scenarios/x.yaml", "flow: three\n")
    result = check("flows")
    assert result.exit_code == 1
    assert "flows/scenarios/x.yaml:1:" in result.stdout


def test_a_warning_is_marked_and_says_no_only_where_that_is_wanted(check: Check) -> None:
    write("flows/one.yaml", FLOW)
    Path("recordings").mkdir()
    result = check("flows", "--recordings", "recordings")
    assert result.exit_code == 0
    line, total = result.stdout.splitlines()
    assert line.startswith("flows/one.yaml:6:56: missing-audio ") and line.endswith(" (warning)")
    assert total == "1 flow checked, no problems, 1 warning"
    assert check("flows", "--recordings", "recordings", "--strict").exit_code == 1
    (problem,) = json.loads(check("flows", "--recordings", "recordings", "--json").stdout)
    assert problem["warning"] is True


def test_a_channel_that_cannot_do_it_is_told_and_one_that_is_not_there_refused(check: Check) -> None:
    write("flows/one.yaml", FLOW)
    assert check("flows", "--channel", "asterisk").exit_code == 0
    result = check("flows", "--channel", "asterisk", "--channel", "twilio")
    assert result.exit_code == 1
    assert "cannot-render twilio cannot serve one caller before another" in result.stdout
    assert check("flows", "--channel", "carrier_pigeon").exit_code == 2


def test_the_settings_count_where_they_name_something(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    write("flows/one.yaml", FLOW)
    assert check("flows").exit_code == 0
    monkeypatch.setenv("THREADLINE_QUEUES", '["default", "sails"]')
    result = check("flows")
    assert "missing-queue no queue 'sales' in THREADLINE_QUEUES or shared/; did you mean 'sails'?" in result.stdout
    monkeypatch.setenv("THREADLINE_QUEUES", "nonsense")
    assert check("flows").exit_code == 0


def test_one_file_is_checked_with_what_it_needs_beside_it(check: Check) -> None:
    write("flows/one.yaml", FLOW.replace("queue: sales, priority: 5", "queue: sales, no_answer: on"))
    write("flows/one.yaml", Path("flows/one.yaml").read_text() + "  on: {type: go_to, flow: two}\n")
    write("flows/two.yaml", "version: 1\nname: two\nlanguages: [de]\nstart: bey\nsteps: {bye: {type: hangup}}\n")
    write("flows/shared/hours.yaml", "version: 1\nhours: {office: {weekly: {mon: []}}}\n")
    result = check("flows/one.yaml")
    assert result.stdout == "1 flow checked, no problems\n"
    assert "two.yaml:4:8: missing-step" in check("flows").stdout


def test_a_file_that_cannot_be_read_hides_nothing_of_the_others(check: Check) -> None:
    write("flows/one.yaml", FLOW.replace("next: connect", "next: conect"))
    Path("flows/two.yaml").write_bytes(b"version: 1\nname: Gr\xfc\xdfe\n")
    result = check("flows")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "flows/one.yaml:6:70: missing-step no step 'conect'; did you mean 'connect'?",
        "flows/two.yaml:2:1: encoding is not UTF-8 text; save it as UTF-8",
        "2 flows checked, 2 problems",
    ]


def test_a_folder_without_a_flow_is_most_likely_the_wrong_one(check: Check) -> None:
    write("flows/shared/pieces.yaml", "version: 1\n")
    Path("empty").mkdir()
    for folder in ("flows", "empty"):
        result = check(folder)
        assert result.exit_code == 1
        assert f"{folder}:1:1: no-file there is no flow in this folder" in result.stdout


def test_a_flow_that_goes_on_with_another_is_drawn(check: Check) -> None:
    write("flows/one.yaml", FLOW.replace("queue: sales, priority: 5", "no_answer: other") + GO_TO)
    write("flows/two.yaml", FLOW.replace("name: one", "name: two"))
    result = CliRunner().invoke(cli.app, ["flow", "graph", "flows/one.yaml"])
    assert result.exit_code == 0, result.stderr
    assert "go_to" in result.stdout


def test_a_queue_that_offers_may_name_is_not_unused(check: Check) -> None:
    write("flows/one.yaml", FLOW)
    write("flows/shared/queues.yaml", "version: 1\nqueues:\n  summer: {timeout: 60}\n")
    assert "no flow uses this queue ('summer')" in check("flows").stdout
    write("flows/one.yaml", FLOW.replace("queue: sales", "queue: sales, offer_queue: true"))
    assert check("flows").stdout == "1 flow checked, no problems\n"
