"""The units for systemd, and what systemd is told."""

from __future__ import annotations

import configparser
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from router import notify
from router.settings import Settings

UNITS = Path(__file__).resolve().parent.parent / "packaging" / "systemd"


class Unit(configparser.RawConfigParser):
    """A unit as far as these tests ask; the last of several lines of a name counts."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(name: str) -> Unit:
    parser = Unit(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.read(UNITS / name)
    return parser


@pytest.fixture
def told(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        notify.begin({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        yield listening
        notify.begin({})


def test_systemd_is_told_that_we_are_ready_and_alive(told: socket.socket) -> None:
    notify.ready()
    notify.alive()
    notify.stopping()
    assert [told.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_nobody_who_does_not_ask_is_told_and_who_does_not_read_holds_up_nobody(told: socket.socket) -> None:
    for _ in range(10_000):
        notify.alive()
    told.close()
    notify.alive()
    notify.begin({})
    notify.ready()


@pytest.mark.needs("systemd-analyze")
def test_systemd_understands_the_units_and_rates_the_service_well(tmp_path: Path) -> None:
    for file in UNITS.iterdir():
        shutil.copy(file, tmp_path)
    for file in tmp_path.glob("*.service"):
        text = file.read_text().replace("/opt/threadline/bin/threadline", "/usr/bin/env")
        file.write_text(re.sub(r"^Restart(Steps|MaxDelaySec)=.*\n", "", text, flags=re.MULTILINE))  # from 254 on
    files = sorted(str(file) for file in tmp_path.iterdir())
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, timeout=60
    )
    ours = [line for line in verified.stderr.splitlines() if "threadline" in line]
    assert ours == []
    service = str(tmp_path / "threadline.service")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", service],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-300:]


def test_a_stop_has_longer_than_calls_have_to_finish() -> None:
    stop = int(unit("threadline.service")["Service"]["TimeoutStopSec"])
    finish = Settings.model_fields.get("stop_seconds")
    assert stop >= (finish.default if finish is not None else 10) + 15


def test_the_watchdog_waits_longer_than_a_beat_and_the_service_is_tried_for_ever() -> None:
    service = unit("threadline.service")
    assert service["Service"]["Type"] == "notify"
    assert int(service["Service"]["WatchdogSec"]) >= 10
    assert service["Service"]["Restart"] == "always"
    assert service["Unit"]["StartLimitIntervalSec"] == "0"


def test_both_services_run_as_the_same_user_with_the_same_settings() -> None:
    one, other = (unit(name)["Service"] for name in ("threadline.service", "threadline-backup.service"))
    for name in ("User", "Group", "WorkingDirectory", "UMask", "EnvironmentFile"):
        assert one[name] == other[name]
