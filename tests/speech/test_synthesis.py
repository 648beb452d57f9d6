"""espeak-ng as a child process: real speech, and every way the program can misbehave."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
import uvloop

from router.speech import synthesis
from router.speech.failures import SynthesisFailed
from router.speech.synthesis import LONGEST_TEXT, EspeakNg, installed_version
from router.speech.wav import HEADER_SIZE, telephone_seconds

with_espeak = pytest.mark.needs("espeak-ng")


def seconds(wav: bytes) -> float:
    length = telephone_seconds(wav[:HEADER_SIZE], len(wav))
    assert length is not None
    return length


def program(directory: Path, script: str) -> str:
    """A stand-in for espeak-ng: a shell script."""
    path = directory / "espeak-stand-in"
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return str(path)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@with_espeak
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Guten Tag. Bitte geben Sie Ihre Rückrufnummer ein."),
        ("de-AT", "Grüß Gott, schön, dass Sie anrufen."),
        ("en", "Hello. Please key in your callback code."),
    ],
)
async def test_text_becomes_speech_of_plausible_length(language: str, text: str) -> None:
    assert len(text) / 25 < seconds(await EspeakNg().synthesise(text, language)) < len(text) / 7


@with_espeak
async def test_the_same_text_gives_the_same_bytes_and_another_language_others() -> None:
    speaker = EspeakNg()
    first, second, english = await asyncio.gather(
        speaker.synthesise("Angebot 17", "de"),
        speaker.synthesise("Angebot 17", "de"),
        speaker.synthesise("Angebot 17", "en"),
    )
    assert first == second != english


@with_espeak
async def test_speed_changes_length_and_key() -> None:
    slow, fast = EspeakNg(speed=100), EspeakNg(speed=250)
    text = "Sie werden jetzt verbunden."
    assert seconds(await slow.synthesise(text, "de")) > 1.5 * seconds(await fast.synthesise(text, "de"))
    assert slow.key != fast.key


@with_espeak
@pytest.mark.parametrize(
    "text",
    [
        "-w /tmp/threadline-must-not-exist.wav",
        "--version",
        "$(touch /tmp/threadline-must-not-exist.wav) `id`; echo \"x\" 'y' | cat",
        "<speak><audio src='/etc/passwd'/>Hallo</speak>",
        "a < b & c > d",
        "Zeile eins\nZeile zwei\r\nZeile drei\x00 danach \x1b[0m",
        "\x0150p \x01+20S tief",
        "\ud800 allein",
        "9" * 400,
        "ä" * LONGEST_TEXT,
        "😀 漢字 العربية und Deutsch",
    ],
)
async def test_hostile_text_is_only_spoken(text: str) -> None:
    assert seconds(await EspeakNg(time_limit=30, size_limit=2**28).synthesise(text, "de")) > 0.3
    assert "threadline-must-not-exist.wav" not in os.listdir("/tmp")


@with_espeak
async def test_phoneme_brackets_and_voice_commands_are_not_obeyed() -> None:
    speaker = EspeakNg()
    assert await speaker.synthesise("[[h@l]] hier", "de") == await speaker.synthesise("h@l hier", "de")
    assert await speaker.synthesise("eins \x01200S zwei", "de") == await speaker.synthesise("eins  200S zwei", "de")


@with_espeak
@pytest.mark.parametrize("text", ["", "   ", "…", "[]"])
async def test_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(SynthesisFailed, match=r"no (usable )?sound"):
        await EspeakNg().synthesise(text, "de")


@with_espeak
async def test_the_installed_version_is_told() -> None:
    version = await installed_version()
    assert version[0].isdigit()
    assert version in EspeakNg(version=version).key


@with_espeak
async def test_a_voice_espeak_does_not_have_is_named_in_its_own_words() -> None:
    with pytest.raises(SynthesisFailed, match="voice does not exist"):
        await EspeakNg(voices={"de": "zz"}).synthesise("Hallo", "de")


async def test_a_missing_program_says_how_to_install_it() -> None:
    with pytest.raises(SynthesisFailed, match="apt install espeak-ng"):
        await EspeakNg(program="espeak-ng-that-is-not-there").synthesise("Hallo", "de")
    with pytest.raises(SynthesisFailed, match="apt install espeak-ng"):
        await installed_version("espeak-ng-that-is-not-there")


async def test_another_program_is_not_taken_for_espeak(tmp_path: Path) -> None:
    with pytest.raises(SynthesisFailed, match="is not espeak-ng"):
        await installed_version(program(tmp_path, "echo something else"))
    with pytest.raises(SynthesisFailed, match="no answer within"):
        await installed_version(program(tmp_path, "exec sleep 60"), time_limit=0.2)


def test_a_program_that_is_done_before_it_is_told_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a busy machine, with the service's own loop."""
    started = synthesis._start

    async def start(name: str, *options: str) -> asyncio.subprocess.Process:
        process = await started(name, *options)
        await process.wait()
        for _ in range(500):
            await asyncio.sleep(0.01)
            if process.stdin is None or process.stdin.is_closing():
                break
        return process

    monkeypatch.setattr(synthesis, "_start", start)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(installed_version(program(tmp_path, "echo 'text-to-speech: 1.52'"))) == "1.52"


