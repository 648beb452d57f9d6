"""A real Prometheus beside a real router: each thing that the dashboard and the alerts ask for has an answer, or it is
known why there is none yet.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.api.keys import create_key
from router.store.database import Database
from tests.system.harness.service import PROJECT, SERVICE_NUMBER, Service
from tests.system.harness.waiting import free_port, until

pytestmark = [pytest.mark.system, pytest.mark.needs("promtool", "espeak-ng")]

MONITORING = PROJECT / "monitoring"
NEVER_HERE = {
    "threadline_backup_age_seconds": "no nightly backups are made",
    "threadline_bus_connected": "there are several processes on PostgreSQL only",
    "threadline_code_lockouts_total": "nobody has guessed codes",
    "threadline_calls_given_up_total": "no call was given up",
    "threadline_webhook_seconds_bucket": "the flows ask no other system",
    "threadline_webhook_seconds_count": "the flows ask no other system",
    "threadline_hearing_seconds_bucket": "nobody has spoken",
    "threadline_hearing_seconds_count": "nobody has spoken",
    "threadline_hearings_under_way": "nobody listens",
    "threadline_audiosocket_streams_open": "nobody listens",
    "threadline_audiosocket_refused_total": "nobody listens",
    "threadline_database_connections": "SQLite has no pool",
}
_NAME = re.compile(r"\b(?:threadline|process)_[a-z_]+|\bup\b")


def _dashboard() -> list[str]:
    panels = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))["panels"]
    found = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return [each.replace("$__rate_interval", "1m").replace("$job", "threadline") for each in found]


def _alerts() -> dict[str, str]:
    groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text("utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


class Prometheus:
    """Scrapes a service twice a second, and goes by the project's alerts."""

    def __init__(self, folder: Path, target: int) -> None:
        self.port = free_port()
        scraped = {"job_name": "threadline", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
        settings = {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "1s"},
            "rule_files": [str(MONITORING / "alerts.yaml")],
            "scrape_configs": [scraped],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(settings))
        self._log = (folder / "log").open("wb")
        options = {"config.file": folder / "prometheus.yaml", "storage.tsdb.path": folder / "data"}
        options["web.listen-address"] = Path(f"127.0.0.1:{self.port}")
        self._process = subprocess.Popen(
            ["prometheus", *(f"--{name}={value}" for name, value in options.items())],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(60)
        self._log.close()

    def answer(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=30) as answer:
            told = json.load(answer)
        assert told["status"] == "success", told
        return told["data"]

    def asked(self, query: str) -> list[Any]:
        return list(self.answer("query?" + urllib.parse.urlencode({"query": query}))["result"])

    def scraped(self) -> bool:
        try:
            return len(self.asked("up == 1")) == 1
        except OSError:
            return False


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """With a manager's password, so that there is an Asterisk to be away."""
    folder = tmp_path_factory.mktemp("router")
    more = {"AMI_SECRET": "not there", "AMI_PORT": str(free_port()), "RECOGNISER": "none"}
    served = Service(folder, f"sqlite:///{folder / 'threadline.db'}", "", more=more)
    try:
        served.start()
        served.key = asyncio.run(_key(served.database))
        yield served
    finally:
        if served.process is not None:
            served.kill()


async def _key(url: str) -> str:
    database = Database(url)
    async with database.begin() as connection:
        key = await create_key(connection, "prometheus", ["testphone", "calls:read"], datetime.now(UTC))
    await database.close()
    return key


@pytest.fixture(scope="module")
def prometheus(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    running = Prometheus(tmp_path_factory.mktemp("prometheus"), service.port)
    try:
        until(running.scraped, 60, "the router is scraped")
        yield running
    finally:
        running.close()


def _dial(service: Service) -> str:
    call = service.ask("POST", "/testphone/calls", {"from": "030 23125 011", "to": SERVICE_NUMBER})
    return str(call["call"])


def _hang_up(service: Service, call: str) -> None:
    service.ask("POST", f"/testphone/calls/{call}/hangup", {})


def test_whatever_the_dashboard_shows_and_alerts_look_at_is_told(service: Service, prometheus: Prometheus) -> None:
    waits = _dial(service)
    _hang_up(service, _dial(service))
    until(lambda: bool(prometheus.asked("threadline_calls_ended_total")), 60, "the call is counted")
    _hang_up(service, _dial(service))
    grows = "rate(threadline_calls_ended_total[1m]) > 0"
    until(lambda: bool(prometheus.asked(grows)), 60, "the second one, too")
    until(lambda: bool(prometheus.asked("rate(threadline_card_seconds_bucket[1m])")), 60, "two scrapes of everything")
    until(lambda: bool(prometheus.asked("threadline_calls_open")), 60, "the call that waits is counted")
    queries = _dashboard()
    unanswered = {each: _without_data(prometheus, each) for each in queries if not prometheus.asked(each)}
    assert {each for each, names in unanswered.items() if not names} == set()
    names = {name for query in (*queries, *_alerts().values()) for name in _NAME.findall(query)}
    absent = {name for name in names if not prometheus.asked(f"count({name})")}
    assert absent <= NEVER_HERE.keys()
    assert {name for each in unanswered.values() for name in each} <= NEVER_HERE.keys()
    _hang_up(service, waits)


def _without_data(prometheus: Prometheus, query: str) -> list[str]:
    """What a query asks for and nobody tells."""
    return [name for name in _NAME.findall(query) if not prometheus.asked(f"count({name})")]


def test_alerts_are_weighed_and_fire_for_what_is_away(prometheus: Prometheus) -> None:
    def rules() -> dict[str, Any]:
        groups = prometheus.answer("rules?type=alert")["groups"]
        return {rule["name"]: rule for group in groups for rule in group["rules"]}

    until(lambda: all(rule["health"] == "ok" for rule in rules().values()), 60, "each alert was weighed")
    assert rules().keys() == _alerts().keys()
    until(lambda: rules()["ThreadlineAsteriskAway"]["state"] != "inactive", 60, "Asterisk is away")
    about = {name for name, rule in rules().items() if rule["state"] != "inactive"}
    assert about == {"ThreadlineAsteriskAway"}
