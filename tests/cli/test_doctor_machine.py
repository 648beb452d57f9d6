"""What the doctor finds of the machine and of the running service: what, what follows, and the way out."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from router.agents.ami import Snapshot
from router.cli import machine_findings
from router.cli.findings import Finding, Health
from router.cli.machine_findings import (
    backups_found,
    clock_found,
    disk_found,
    log_found,
    rights_found,
    systemd_found,
    systemd_says,
)
from router.cli.queue_findings import Asked
from router.cli.service_findings import (
    address_found,
    figures_found,
    figures_of,
    figures_say,
    retention_found,
    service_found,
    traces_found,
    unsent,
    unsent_found,
)
from router.settings import Settings, load
from router.store import backup, migrate, write_ahead, wrong_codes
from router.store.database import Database
from router.store.figures import Outbox

# `router.cli` has the command of the same name.
doctor = importlib.import_module("router.cli.doctor")

NOW = datetime(2026, 11, 27, 23, tzinfo=UTC)


def settings(tmp_path: Path, **over: Any) -> Settings:
    chosen: dict[str, Any] = {"database": f"sqlite:///{tmp_path}/t.db", "data_dir": tmp_path, "secret": "s" * 32}
    return load({}, tmp_path, **(chosen | over))


def is_whole(finding: Finding) -> bool:
    """A finding that is not well says what to do."""
    return finding.health is Health.WELL or bool(finding.remedy)


async def test_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await disk_found(settings(tmp_path, data_dir=tmp_path / "yet" / "to" / "be"))).health is not Health.ILL
    monkeypatch.setattr(machine_findings, "LITTLE_ROOM", 1 << 60)
    scarce = await disk_found(settings(tmp_path))
    assert (scarce.health, is_whole(scarce)) == (Health.OFF, True)
    monkeypatch.setattr(machine_findings, "LEAST_ROOM", 1 << 60)
    full = await disk_found(settings(tmp_path))
    assert full.health is Health.ILL
    assert "default queue" in full.found


async def test_a_long_write_ahead_log_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings(tmp_path, database=f"sqlite:///{tmp_path}/threadline.db")
    assert "write-ahead" not in (await disk_found(chosen)).found
    monkeypatch.setattr(write_ahead, "size", lambda _: 3 * write_ahead.LONG)
    found = await disk_found(chosen)
    assert (found.health, is_whole(found)) == (Health.OFF, True)
    assert "write-ahead log takes 0.8 GB" in found.found


async def test_the_clock_is_held_against_the_database(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings(tmp_path, database=database_url)
    assert (await clock_found(chosen)).health is Health.WELL

    async def an_hour_ago(_: object) -> datetime:
        return datetime.now(UTC) - timedelta(hours=1)

    monkeypatch.setattr(machine_findings, "clock_of", an_hour_ago)
    found = await clock_found(chosen)
    assert found.health is Health.ILL
    assert "3600 s ahead of the database's" in found.found
    assert is_whole(found)


async def test_the_clock_of_asterisk_is_held_against_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = [0.5]

    async def ask_all(_: Settings) -> list[Asked]:
        return [Asked("10.0.0.1:5038", Snapshot((), (), ()), "", "one", ahead[0])]

    monkeypatch.setattr(doctor, "ask_all", ask_all)
    chosen = settings(tmp_path, ami_secret="x" * 20, phones=["PJSIP/101"])
    assert (await doctor.asterisk_found(chosen)).health is Health.WELL
    ahead[0] = -600.0
    found = await doctor.asterisk_found(chosen)
    assert found.health is Health.ILL
    assert "10.0.0.1:5038 is 600 s behind ours" in found.found


async def test_settings_that_everybody_can_read_are_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "threadline.toml"
    file.touch(mode=0o600)
    monkeypatch.setenv("THREADLINE_CONFIG", str(file))
    chosen = settings(tmp_path)
    assert (await rights_found(chosen)).health is Health.WELL
    file.chmod(0o644)
    found = await rights_found(chosen)
    assert found.health is Health.ILL
    assert found.remedy == f"chmod o-rwx {file}"


async def test_the_log(tmp_path: Path) -> None:
    assert (await log_found(settings(tmp_path))).health is Health.WELL
    assert (await log_found(settings(tmp_path, log_level="debug"))).health is Health.OFF
    assert (await log_found(settings(tmp_path, log_file=tmp_path / "gone" / "log"))).health is Health.ILL


async def test_backups(tmp_path: Path) -> None:
    chosen, folder = settings(tmp_path), tmp_path / "backups"
    none = await backups_found(chosen, folder)
    assert (none.health, is_whole(none)) == (Health.OFF, True)
    folder.mkdir()
    (folder / "one.db").touch()
    assert (await backups_found(chosen, folder)).health is Health.WELL
    old = time.time() - 5 * 86_400
    os.utime(folder / "one.db", (old, old))
    found = await backups_found(chosen, folder)
    assert found.health is Health.ILL
    assert "5 days old" in found.found
    elsewhere = await backups_found(settings(tmp_path, database="postgresql://me@127.0.0.1/x"), folder)
    assert elsewhere.health is Health.OFF


def test_the_age_of_the_last_backup_is_a_figure_where_there_is_a_place_for_backups(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    assert backup.age(1000.0, folder) is None
    folder.mkdir()
    os.utime(folder, (400.0, 400.0))
    assert backup.age(1000.0, folder) == 600.0, "none was ever made"
    for name, made in (("one.db", 500.0), ("other.db", 700.0)):
        (folder / name).touch()
        os.utime(folder / name, (made, made))
    assert backup.age(1000.0, folder) == 300.0


async def test_rows_that_should_have_gone_are_named(tmp_path: Path) -> None:
    chosen = settings(tmp_path, database=f"sqlite:///{tmp_path / 'threadline.db'}")
    assert (await retention_found(chosen)).health is Health.OFF, "there is no database yet"
    database = Database(chosen.database)
    await migrate.upgrade(database)
    assert (await retention_found(chosen)).health is Health.WELL
    async with database.begin() as connection:
        await wrong_codes.add(connection, "call", [b"c" * 32], None, None, datetime(2020, 1, 1, tzinfo=UTC))
    await database.close()
    found = await retention_found(chosen)
    assert (found.health, is_whole(found)) == (Health.ILL, True)
    assert "wrong_codes" in found.found


@pytest.mark.parametrize(
    ("unit", "health"),
    [
        ({"LoadState": "not-found"}, Health.OFF),
        ({"LoadState": "loaded", "ActiveState": "failed"}, Health.ILL),
        ({"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "disabled"}, Health.OFF),
        ({"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", "NRestarts": "3"}, Health.OFF),
        ({"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", "NRestarts": "0"}, Health.WELL),
    ],
)
def test_systemd(unit: dict[str, str], health: Health) -> None:
    found = systemd_says(unit)
    assert (found.health, is_whole(found)) == (health, True)


async def test_systemd_is_asked_or_is_not_there(tmp_path: Path) -> None:
    assert (await systemd_found(settings(tmp_path))).part == "systemd"


FIGURES = """# TYPE threadline_calls_started_total counter
threadline_calls_started_total{channel="asterisk"} 100
threadline_calls_given_up_total{channel="asterisk",reason="failed"} 1
threadline_ami_connected{asterisk="10.0.0.1:5038"} 1
threadline_ami_connected{asterisk="10.0.0.2:5038"} 0
threadline_bus_connected 1
process_open_fds 100
process_max_fds 1000
process_resident_memory_bytes 2e8
"""


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ("} 1\nthreadline_bus", "} 1\nthreadline_bus", None),
        ('reason="failed"} 1', 'reason="failed"} 9', "went to the default queue undecided"),
        ('10.0.0.1:5038"} 1', '10.0.0.1:5038"} 0', "no Asterisk is connected"),
        ("bus_connected 1", "bus_connected 0", "agents see cards late"),
        ("open_fds 100", "open_fds 900", "soon no call gets in"),
    ],
)
def test_the_figures_of_the_service_say_what_is_worst(was: str, becomes: str, says: str | None) -> None:
    found = figures_say(figures_of(FIGURES.replace(was, becomes)))
    assert found.health is (Health.WELL if says is None else Health.ILL)
    assert (says or "100 calls since the start, 1 given up; 200 MB") in found.found
    assert is_whole(found)


@pytest.fixture
def answers() -> Iterator[tuple[dict[str, tuple[int, str]], int]]:
    """A service that answers as it is told, by path, and its port."""
    told: dict[str, tuple[int, str]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = told.get(self.path, (404, ""))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told, server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join(10)


async def test_a_service_that_takes_no_calls_says_why(
    tmp_path: Path, answers: tuple[dict[str, tuple[int, str]], int]
) -> None:
    told, port = answers
    chosen = settings(tmp_path, port=port)
    told["/readyz"] = (503, '{"checks": {"database": "cannot be reached", "fastagi": "listening"}}')
    found = await service_found(chosen)
    assert found.health is Health.ILL
    assert "callers go to the default queue: database cannot be reached" in found.found
    told["/readyz"] = (503, "a proxy's page")
    assert "answers 503" in (await service_found(chosen)).found
    told["/readyz"] = (200, "{}")
    assert (await service_found(chosen)).health is Health.WELL
    told["/metrics"] = (200, FIGURES)
    assert (await figures_found(chosen)).health is Health.WELL
    told["/metrics"] = (401, "")
    assert is_whole(await figures_found(chosen))


async def test_what_waits_to_be_sent(tmp_path: Path, database_url: str) -> None:
    assert (await unsent_found(settings(tmp_path, database=database_url))).health is Health.WELL
    boxes = {"texts": Outbox(3, NOW - timedelta(minutes=40), 0), "crm": Outbox(0, None, 0)}
    found = unsent(boxes, 5_000_000, NOW)
    assert found.health is Health.ILL
    assert "texts 3, crm 0; the database takes 5 MB; the oldest of texts has waited 40 min" in found.found
    away = settings(tmp_path, database="postgresql://me:hunter2@127.0.0.1:1/none")
    assert (await unsent_found(away)).health is Health.OFF


async def test_the_public_address_and_the_collector(tmp_path: Path) -> None:
    plain = await address_found(settings(tmp_path))
    assert (plain.health, is_whole(plain)) == (Health.OFF, True)
    nobody = await address_found(settings(tmp_path, public_url="https://127.0.0.1:1"))
    assert (nobody.health, is_whole(nobody)) == (Health.ILL, True)
    assert (await traces_found(settings(tmp_path))).health is Health.OFF
    gone = await traces_found(settings(tmp_path, otlp_url="http://127.0.0.1:1"))
    assert "calls are not" in gone.found
