"""The way back into a folder: what only the folder has is never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.flow.load import read_folder
from router.releases.exporting import LocalChanges, export
from router.releases.folder import Folder
from router.releases.releases import Releases, UnknownRelease
from router.store.database import Database
from tests.releases.house import FILES, flow, releases_on

PATH = "hotline.yaml"
pytestmark = pytest.mark.sqlite_only


@pytest.fixture
async def releases(database: Database) -> Releases:
    made = releases_on(database)
    await made.take_over(FILES)
    return made


async def test_a_new_folder_gets_all_files(releases: Releases, tmp_path: Path) -> None:
    done = await export(releases, tmp_path / "new")
    assert read_folder(tmp_path / "new") == FILES
    assert (done.release_id, done.written) == (1, tuple(FILES))
    assert (await export(releases, tmp_path / "new")).written == ()


async def test_what_was_released_or_saved_may_be_overwritten(releases: Releases, tmp_path: Path) -> None:
    await export(releases, tmp_path)
    await releases.put({PATH: flow("Two")}, person_id=None)
    await releases.save("shared/hours.yaml", "version: 1 # a draft", based_on=None, person_id="anna")
    (tmp_path / "shared/hours.yaml").write_text("version: 1 # a draft")
    assert (await export(releases, tmp_path)).written == (PATH, "shared/hours.yaml")
    assert read_folder(tmp_path) == FILES | {PATH: flow("Two")}


@pytest.mark.parametrize("mine", [flow("Mine").encode(), b"\xff"])
async def test_what_only_the_folder_has_is_not_overwritten(releases: Releases, tmp_path: Path, mine: bytes) -> None:
    await export(releases, tmp_path)
    await releases.put({"other.yaml": flow(name="other")}, person_id=None)
    (tmp_path / PATH).write_bytes(mine)
    with pytest.raises(LocalChanges, match=PATH):
        await export(releases, tmp_path)
    assert (tmp_path / PATH).read_bytes() == mine
    assert not (tmp_path / "other.yaml").exists(), "all or nothing"
    await export(releases, tmp_path, force=True)
    assert (tmp_path / PATH).read_text() == flow()


async def test_files_that_are_not_released_any_more_go_where_they_are_kept(releases: Releases, tmp_path: Path) -> None:
    await releases.put({"other.yaml": flow(name="other")}, person_id=None)
    await export(releases, tmp_path)
    await releases.remove("other.yaml", person_id=None)
    (tmp_path / "mine.yaml").write_text(flow(name="mine"))
    done = await export(releases, tmp_path, force=True)
    assert (done.removed, done.left) == (("other.yaml",), ("mine.yaml",))
    assert set(read_folder(tmp_path)) == {*FILES, "mine.yaml"}


async def test_an_exported_folder_makes_no_release_of_its_own(releases: Releases, tmp_path: Path) -> None:
    await releases.put({PATH: flow("Two")}, person_id=None)
    await export(releases, tmp_path)
    folder = Folder(tmp_path, releases)
    await folder.start()
    assert await releases.newest_id() == 2


async def test_there_is_nothing_to_export_before_the_first_release(database: Database, tmp_path: Path) -> None:
    with pytest.raises(UnknownRelease):
        await export(releases_on(database), tmp_path)
