"""What is told of an embedded database's file is what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from router.store.file_trouble import file_trouble


def test_a_folder_that_is_missing_or_in_the_files_place(tmp_path: Path) -> None:
    missing = file_trouble(f"sqlite:///{tmp_path}/nowhere/a.db")
    assert missing == (
        f"{tmp_path}/nowhere/a.db: the folder {tmp_path}/nowhere does not exist: make it, for the service's user"
    )
    assert file_trouble(f"sqlite:///{tmp_path}") == f"{tmp_path}: is a folder, not a file"


@pytest.mark.parametrize("closed", ["", "a.db"])
def test_what_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    (tmp_path / "a.db").touch()
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path / closed)  # root may write anywhere
    told = file_trouble(f"sqlite:///{tmp_path}/a.db")
    assert told == f"{tmp_path}/a.db: {tmp_path / closed} cannot be written to: give it to the service's user"


def test_nothing_is_wrong(tmp_path: Path) -> None:
    assert file_trouble(f"sqlite:///{tmp_path}/a.db") is None
    assert file_trouble("sqlite://") is None
    assert file_trouble("postgresql://threadline@localhost/threadline") is None
