"""``threadline hear`` as an admin and a script see it; a stand-in makes words of the recordings."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from router import cli
from router.cli import hearing as command
from router.core.hearing import Listening, Reading
from router.settings import Settings
from router.speech.recognition.examining import Examiner
from router.speech.recognition.recogniser import RATE, RecognitionFailed
from router.speech.wav import telephone_wav

pytestmark = pytest.mark.sqlite_only

PROJECT = Path(__file__).parents[2]
Run = Callable[..., Result]

SENT = """external_id;channel;to_phone;offer_title;reference
a-1;sms;0171 39200 11;Strom;63057412
a-2;sms;0171 39200 12;Gas;90817263
"""
SECOND = (8000 * np.sin(np.arange(RATE))).astype("<i2").tobytes()


class Scripted:
    """Hears in a recording what its length stands for: one second a number, two nothing, three a failure."""

    name = "scripted"

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        assert language == "de"
        match len(audio) // len(SECOND):
            case 1:
                return (Reading("sechs drei null fünf sieben vier eins zwei", 0.8), Reading("sechs drei", 0.1))
            case 2:
                return ()
            case _:
                raise RecognitionFailed("a worker died")

    async def aclose(self) -> None:
        """Nothing was started."""


@asynccontextmanager
async def scripted(_: Settings) -> AsyncIterator[Examiner]:
    yield Examiner(Scripted(), 30, 0.5)


@pytest.fixture
def run(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sent.csv").write_text(SENT)
    for seconds in (1, 2, 3):
        (tmp_path / f"{seconds}.wav").write_bytes(telephone_wav(SECOND * seconds))
    flows = str(PROJECT / "ivr_flows")
    for name, value in {"SECRET": "s" * 32, "DATABASE": database_url, "FLOWS": flows, "RECOGNISER": "none"}.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    monkeypatch.setattr(command, "examiner", scripted)
    return lambda *words: CliRunner().invoke(cli.app, list(words))


def test_readings_numbers_and_references_that_fit_are_shown(run: Run) -> None:
    assert run("messages", "import", "sent.csv").exit_code == 0
    shown = run("hear", "1.wav", "--shortest", "8", "--longest", "8")
    assert shown.exit_code == 0, shown.stdout
    lines = shown.stdout.splitlines()
    assert lines[0] == "1.wav"
    assert lines[1].startswith("  1.0 s of sound, heard by scripted; all ")
    assert "    80.0%  sechs drei null fünf sieben vier eins zwei" in lines
    assert "    80.0%  63057412" in lines
    (fits,) = [line for line in lines if line.startswith("  fits:")]
    assert "63057412  Strom" in fits
    assert lines[-1].startswith("  next: ")
    assert lines[-1].endswith(" 63057412")


def test_a_script_gets_all_of_it_for_several_files(run: Run) -> None:
    run("messages", "import", "sent.csv")
    answer = run("hear", "1.wav", "2.wav", "--json", "--from", "0171 39200 11")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert told["load_seconds"] == 0.5
    number, nothing = told["recordings"]
    assert number["readings"][0] == {"text": "sechs drei null fünf sieben vier eins zwei", "weight": 0.8}
    assert number["numbers"][0]["text"] == "63057412"
    assert number["understood"]["number"] == "63057412"
    (best, *_) = number["match"]["candidates"]
    assert number["references"][best["message_id"]] == "63057412"
    assert number["seconds"]["all"] >= 0
    assert (nothing["readings"], nothing["match"]) == ([], None)


def test_a_recording_in_which_nobody_speaks_is_no_failure(run: Run) -> None:
    shown = run("hear", "2.wav")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[-1] == "  nobody speaks"


def test_one_that_cannot_be_heard_does_not_keep_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cut.wav").write_bytes(telephone_wav(SECOND)[:-100])
    shown = run("hear", "nowhere.wav", "sent.csv", "cut.wav", "3.wav", "2.wav")
    assert shown.exit_code == 1
    assert [line for line in shown.stdout.splitlines() if "cannot" in line] == [
        "  cannot be read: No such file or directory",
        "  cannot be heard: it does not begin like a WAV file (RIFF … WAVE)",
        "  cannot be heard: it is cut off: 16000 bytes of sound announced, 15900 there",
        "  cannot be heard: a worker died",
    ]
    assert "nobody speaks" in shown.stdout


def test_without_a_recogniser_the_way_to_one_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("THREADLINE_RECOGNISER", "none")
    monkeypatch.setenv("THREADLINE_SECRET", "s" * 32)
    monkeypatch.setenv("THREADLINE_FLOWS", str(PROJECT / "ivr_flows"))
    shown = run("hear", "1.wav")
    assert shown.exit_code == 1
    assert "threadline speech install" in shown.output


@pytest.mark.parametrize("words", [("--from", "12"), ("--shortest", "9", "--longest", "8"), ("--expected", "songs")])
def test_wrong_use_is_told(run: Run, words: tuple[str, ...]) -> None:
    assert run("hear", "1.wav", *words).exit_code == 2
