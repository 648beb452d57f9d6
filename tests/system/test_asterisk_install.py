"""`asterisk_conf/install`: what an operator runs to configure Asterisk, and runs again after every change."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.system.harness.asterisk import INSTALL

SETTINGS = "threadline.settings"


def install(target: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    places = {"RECORDINGS": str(target.parent / "recordings"), "MUSIC": str(target.parent / "music")}
    given = {f"ASTERISK_{name}": value for name, value in (places | settings).items()}
    environment = {"PATH": os.environ["PATH"], **given}
    return subprocess.run(
        ["sh", str(INSTALL), str(target)], env=environment, capture_output=True, text=True, timeout=60
    )


def settings_in(target: Path) -> dict[str, str]:
    lines = (target / SETTINGS).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_first_run_fills_every_placeholder_and_makes_long_random_secrets(tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "etc", tmp_path / "two" / "etc"
    for target in (one, two):
        assert install(target).returncode == 0
    for path in one.iterdir():
        assert not re.search(r"@[A-Z0-9_]+@", path.read_text()), path.name
    secrets = {name: value for name, value in settings_in(one).items() if name.endswith("_SECRET")}
    assert len(secrets) == 6 and len(set(secrets.values())) == 6
    assert all(len(value) >= 32 for value in secrets.values())
    assert not set(secrets.values()) & set(settings_in(two).values())
    assert secrets["AMI_SECRET"] in (one / "manager.conf").read_text()


def test_nobody_may_place_calls_unless_it_is_asked_for_and_no_longer_than_that(tmp_path: Path) -> None:
    target, files = tmp_path / "etc", {f"{name}_callbacks.conf" for name in ("extensions", "manager", "pjsip")}
    for wanted in ("no", "yes", "no"):
        assert install(target, CALLBACKS=wanted, OUTGOING="my-line").returncode == 0
        assert {path.name for path in target.glob("*_callbacks.conf")} == (files if wanted == "yes" else set())
        if wanted == "yes":
            assert "@my-line," in (target / "extensions_callbacks.conf").read_text()
            rights = [
                line for line in (target / "manager_callbacks.conf").read_text().splitlines() if "write =" in line
            ]
            assert rights == ["write = originate"]
    assert install(target, OUTGOING="a line").returncode == 1
    assert install(target, CALLBACKS="maybe").returncode == 1


def test_files_with_secrets_are_closed_to_others(tmp_path: Path) -> None:
    install(tmp_path / "etc")
    for name in ("manager.conf", "pjsip.conf", SETTINGS):
        assert (tmp_path / "etc" / name).stat().st_mode & 0o007 == 0, name


def test_second_run_changes_nothing_and_keeps_the_secrets(tmp_path: Path) -> None:
    target = tmp_path / "etc"
    install(target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    said = install(target).stdout
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert "replaced" not in said and "  new" not in said


def test_files_that_were_there_are_kept_beside_the_new_ones(tmp_path: Path) -> None:
    target = tmp_path / "etc"
    target.mkdir()
    (target / "queues.conf").write_text("[ours]\n")
    (target / "queues_custom.conf").write_text("[more]\n")
    said = install(target).stdout
    kept = list(target.glob("queues.conf.before-*"))
    assert [path.read_text() for path in kept] == ["[ours]\n"]
    assert kept[0].name in said
    assert (target / "queues_custom.conf").read_text() == "[more]\n"


def test_a_changed_setting_reaches_the_files_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    target = tmp_path / "etc"
    install(target)
    secret = settings_in(target)["AMI_SECRET"]
    settings = target / SETTINGS
    settings.write_text(settings.read_text().replace("TRUNK=192.0.2.1", "TRUNK=203.0.113.10,203.0.113.11"))
    assert install(target).returncode == 0
    assert "match = 203.0.113.10,203.0.113.11" in (target / "pjsip.conf").read_text()
    assert settings_in(target)["AMI_SECRET"] == secret
    assert install(target, WAIT_SOUND="").returncode == 0
    assert settings_in(target)["WAIT_SOUND"] == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUNK", "10.0.0.1\npermit=0.0.0.0/0"),
        ("TRUNK", ""),
        ("AMI_PORT", "many"),
        ("ROUTER", "127.0.0.1"),
        ("AMI_SECRET", "short"),
        ("AMI_SECRET", "a;comment and more characters"),
        ("WAIT_SOUND", "tc"),
        ("RECORDINGS", "voicemail"),
    ],
)
def test_a_bad_setting_is_refused_by_name_before_anything_is_written(tmp_path: Path, name: str, value: str) -> None:
    target = tmp_path / "etc"
    refused = install(target, **{name: value})
    assert refused.returncode == 1
    assert name in refused.stderr
    assert not list(target.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = install(tmp_path / "file" / "etc")
    assert refused.returncode == 1
    assert str(tmp_path / "file" / "etc") in refused.stderr


def test_it_says_what_to_put_into_threadlines_settings(tmp_path: Path) -> None:
    from router.settings import Settings

    said = install(tmp_path / "etc", ROUTER="10.1.2.3:4999").stdout
    named = re.findall(r"THREADLINE_([A-Z_]+)=", said)
    assert {"AMI_PORT", "AMI_USERNAME", "AMI_SECRET", "PHONES", "FASTAGI_PORT"} <= set(named)
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    assert "THREADLINE_FASTAGI_HOST=10.1.2.3" in said and "THREADLINE_FASTAGI_PORT=4999" in said
    assert settings_in(tmp_path / "etc")["AMI_SECRET"] not in said
