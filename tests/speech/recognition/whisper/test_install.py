"""Installing the model: put together from packages, checked, and never half there."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from router.speech.recognition.whisper import install, model
from router.speech.recognition.whisper.install import NotInstalled, assemble, install_packages
from router.speech.recognition.whisper.model import ModelRefused

FILES = {"config.json": b"{}", "model.bin": b"first half, second half", "vocabulary.txt": b"a\nb\n"}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two packages with a small model in them, whose hashes are those expected."""
    for part in ("model_part1", "model_part2"):
        (tmp_path / "site" / part / "data").mkdir(parents=True)
        (tmp_path / "site" / part / "__init__.py").touch()
    first, second = (tmp_path / "site" / part / "data" for part in ("model_part1", "model_part2"))
    (first / "config.json").write_bytes(FILES["config.json"])
    (first / "vocabulary.txt").write_bytes(FILES["vocabulary.txt"])
    (first / "model.bin.part1").write_bytes(FILES["model.bin"][:11])
    (second / "model.bin.part2").write_bytes(FILES["model.bin"][11:])
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(install, "PARTS", ("model_part1", "model_part2"))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    for module in (install, model):
        monkeypatch.setattr(module, "HASHES", hashes)
    return tmp_path / "site"


def put(folder: Path) -> list[str]:
    said: list[str] = []
    assemble(folder, said.append)
    return said


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_halves_are_put_together(packages: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "speech" / "whisper-base"
    assert str(folder) in put(folder)[0]
    assert contents(folder) == FILES


def test_what_is_there_and_right_is_left_alone(packages: Path, tmp_path: Path) -> None:
    put(tmp_path / "model")
    before = (tmp_path / "model" / "model.bin").stat().st_mtime_ns
    assert put(tmp_path / "model") == []
    assert (tmp_path / "model" / "model.bin").stat().st_mtime_ns == before


def test_what_is_there_and_wrong_is_replaced(packages: Path, tmp_path: Path) -> None:
    put(tmp_path / "model")
    (tmp_path / "model" / "model.bin").write_bytes(b"other")
    assert "it is replaced" in put(tmp_path / "model")[0]
    assert contents(tmp_path / "model") == FILES


def test_packages_with_something_else_in_them_change_nothing(packages: Path, tmp_path: Path) -> None:
    (packages / "model_part2" / "data" / "model.bin.part2").write_bytes(b"something else")
    with pytest.raises(ModelRefused, match="model.bin is not what it should be"):
        put(tmp_path / "data" / "model")
    assert list((tmp_path / "data").iterdir()) == []


def test_packages_without_the_files_change_nothing(packages: Path, tmp_path: Path) -> None:
    (packages / "model_part1" / "data" / "model.bin.part1").unlink()
    with pytest.raises(NotInstalled, match="No such file"):
        put(tmp_path / "data" / "model")
    assert list((tmp_path / "data").iterdir()) == []


def test_too_little_room_is_said_beforehand(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    with pytest.raises(NotInstalled, match="room for 5 MB; 300 MB are needed"):
        put(tmp_path / "model")


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The commands that would have been run; those that end with something of nowhere fail."""
    commands: list[Sequence[str]] = []

    def run(command: Sequence[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1 if "nowhere" in command[-1] else 0)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_packages_are_installed_by_hash_into_this_environment(called: list[Sequence[str]], tmp_path: Path) -> None:
    install_packages(None)
    install_packages(tmp_path)
    for command in called:
        assert command[:2] == [sys.executable, "-m"] or "--python" in command
        assert {"--require-hashes", "--no-deps"} <= set(command)
        assert Path(command[command.index("-r") + 1]).name == "speech.txt"
    assert called[1][-3:] == ["--no-index", "--find-links", str(tmp_path)]


def test_without_pip_it_is_uv_and_without_both_that_is_said(
    called: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name, path=None: "/opt/uv" if path is None else None)
    install_packages(None)
    assert called[0][:5] == ["/opt/uv", "pip", "install", "--python", sys.executable]
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    with pytest.raises(NotInstalled, match="neither pip nor uv"):
        install_packages(None)


def test_where_nothing_can_be_reached_the_way_out_is_told(
    called: list[Sequence[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "requirements", lambda: Path("nowhere.txt"))
    with pytest.raises(NotInstalled, match="threadline speech install --from speech-packages"):
        install_packages(None)
    with pytest.raises(NotInstalled, match="does not hold all"):
        install_packages(tmp_path / "nowhere")
