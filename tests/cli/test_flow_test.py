"""``threadline flow test``: what an admin reads, what a script reads, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router.cli import app

PROJECT = Path(__file__).parents[2]

FLOW = """
version: 1
name: shop
languages: [de]
start: ask
steps:
  ask: {type: menu, text: {de: Verkauf?}, options: {"1": {next: sales}}}
  sales: {type: transfer, queue: sales}
"""
GOOD = """
flow: shop
at: "2026-11-23T10:00:00+01:00"
from: withheld
call:
  - start: true
  - digits: "1"
    then: queue sales
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["flow", "test", *words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "shop.yaml").write_text(FLOW)
    (tmp_path / "scenarios" / "good.yaml").write_text(GOOD)
    return tmp_path


def test_what_goes_well_is_one_line_each_and_what_is_not_covered_is_named(folder: Path) -> None:
    result = run(str(folder))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"ok      {folder}/scenarios/good.yaml",
        "shop: 50.0 % of 2 steps and 4 exits covered",
        "        no scenario goes ask: otherwise → human",
        "        no scenario goes sales: no_answer → human",
        "        no scenario goes sales: unavailable → human",
        "1 scenario run, none failed, no problems",
    ]


def test_the_hotline_is_covered_in_full() -> None:
    result = run(str(PROJECT / "ivr_flows"), "--coverage-at-least", "100", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0, told
    assert told["passed"]
    assert [(each["flow"], each["percent"]) for each in told["coverage"]] == [("hotline", 100.0)]


def test_a_scenario_that_fails_is_told_in_full(folder: Path) -> None:
    (folder / "scenarios" / "bad.yaml").write_text(GOOD.replace("queue sales", "queue service"))
    result = run(str(folder))
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:3] == [
        f"failed  {folder}/scenarios/bad.yaml",
        "        line 8: expected queue service, came to queue sales",
        f"ok      {folder}/scenarios/good.yaml",
    ]
    told = json.loads(run(str(folder), "--json").stdout)
    assert not told["passed"]
    assert told["scenarios"][0]["misses"] == [{"line": 8, "message": "expected queue service, came to queue sales"}]


def test_problems_of_flows_and_scenarios_have_their_place(folder: Path) -> None:
    (folder / "scenarios" / "bad.yaml").write_text(GOOD.replace("flow: shop", "flow: shap"))
    result = run(str(folder))
    assert result.exit_code == 1
    assert f"{folder}/scenarios/bad.yaml:2:7: missing-flow no flow 'shap'; did you mean 'shop'?" in result.stdout
    (folder / "shop.yaml").write_text(FLOW.replace("next: sales", "next: sale"))
    result = run(str(folder))
    assert result.exit_code == 1
    assert f"{folder}/shop.yaml:7:65: missing-step no step 'sale'; did you mean 'sales'?" in result.stdout


def test_one_scenario_or_the_scenarios_of_one_flow_can_be_run(folder: Path) -> None:
    (folder / "other.yaml").write_text(FLOW.replace("name: shop", "name: other"))
    (folder / "scenarios" / "other.yaml").write_text(GOOD.replace("flow: shop", "flow: other"))
    by_name = run(str(folder), "--scenario", "good")
    by_file = run(str(folder / "scenarios" / "good.yaml"))
    assert by_name.stdout == by_file.stdout
    assert by_name.stdout.splitlines() == [
        f"ok      {folder}/scenarios/good.yaml",
        "1 scenario run, none failed, no problems",
    ]
    assert "other.yaml" not in run(str(folder / "shop.yaml")).stdout


def test_too_little_coverage_is_a_no_and_wrong_use_is_told_apart(folder: Path) -> None:
    low = run(str(folder), "--coverage-at-least", "80")
    assert low.exit_code == 1
    assert "shop: 50.0 % is less than 80 %" in low.stdout
    for words in (
        [str(folder / "nowhere")],
        [str(folder), "--scenario", "none"],
        [str(folder), "--coverage-at-least", "x"],
    ):
        assert run(*words).exit_code == 2, words