async def test_unknown_languages_and_endless_texts_are_refused_before_anything_runs() -> None:
    speaker = EspeakNg(program="espeak-ng-that-is-not-there")
    with pytest.raises(SynthesisFailed, match=r"no voice is set for language 'fr'.*de, en"):
        await speaker.synthesise("Bonjour", "fr")
    with pytest.raises(SynthesisFailed, match="4001 characters"):
        await speaker.synthesise("x" * 4001, "de")


@pytest.mark.parametrize(
    ("setting", "value"), [("voices", {"de": "--path=/tmp"}), ("voices", {"de": ""}), ("speed", 5)]
)
def test_settings_that_are_not_voices_or_speeds_are_refused(setting: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"voice|speed"):
        EspeakNg(**{setting: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'no data' >&2; exit 3", r"failed \(3\): no data"),
        ("exit 1", "without saying why"),
        ("cat >/dev/null", "no sound"),
        ("echo 'this is not sound'", "no usable sound: it does not begin like a WAV"),
        ("kill -9 $$", r"failed \(-9\)"),
    ],
)
async def test_a_failing_program_is_reported(tmp_path: Path, script: str, reason: str) -> None:
    with pytest.raises(SynthesisFailed, match=reason):
        await EspeakNg(program=program(tmp_path, script)).synthesise("Hallo", "de")


async def test_a_hanging_program_is_killed_in_time(tmp_path: Path) -> None:
    speaker = EspeakNg(program=program(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 60"), time_limit=0.3)
    started = time.monotonic()
    with pytest.raises(SynthesisFailed, match=r"longer than 0\.3 s"):
        await speaker.synthesise("Hallo", "de")
    assert time.monotonic() - started < 30
    assert not runs(int((tmp_path / "pid").read_text()))


async def test_endless_output_is_cut_off_and_the_program_killed(tmp_path: Path) -> None:
    speaker = EspeakNg(program=program(tmp_path, f"echo $$ >{tmp_path}/pid; exec cat /dev/zero"), size_limit=2**20)
    with pytest.raises(SynthesisFailed, match="more than 1048576 bytes"):
        await speaker.synthesise("Hallo", "de")
    assert not runs(int((tmp_path / "pid").read_text()))


async def test_giving_up_kills_the_program(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    speaker = EspeakNg(program=program(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 60"), time_limit=60)
    task = asyncio.create_task(speaker.synthesise("Hallo", "de"))
    pid = int(await asyncio.to_thread((tmp_path / "pid").read_text))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not runs(pid)


async def test_only_so_many_run_and_wait_at_once(tmp_path: Path) -> None:
    speaker = EspeakNg(program=program(tmp_path, "exec sleep 60"), time_limit=0.5, at_once=1, waiting_limit=1)
    results = await asyncio.gather(*(speaker.synthesise("Hallo", "de") for _ in range(3)), return_exceptions=True)
    reasons = sorted(str(result) for result in results)
    assert reasons == ["1 texts already wait for espeak-ng", *["espeak-ng took longer than 0.5 s"] * 2]


async def test_the_program_gets_the_text_only_on_its_input_and_none_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADLINE_SECRET", "hush")
    seen = tmp_path / "seen"
    speaker = EspeakNg(program=program(tmp_path, f'echo "$@" >{seen}; env >>{seen}; cat >{seen}.in; exit 1'))
    with pytest.raises(SynthesisFailed):
        await speaker.synthesise("Geheime Kundennummer", "de")
    assert "Geheime" not in seen.read_text()
    assert "hush" not in seen.read_text()
    assert (tmp_path / "seen.in").read_text() == "Geheime Kundennummer"
