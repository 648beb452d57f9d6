"""Dashboard and alerts: all that they ask for is there, and whoever is woken is told what to do."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.api.figures import FIGURES, Figure
from tools import dashboard

PROJECT = Path(__file__).resolve().parent.parent
MONITORING = PROJECT / "monitoring"
BOARD: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
GROUPS = yaml.safe_load((MONITORING / "alerts.yaml").read_text("utf-8"))["groups"]
ALERTS: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
NIGHT = (PROJECT / "docs" / "night.md").read_text("utf-8")

PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
# What prometheus_client's ProcessCollector and Prometheus itself bring.
OTHERS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_max_fds"}


def series() -> dict[str, Figure]:
    """Each name that can be asked for, with its figure."""
    known: dict[str, Figure] = {}
    for figure in FIGURES.values():
        for end in ("_bucket", "_count", "_sum") if figure.kind == "histogram" else ("",):
            known[figure.full_name + end] = figure
    return known


SERIES = series()


@pytest.mark.parametrize("query", [*QUERIES, *(alert["expr"] for alert in ALERTS)])
def test_what_is_asked_for_exists_with_these_labels(query: str) -> None:
    names = set(re.findall(r"\b(?:threadline|process)_[a-z_]+|\bup\b", query))
    assert names
    assert names <= SERIES.keys() | OTHERS
    labels = {"instance", "job", "le"}.union(*(SERIES[name].labels for name in names - OTHERS))
    asked = [each.strip() for group in re.findall(r"\bby \(([^)]*)\)", query) for each in group.split(",")]
    asked += re.findall(r"[{,]\s*(\w+)\s*(?:=~|!=|=)", query)
    assert set(asked) <= labels


@pytest.mark.parametrize("query", QUERIES)
def test_what_every_process_tells_alike_is_not_added_up(query: str) -> None:
    for name in re.findall(r"\bthreadline_[a-z_]+", query):
        if SERIES[name].shared:
            assert re.search(rf"max(?: by \([a-z, ]+\))? \({name}\b", query), name


def test_the_dashboard_is_what_the_list_says() -> None:
    assert (MONITORING / "dashboard.json").read_text("utf-8") == dashboard.text(), "run 'make docs'"


def test_the_dashboard_has_what_grafana_needs() -> None:
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= BOARD.keys()
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    for panel in PANELS:
        assert {"type", "title", "datasource", "targets", "gridPos", "fieldConfig", "options"} <= panel.keys()
        assert panel["type"] in ("timeseries", "stat", "table")
        if "legend" in panel["options"]:
            assert panel["options"]["legend"].keys() == {"calcs", "displayMode", "placement", "showLegend"}
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs) > 0
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
    assert {variable["name"] for variable in BOARD["templating"]["list"]} == {"datasource", "job"}


def places() -> Iterator[tuple[int, int, int, int]]:
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        yield place["x"], place["y"], place["x"] + place["w"], place["y"] + place["h"]


def test_no_panel_lies_over_another() -> None:
    for one, other in combinations(places(), 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    assert max(place[2] for place in places()) == 24


def entries() -> set[str]:
    """The anchors of the night page's headings."""
    headings = re.findall(r"^## (.+)$", NIGHT, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_alert_leads_to_its_entry_for_the_night_and_every_entry_has_an_alert() -> None:
    leads = {alert["annotations"]["runbook_url"] for alert in ALERTS}
    assert {lead.partition("#")[0] for lead in leads} == {"docs/night.md"}
    assert {lead.partition("#")[2] for lead in leads} == entries()


@pytest.mark.parametrize(
    "entry", re.split(r"^## ", NIGHT, flags=re.MULTILINE)[1:], ids=lambda text: text.split("\n")[0]
)
def test_every_entry_says_how_to_see_it_what_callers_notice_why_and_what_to_do(entry: str) -> None:
    for part in ("**See it**", "**Callers notice**", "**Why", "o**" if "what to do**" in entry else "**Do**"):
        assert part in entry
    assert len(entry.splitlines()) <= 25, "one screen"


def test_every_figure_that_the_night_page_names_exists() -> None:
    for name in re.findall(r"`(threadline_[a-z_]+)", NIGHT):
        assert name in SERIES or name in {figure.full_name for figure in FIGURES.values()}, name


def test_every_line_of_the_log_that_the_night_page_names_is_logged_somewhere() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (PROJECT / "router").rglob("*.py"))
    lines = re.findall(r"[Ll]ines?,? (?:`[^`]+`(?:, | and |,\nor |, or )?)+", NIGHT.replace("\n", " "))
    named = {each for line in lines for each in re.findall(r"`([^`]+)`", line)} - {"DatabaseAway", "TimeoutError"}
    assert len(named) >= 10
    for name in named - {"ConnectionRefusedError"}:
        assert f'"{name}' in code, name


@pytest.mark.needs("promtool")
def test_promtool_takes_the_alerts_and_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"q{number}", "expr": query.replace("$__rate_interval", "5m").replace("$job", ".*")}
        for number, query in enumerate(QUERIES)
    ]
    asked = tmp_path / "queries.yaml"
    asked.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(asked), str(MONITORING / "alerts.yaml")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("promtool")
def test_alerts_come_when_they_should_and_not_before(tmp_path: Path) -> None:
    """A night: the database goes away after ten minutes, calls are given up, and a text waits for half an hour."""
    away = "0x10 1x20"
    at = {
        "interval": "1m",
        "input_series": [
            {"series": 'threadline_database_away{instance="a"}', "values": away},
            {"series": 'threadline_ready{instance="a"}', "values": "1x10 0x20"},
            {"series": 'threadline_calls_given_up_total{channel="asterisk",reason="failed"}', "values": "0x10 5+5x20"},
            {"series": 'threadline_outbox_oldest_seconds{outbox="texts"}', "values": "0+60x30"},
        ],
        "alert_rule_test": [
            {"eval_time": "9m", "alertname": "ThreadlineDatabaseAway", "exp_alerts": []},
            _fires("13m", "ThreadlineDatabaseAway", {"severity": "page"}),
            {"eval_time": "9m", "alertname": "ThreadlineNobodyReady", "exp_alerts": []},
            _fires("13m", "ThreadlineNobodyReady", {"severity": "page"}),
            _fires("14m", "ThreadlineCallsGivenUp", {"severity": "page", "reason": "failed"}),
            {"eval_time": "14m", "alertname": "ThreadlineOutboxStuck", "exp_alerts": []},
            _fires("25m", "ThreadlineOutboxStuck", {"severity": "ticket", "outbox": "texts"}),
        ],
    }
    file = tmp_path / "night.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(MONITORING / "alerts.yaml")], "tests": [at]}))
    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def _fires(when: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    told = next(alert for alert in ALERTS if alert["alert"] == name)["annotations"]
    age = "25m 0s" if name == "ThreadlineOutboxStuck" else ""
    texts = {
        key: value.replace("{{ $labels.reason }}", labels.get("reason", ""))
        .replace("{{ $labels.outbox }}", labels.get("outbox", ""))
        .replace("{{ $value | humanizeDuration }}", age)
        for key, value in told.items()
    }
    return {"eval_time": when, "alertname": name, "exp_alerts": [{"exp_labels": labels, "exp_annotations": texts}]}
