"""Writes what is released into a folder, for those who keep flows in git. What nobody else has is not overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from router.flow.files import text_id
from router.flow.load import flow_files, read_text
from router.flow.problems import FlowRefused
from router.releases.releases import Releases


@dataclass(frozen=True, slots=True)
class Exported:
    """What was done, by path. ``left`` are files that the release does not have and nobody ever saved or released."""

    release_id: int
    written: tuple[str, ...]
    removed: tuple[str, ...]
    left: tuple[str, ...]


class LocalChanges(Exception):
    """Files in the folder were changed there and would be overwritten; nothing was written."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(f"changed in the folder, and neither released nor saved as a draft: {', '.join(paths)}")
        self.paths = paths


async def export(releases: Releases, folder: Path, *, force: bool = False) -> Exported:
    """Make the folder hold the newest release. Files that the release does not have go, where their text is kept.

    Raises `LocalChanges`, unless ``force``; `UnknownRelease` where nothing was released yet, and `OSError`.
    """
    newest = await releases.newest()
    files = await releases.files_of(newest.id)
    there = _texts_in(folder)
    kept = await releases.kept_texts([text_id(text) for text in there.values() if text is not None])
    ours = {path for path, text in there.items() if text is not None and text_id(text) in kept}
    changed = [path for path, text in files.items() if path in there and there[path] != text]
    lost = tuple(path for path in changed if path not in ours)
    if lost and not force:
        raise LocalChanges(lost)
    written = tuple(path for path, text in files.items() if there.get(path) != text)
    for path in written:
        _write(folder / path, files[path])
    others = sorted(there.keys() - files.keys())
    removed = tuple(path for path in others if path in ours)
    for path in removed:
        (folder / path).unlink()
    return Exported(newest.id, written, removed, tuple(path for path in others if path not in ours))


def _texts_in(folder: Path) -> dict[str, str | None]:
    """The flow files of the folder by path; None for what cannot be read as text."""
    if not folder.exists():
        return {}
    texts: dict[str, str | None] = {}
    for file in flow_files(folder):
        try:
            texts[file.relative_to(folder).as_posix()] = read_text(file)
        except FlowRefused:
            texts[file.relative_to(folder).as_posix()] = None
    return texts


def _write(file: Path, text: str) -> None:
    """Whole or not at all; whoever looks at the folder passes over hidden files."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.write_bytes(text.encode())
    new.replace(file)
