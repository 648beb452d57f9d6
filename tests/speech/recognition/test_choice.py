"""Which recogniser the settings mean."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from router.channels.abilities import abilities_of
from router.core.abilities import Ability
from router.settings import Settings, SettingsRefused, load
from router.speech.recognition import choice
from router.speech.recognition.choice import chosen, ear_of, whisper_of

SECRET = SecretStr("whsec_" + base64.b64encode(b"k" * 32).decode())


@pytest.fixture
def with_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "library_there", lambda: True)


def model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("config.json", "model.bin", "vocabulary.txt"):
        (folder / name).touch()
    return folder


async def test_whisper_listens_where_it_is_installed(tmp_path: Path, with_library: None) -> None:
    settings = Settings(data_dir=tmp_path, speech_workers=3)
    assert (chosen(settings), ear_of(settings)) == (None, None)
    model(tmp_path / "speech" / "whisper-base")
    assert chosen(settings) == "whisper"
    ear = ear_of(settings)
    assert ear is not None
    assert (ear.name, whisper_of(settings).workers) == ("whisper", 3)


def test_nobody_listens_without_the_library_or_where_nobody_is_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "library_there", lambda: False)
    other = model(tmp_path / "other")
    assert chosen(Settings(speech_model=other)) is None
    monkeypatch.setattr(choice, "library_there", lambda: True)
    assert chosen(Settings(speech_model=other)) == "whisper"
    assert chosen(Settings(speech_model=other, recogniser="none")) is None


def test_whisper_that_is_wanted_and_not_there_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="run 'threadline speech install'"):
        ear_of(Settings(data_dir=tmp_path, recogniser="whisper"))
    with pytest.raises(SettingsRefused, match="holds no Whisper model"):
        ear_of(Settings(speech_model=tmp_path, recogniser="whisper"))


def test_asterisk_hears_speech_where_somebody_listens(tmp_path: Path, with_library: None) -> None:
    other = model(tmp_path / "other")
    assert Ability.SPEECH in abilities_of("asterisk", Settings(speech_model=other))
    assert Ability.SPEECH not in abilities_of("asterisk", Settings(recogniser="none"))


async def test_servers_are_used_where_they_are_named() -> None:
    over_http = Settings(recogniser="http", recogniser_url="https://stt.example.net/hear", recogniser_secret=SECRET)
    for settings, name in ((Settings(recogniser="vosk"), "vosk"), (over_http, "http")):
        ear = ear_of(settings)
        assert ear is not None
        assert ear.name == name
        await ear.aclose()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "THREADLINE_RECOGNISER_URL"),
        ({"recogniser_url": "https://stt.example.net", "recogniser_secret": SecretStr("hunter2")}, "RECOGNISER_SECRET"),
    ],
)
def test_a_service_without_address_or_with_a_bad_secret_is_refused(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsRefused, match=reason) as refused:
        ear_of(Settings(recogniser="http", **more))
    assert "hunter2" not in str(refused.value)


def test_an_address_without_a_secret_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="is needed with recogniser_url"):
        load({"THREADLINE_RECOGNISER_URL": "https://stt.example.net"}, tmp_path)
    with pytest.raises(SettingsRefused, match="begins with ws"):
        load({"THREADLINE_VOSK_URL": "http://127.0.0.1:2700"}, tmp_path)
