"""Recorded prompts: taken as they are, converted, or refused with what to do about it."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from router.speech import recordings
from router.speech.failures import RecordingRefused
from router.speech.recordings import find_recording, load_recording
from router.speech.wav import read_wav, telephone_wav

Tone = Callable[..., bytes]


def put(directory: Path, content: bytes, language: str = "de", name: str = "hello") -> Path:
    path = directory / language / f"{name}.wav"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def load(directory: Path) -> recordings.Recording:
    found = find_recording(directory, "hello", "de")
    assert found is not None
    return load_recording(found)


def test_a_telephone_recording_is_played_as_it_was_recorded(tmp_path: Path, make_tone: Tone) -> None:
    loud = telephone_wav(make_tone(0.5, loudness=1.0))
    put(tmp_path, loud + b"LIST\x04\0\0\0abcd")
    assert load(tmp_path).wav == loud


def test_a_studio_recording_is_converted(tmp_path: Path, make_tone: Tone) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as studio:
        studio.setnchannels(1)
        studio.setsampwidth(2)
        studio.setframerate(44100)
        studio.writeframes(make_tone(1.0, rate=44100))
    put(tmp_path, file.getvalue())
    wav = read_wav(load(tmp_path).wav)
    assert wav.is_telephone
    assert wav.frames == pytest.approx(8000, abs=1)


def test_the_key_follows_the_content_not_the_place(tmp_path: Path, make_tone: Tone) -> None:
    put(tmp_path, telephone_wav(make_tone(0.5)))
    first = load(tmp_path).key
    put(tmp_path, telephone_wav(make_tone(0.6)))
    second = load(tmp_path).key
    put(tmp_path, telephone_wav(make_tone(0.5)))
    assert load(tmp_path).key == first != second


def test_the_exact_language_comes_before_the_general_one(tmp_path: Path, make_tone: Tone) -> None:
    put(tmp_path, b"", "de")
    austrian = put(tmp_path, b"", "de-AT")
    found = find_recording(tmp_path, "hello", "de-AT")
    assert found is not None
    assert found.path == austrian
    swiss = find_recording(tmp_path, "hello", "de-CH")
    assert swiss is not None
    assert swiss.path.parent.name == "de"
    assert find_recording(tmp_path, "hello", "en") is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "does not begin like a WAV"),
        (b"\xff\xfb\x90 MP3", "does not begin like a WAV"),
        (telephone_wav(b"ab" * 100)[:-10], "cut off"),
        (telephone_wav(b""), "no sound"),
        (telephone_wav(b"ab").replace(b"fmt \x10\0\0\0\x01\0", b"fmt \x10\0\0\0\x31\0"), "GSM, not PCM"),
    ],
)
def test_an_unusable_file_is_refused_with_place_reason_and_way_out(tmp_path: Path, content: bytes, reason: str) -> None:
    put(tmp_path, content)
    with pytest.raises(RecordingRefused, match=rf"de/hello\.wav: .*{reason}.*; save it as 16-bit PCM WAV"):
        load(tmp_path)


def test_an_oversized_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "LARGEST_RECORDING", 2**20)
    put(tmp_path, bytes(2**20 + 1))
    with pytest.raises(RecordingRefused, match="larger than 1 MiB"):
        load(tmp_path)


def test_directories_and_pipes_are_no_recordings(tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    os.mkfifo(tmp_path / "de" / "hello.wav")
    with pytest.raises(RecordingRefused, match="not a file"):
        find_recording(tmp_path, "hello", "de")
    (tmp_path / "en" / "hello.wav").mkdir(parents=True)
    with pytest.raises(RecordingRefused, match="not a file"):
        find_recording(tmp_path, "hello", "en")
