"""Models are loaded only as what was chosen."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest

from router.speech.recognition.whisper.model import HASHES, SUMS, ModelRefused, checked, is_there

FILES = {"config.json": b"{}", "model.bin": b"weights", "vocabulary.txt": b"a\nb\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def sums() -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


def refusal(folder: Path, hashes: dict[str, str] | None) -> str:
    with pytest.raises(ModelRefused) as refused:
        checked(folder, hashes)
    return str(refused.value)


def test_files_with_the_right_hashes_are_fine(folder: Path) -> None:
    assert is_there(folder)
    checked(folder, sums())


def test_one_changed_byte_is_refused_with_the_way_out(folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"weightz")
    assert "model.bin is not what it should be: run 'threadline speech install' again" in refusal(folder, sums())


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "vocabulary.txt").unlink()
    assert not is_there(folder)
    assert "vocabulary.txt" in refusal(folder, sums())


def test_another_model_is_noted_at_first_and_then_held_to_it(folder: Path) -> None:
    checked(folder, None)
    assert set((folder / SUMS).read_text().splitlines()) == {f"{digest}  {name}" for name, digest in sums().items()}
    checked(folder, None)
    (folder / "config.json").write_bytes(b"[]")
    assert f"see {SUMS}" in refusal(folder, None)


def test_hashes_that_are_given_count_from_the_start(folder: Path) -> None:
    lines = [f"{digest} *{name}" for name, digest in (sums() | {"model.bin": "0" * 64}).items()]
    (folder / SUMS).write_text("\n".join([*lines, "anything else"]))
    assert "model.bin is not" in refusal(folder, None)
    (folder / SUMS).write_text(lines[0])
    assert "has no line for" in refusal(folder, None)


def test_a_folder_that_cannot_be_written_is_told_how_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    assert "sha256sum" in refusal(folder, None)


def test_the_installed_model_has_a_hash_for_each_file() -> None:
    assert set(HASHES) == set(FILES)
