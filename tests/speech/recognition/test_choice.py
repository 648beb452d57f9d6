"""Which recogniser the settings mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.channels.abilities import abilities_of
from router.core.abilities import Ability
from router.settings import Settings, SettingsRefused
from router.speech.recognition import choice
from router.speech.recognition.choice import chosen, ear_of, whisper_of


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
