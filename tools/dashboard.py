"""The Grafana dashboard, made of a short list of panels: ``make docs`` writes monitoring/dashboard.json.

The form is that of Grafana's dashboard JSON model (schemaVersion 39, Grafana 11 and newer).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tools.panels import ROWS, Panel

FILE: Final = Path(__file__).resolve().parent.parent / "monitoring" / "dashboard.json"
WIDTH: Final = 24
HEIGHT: Final = 7

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        place = {"h": 1, "w": WIDTH, "x": 0, "y": top}
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        )
        top, left = top + 1, 0
        for panel in row:
            height = 4 if panel.kind == "stat" else HEIGHT
            if left + panel.width > WIDTH:
                top, left = top + HEIGHT, 0
            panels.append(_panel(panel, len(panels) + 1, {"h": height, "w": panel.width, "x": left, "y": top}))
            left += panel.width
        top += 4 if row[0].kind == "stat" else HEIGHT
    return {
        "title": "Threadline",
        "uid": "threadline",
        "tags": ["threadline"],
        "description": "Calls, queues, agents and the processes behind them. What to do: docs/night.md.",
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_source(), _job()]},
        "annotations": {"list": []},
        "panels": panels,
    }  # fmt: skip


def _source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0}


def _job() -> dict[str, Any]:
    query = {"query": "label_values(threadline_build_info, job)", "refId": "job"}
    return {
        "name": "job", "label": "Job", "type": "query", "datasource": SOURCE, "query": query, "refresh": 2,
        "multi": True, "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}, "hide": 0,
    }  # fmt: skip


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    table = panel.kind == "table"
    targets = [
        {
            "refId": chr(ord("A") + index), "datasource": SOURCE, "expr": query, "legendFormat": legend,
            "instant": table or panel.kind == "stat", "range": not table and panel.kind != "stat",
            **({"format": "table"} if table else {}),
        }
        for index, (legend, query) in enumerate(panel.queries.items())
    ]  # fmt: skip
    return {
        "id": number, "type": panel.kind, "title": panel.title, "description": panel.about, "datasource": SOURCE,
        "gridPos": place, "targets": targets, "options": _OPTIONS.get(panel.kind, {}),
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "thresholds": _thresholds(panel)}, "overrides": []},
    }  # fmt: skip


_OPTIONS: Final[dict[str, Any]] = {
    "timeseries": {
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "colorMode": "value",
        "graphMode": "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    },
}


def _thresholds(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "text", "value": None}]
    if panel.red_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.red_below}]
    if panel.red_above is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.red_above}]
    return {"mode": "absolute", "steps": steps}


def text() -> str:
    """The file's text."""
    return json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"
