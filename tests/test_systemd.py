"""The units for systemd, and what systemd is told."""

from __future__ import annotations

import configparser
import getpass
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from router import notify
from router.settings import Settings, load

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


PACKAGING = UNITS.parent


def test_the_unit_tells_how_long_calls_have_when_it_stops() -> None:
    said = re.search(r"THREADLINE_STOP_SECONDS, (\d+)", (UNITS / "threadline.service").read_text())
    assert said is not None
    assert int(said[1]) == Settings.model_fields["stop_seconds"].default


def test_the_sample_of_settings_is_understood(tmp_path: Path) -> None:
    text = (PACKAGING / "threadline.toml").read_text()
    (tmp_path / "threadline.toml").write_text(
        re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE).replace("…", "a" * 40)
    )
    found = load({}, tmp_path)
    assert found.database == "sqlite:////var/lib/threadline/threadline.db"
    assert found.phones == ("PJSIP/101", "PJSIP/102")


def test_the_command_has_what_the_service_has(tmp_path: Path) -> None:
    """The unit's variables, then the file of the environment as systemd reads it, as the service's user."""
    program = tmp_path / "opt" / "threadline"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nenv\n')
    program.chmod(0o755)
    (tmp_path / "environment").write_text(
        '# a remark\n\nTHREADLINE_PHONES=\'["PJSIP/101"]\'\nTHREADLINE_SECRET="a $b"\nTHREADLINE_LOG_LEVEL=debug'
    )
    script = (PACKAGING / "threadline").read_text()
    variables = {
        f"Environment={line.removeprefix('export ')}" for line in script.splitlines() if "export THREADLINE" in line
    }
    assert variables == set(re.findall(r"^Environment=THREADLINE.*", (UNITS / "threadline.service").read_text(), re.M))
    script = script.replace("settings=/etc/threadline", f"settings={tmp_path}").replace(
        "/opt/threadline/bin", str(program.parent)
    )
    script = script.replace("user=threadline", f"user={getpass.getuser()}")
    done = subprocess.run(
        ["sh", "-c", script, "threadline", "match", "a b"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[:2] == ["match", "a b"]
    assert {'THREADLINE_PHONES=["PJSIP/101"]', "THREADLINE_SECRET=a $b", "THREADLINE_LOG_LEVEL=debug"} <= set(lines)
    assert "THREADLINE_CONFIG=/etc/threadline/threadline.toml" in lines
