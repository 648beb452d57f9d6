"""``threadline dial``: which number it calls, which keys it takes, and what it says where a service wants a key."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import wave
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.core.hearing import Listening, Reading
from router.speech.recognition.ear import Ear

PROJECT = Path(__file__).parents[2]
Run = Callable[..., Result]
AT = ("--at", "2026-11-23T10:00:00")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "SECRET": "s" * 32,
        "DATABASE": f"sqlite:///{tmp_path}/threadline.db",
        "FLOWS": str(PROJECT / "ivr_flows"),
    }.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    return lambda *words: CliRunner().invoke(cli.app, ["dial", "--withheld", *words])


def dialled(folder: Path) -> list[str | None]:
    with contextlib.closing(sqlite3.connect(folder / "threadline.db")) as database:
        return [number for (number,) in database.execute("SELECT service_number FROM calls")]


@pytest.mark.parametrize(
    ("settings", "words", "number"),
    [
        ({"SERVICE_NUMBER": "+49 30 23125 000"}, (), "+493023125000"),
        ({"SERVICE_NUMBER": "+49 30 23125 000"}, ("--to", "030 23125 009"), "+493023125009"),
        ({"SERVICE_NUMBERS": '{"+493023125007": "hotline"}'}, (), "+493023125007"),
        ({}, (), None),
    ],
)
def test_the_number_of_the_settings_is_dialled_unless_another_is_named(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    words: tuple[str, ...],
    number: str | None,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    run(*words, "--keys", "*", "--json", *AT)
    assert dialled(tmp_path) == [number]


@pytest.mark.parametrize("keys", ["sales", "12a", "1 2", "+49", "1\n", "²", "1" * 41])
def test_keys_that_no_telephone_has_are_refused(run: Run, tmp_path: Path, keys: str) -> None:
    result = run("--keys", "1", "--keys", keys)
    assert result.exit_code == 2
    assert "--keys: " in result.output and "0-9 * #" in result.output
    assert not (tmp_path / "threadline.db").exists(), "nobody was called"


def test_no_keys_are_silence(run: Run) -> None:
    assert run("--keys", "", "--json", *AT).exit_code in (0, 1)


class Guarded(BaseHTTPRequestHandler):
    """A service that lets nobody in, and keeps what it was asked."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps({"detail": "Sign in first."}).encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def guarded() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    asked: list[dict[str, Any]] = []
    with HTTPServer(("127.0.0.1", 0), type("Handler", (Guarded,), {"asked": asked})) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join(10)


@pytest.mark.parametrize("key", [None, "outdated"])
def test_a_service_that_wants_a_key_is_told_with_the_option(
    run: Run, monkeypatch: pytest.MonkeyPatch, guarded: tuple[str, list[dict[str, Any]]], key: str | None
) -> None:
    url, asked = guarded
    monkeypatch.setenv("THREADLINE_SERVICE_NUMBER", "+493023125000")
    if key:
        monkeypatch.setenv("THREADLINE_API_KEY", key)
    result = run("--url", url)
    assert result.exit_code == 1
    assert "answered 401: Sign in first; give --key, or THREADLINE_API_KEY" in result.output
    assert asked[0]["to"] == "+493023125000"


FOLLOWING = """
version: 1
name: hotline
languages: [de]
start: send
steps:
  send: {type: send_message, text: {de: "https://example.net/s"}, next: bye}
  bye: {type: hangup, text: {de: Auf Wiederhören.}}
"""


def test_text_messages_go_to_nobody_and_are_shown(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "hotline.yaml").write_text(FOLLOWING)
    monkeypatch.setenv("THREADLINE_FLOWS", str(tmp_path / "flows"))
    heard = run("--no-withheld", "--from", "0171 39200 11", *AT).output
    assert "[text message, sent to nobody] https://example.net/s" in heard
    assert "[text message" not in run(*AT).output, "a withheld number gets none"


SPOKEN = """
version: 1
name: spoken
languages: [de]
start: ask
steps:
  ask: {type: collect, text: {de: Ihre Nummer bitte.}, into: number, min_digits: 4, max_digits: 8, next: bye}
  bye: {type: hangup, text: {de: Auf Wiederhören.}}
"""


class Scripted:
    """A recogniser that has heard what it is told to."""

    name = "scripted"

    def __init__(self) -> None:
        self.heard: list[int] = []

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        self.heard.append(len(audio))
        return (Reading("vier acht zwei eins", 0.8), Reading("vier acht drei eins", 0.1))

    async def aclose(self) -> None: ...


def answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, ear: Ear | None) -> Result:
    (tmp_path / "spoken.yaml").write_text(SPOKEN)
    monkeypatch.setenv("THREADLINE_FLOWS", str(tmp_path / "spoken.yaml"))
    monkeypatch.setenv("THREADLINE_FLOW", "spoken")
    monkeypatch.setattr("router.app.ear_of", lambda _settings: ear)
    return CliRunner().invoke(cli.app, ["dial", "--withheld", *AT], input=f"{line}\n1\n")


def recording(path: Path, seconds: float, rate: int = 16_000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(b"\x00\x10" * round(seconds * rate))
    return path


@pytest.mark.usefixtures("run")
def test_a_recording_is_listened_to_as_if_a_caller_said_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recogniser = Scripted()
    sound = recording(tmp_path / "said.wav", 2)
    ear = Ear(recogniser, at_once=1, waiting=1, seconds=10)
    result = answered(tmp_path, monkeypatch, f"@{sound}", ear)
    assert result.exit_code == 0, result.output
    assert "[understood by scripted: vier acht zwei eins (80%), vier acht drei eins (10%)]" in result.output
    assert "reads back" in result.output, "and the key says yes"
    assert "Auf Wiederhören." in result.output
    assert recogniser.heard == [2 * 16_000], "8000 Hz, 16 bit, two seconds"


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("file", "seconds", "code", "reason"),
    [
        ("missing.wav", 0, 2, "missing.wav: No such file"),
        ("text.wav", 0, 2, "it does not begin like a WAV file"),
        ("long.wav", 30, 2, "it is longer than an answer, 18 seconds"),
        ("said.wav", 1, 1, "This service has no recogniser"),
    ],
)
def test_a_recording_that_nobody_can_listen_to_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, seconds: float, code: int, reason: str
) -> None:
    if seconds:
        recording(tmp_path / file, seconds)
    elif file == "text.wav":
        (tmp_path / file).write_text("vier acht zwei eins")
    result = answered(tmp_path, monkeypatch, f"@{tmp_path / file}", None)
    assert result.exit_code == code
    assert reason in result.output
