"""The folder of flows: what people who keep flows in git rely on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from router.flow.load import read_folder
from router.flow.problems import FlowRefused
from router.releases import folder as folder_module
from router.releases.folder import Folder
from router.releases.releases import Origin, Releases
from router.store.database import Database
from tests.releases.house import FILES, HOURS, flow, releases_on

PATH = "hotline.yaml"


class Disk:
    """A folder of flows. Each writing is later than the one before, however quick."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._now = 1_800_000_000

    def write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(exist_ok=True, parents=True)
            file.write_text(text)
            self._now += 1
            os.utime(file, (self._now, self._now))


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    disk = Disk(tmp_path / "ivr_flows")
    disk.write(FILES)
    return disk


@pytest.fixture
def releases(database: Database) -> Releases:
    return releases_on(database)


@pytest.fixture
async def folder(disk: Disk, releases: Releases) -> Folder:
    """Looked at since it was taken over as release 1."""
    folder = Folder(disk.root, releases)
    await folder.start()
    return folder


async def until_quiet(folder: Folder) -> None:
    for _ in range(3):
        await folder.look()


async def in_use(releases: Releases) -> Mapping[str, str]:
    return await releases.files_of((await releases.newest()).id)


async def test_an_empty_database_begins_with_the_folder(folder: Folder, releases: Releases) -> None:
    first = await releases.newest()
    assert (first.id, first.origin, first.changed) == (1, Origin.FOLDER, (PATH, "shared/hours.yaml"))
    assert await in_use(releases) == FILES
    await until_quiet(folder)
    assert (await releases.newest()).id == 1


async def test_a_broken_folder_refuses_the_first_start(disk: Disk, releases: Releases) -> None:
    disk.write({PATH: flow().replace("next: office", "next: offce")})
    with pytest.raises(FlowRefused, match=f"{disk.root}/hotline.yaml:6:48: missing-step"):
        await Folder(disk.root, releases).start()
    assert await releases.newest_id() == 0


@pytest.mark.sqlite_only
async def test_an_empty_folder_refuses_the_first_start(tmp_path: Path, releases: Releases) -> None:
    with pytest.raises(FlowRefused, match="there would be no flow 'hotline'"):
        await Folder(tmp_path, releases).start()
    with pytest.raises(FlowRefused, match="no such file or folder"):
        await Folder(tmp_path / "nowhere", releases).start()
    assert await releases.newest_id() == 0


async def test_a_changed_file_is_released_once_it_holds_still(disk: Disk, folder: Folder, releases: Releases) -> None:
    disk.write({PATH: flow("Two")})
    await folder.look()
    assert await releases.newest_id() == 1
    disk.write({PATH: flow("Three")})
    await folder.look()
    assert await releases.newest_id() == 1, "somebody is still writing"
    await folder.look()
    released = await releases.newest()
    assert (released.id, released.origin, released.changed) == (2, Origin.FOLDER, (PATH,))
    assert await in_use(releases) == FILES | {PATH: flow("Three")}


async def test_a_file_that_changes_while_it_is_read_is_not_taken(
    disk: Disk, folder: Folder, releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.write({PATH: flow("Half")})

    def interrupted(path: Path) -> Mapping[str, str]:
        texts = read_folder(path)
        monkeypatch.setattr(folder_module, "read_folder", read_folder)
        disk.write({PATH: flow("Whole")})
        return texts

    monkeypatch.setattr(folder_module, "read_folder", interrupted)
    await folder.look()
    await folder.look()
    assert await releases.newest_id() == 1
    await until_quiet(folder)
    assert [release.id for release in await releases.history()] == [2, 1]
    assert (await in_use(releases))[PATH] == flow("Whole")


async def test_a_broken_file_never_replaces_a_working_one(disk: Disk, folder: Folder, releases: Releases) -> None:
    with capture_logs() as logs:
        disk.write({PATH: flow("Two").replace("next: office", "next: offce"), "other.yaml": flow(name="other")})
        await until_quiet(folder)
        disk.write({"other.yaml": flow("Still broken beside it", name="other")})
        await until_quiet(folder)
    assert await releases.newest_id() == 1
    (problem,) = releases.folder_problems()
    assert (problem.file, problem.line, problem.column) == (str(disk.root / PATH), 6, 45)
    assert [line for line in logs if "6:45: missing-step" in line.get("problem", "")] == logs[-1:], "told once"
    disk.write({PATH: flow("Two")})
    await until_quiet(folder)
    assert releases.folder_problems() == ()
    assert set((await releases.newest()).changed) == {PATH, "other.yaml"}


async def test_with_a_release_there_a_broken_folder_does_not_stop_the_start(
    disk: Disk, folder: Folder, releases: Releases
) -> None:
    disk.write({PATH: "version: 1"})
    again = Folder(disk.root, releases)
    await again.start()
    assert releases.folder_problems()
    assert await in_use(releases) == FILES
    disk.write(FILES)
    await until_quiet(again)
    assert releases.folder_problems() == ()
    assert await releases.newest_id() == 1


async def test_only_what_changed_in_the_folder_replaces_what_was_published(
    disk: Disk, folder: Folder, releases: Releases
) -> None:
    await releases.put({PATH: flow("From the page"), "page.yaml": flow(name="page")}, person_id="anna")
    disk.write({"other.yaml": flow(name="other")})
    await until_quiet(folder)
    mixed = FILES | {PATH: flow("From the page"), "page.yaml": flow(name="page"), "other.yaml": flow(name="other")}
    assert await in_use(releases) == mixed
    await Folder(disk.root, releases).start()
    assert await in_use(releases) == mixed, "nor does a start"
    disk.write({PATH: flow("From git")})
    await until_quiet(folder)
    assert await in_use(releases) == mixed | {PATH: flow("From git")}


async def test_a_file_removed_in_the_folder_goes(disk: Disk, folder: Folder, releases: Releases) -> None:
    disk.write({"other.yaml": flow(name="other")})
    await until_quiet(folder)
    (disk.root / "other.yaml").unlink()
    await until_quiet(folder)
    assert await in_use(releases) == FILES
    (disk.root / "shared/hours.yaml").unlink()
    await until_quiet(folder)
    assert await in_use(releases) == FILES
    assert "hotline.yaml:7:" in str(releases.folder_problems()[0])


async def test_a_folder_that_holds_what_is_released_is_taken_over_without_a_release(
    disk: Disk, folder: Folder, releases: Releases
) -> None:
    """As after an export, or when somebody commits what was published on the page."""
    await releases.put({PATH: flow("Page")}, person_id="anna")
    disk.write({PATH: flow("Page")})
    await until_quiet(folder)
    assert await releases.newest_id() == 2
    await releases.put({PATH: flow("Page again")}, person_id="anna")
    disk.write({"other.yaml": flow(name="other")})
    await until_quiet(folder)
    assert (await in_use(releases))[PATH] == flow("Page again"), "the folder has not changed it since"


async def test_what_was_rolled_back_stays_so_until_the_folder_changes(
    disk: Disk, folder: Folder, releases: Releases
) -> None:
    disk.write({PATH: flow("Bad")})
    await until_quiet(folder)
    await releases.roll_back(1, path=PATH, person_id="anna")
    await until_quiet(folder)
    await Folder(disk.root, releases).start()
    assert (await in_use(releases))[PATH] == flow()
    disk.write({PATH: flow("Better")})
    await until_quiet(folder)
    assert (await in_use(releases))[PATH] == flow("Better")


async def test_several_processes_with_one_folder_make_one_release(disk: Disk, database: Database) -> None:
    others = [Database(database.url) for _ in range(3)]
    folders = [Folder(disk.root, releases_on(each)) for each in others]
    await asyncio.gather(*(folder.start() for folder in folders))
    releases = releases_on(database)
    assert await releases.newest_id() == 1
    disk.write({PATH: flow("Two"), "other.yaml": flow(name="other")})
    for _ in range(3):
        await asyncio.gather(*(folder.look() for folder in folders))
    assert [release.changed for release in await releases.history()] == [
        (PATH, "other.yaml"),
        (PATH, "shared/hours.yaml"),
    ]
    for each in others:
        await each.close()


async def test_two_machines_with_different_folders_do_not_replace_each_others_flows_for_ever(
    disk: Disk, folder: Folder, releases: Releases, tmp_path: Path
) -> None:
    """As while a new version of the folder is rolled out machine by machine."""
    newer = Disk(tmp_path / "newer")
    newer.write(FILES | {PATH: flow("Newer")})
    second = Folder(newer.root, releases)
    await second.start()
    for _ in range(3):
        disk.write(FILES)  # touched, not changed
        await until_quiet(folder)
        await until_quiet(second)
    assert (await in_use(releases))[PATH] == flow("Newer")
    assert await releases.newest_id() == 2


@pytest.mark.sqlite_only
async def test_what_editors_leave_about_is_not_looked_at(disk: Disk, folder: Folder, releases: Releases) -> None:
    for name in (".hotline.yaml.swp", "hotline.yaml~", "#hotline.yaml#", ".hotline.yaml", "4913", "notes.txt"):
        disk.write({name: "version: 7"})
    (disk.root / ".#hotline.yaml").symlink_to("robin@desk.4711")
    (disk.root / ".git").mkdir()
    await until_quiet(folder)
    assert releases.folder_problems() == ()
    assert await releases.newest_id() == 1


@pytest.mark.sqlite_only
async def test_an_editor_that_writes_anew_and_renames_is_noticed(
    disk: Disk, folder: Folder, releases: Releases
) -> None:
    old = (disk.root / PATH).stat()
    disk.write({".new": flow("Hallo.")})  # as long as the old text
    os.utime(disk.root / ".new", ns=(old.st_atime_ns, old.st_mtime_ns))
    (disk.root / ".new").rename(disk.root / PATH)
    await until_quiet(folder)
    assert (await in_use(releases))[PATH] == flow("Hallo.")


@pytest.mark.sqlite_only
async def test_a_folder_that_goes_away_changes_nothing(disk: Disk, folder: Folder, releases: Releases) -> None:
    disk.root.rename(disk.root.with_name("elsewhere"))
    await until_quiet(folder)
    assert "no such file or folder" in str(releases.folder_problems()[0])
    assert await in_use(releases) == FILES
    disk.root.with_name("elsewhere").rename(disk.root)
    await until_quiet(folder)
    assert releases.folder_problems() == ()


@pytest.mark.sqlite_only
async def test_one_flow_alone_can_be_looked_at(tmp_path: Path, releases: Releases) -> None:
    disk = Disk(tmp_path)
    disk.write(FILES | {"beside.yaml": "version: 7"})
    folder = Folder(tmp_path / PATH, releases)
    await folder.start()
    assert await in_use(releases) == FILES
    disk.write({"shared/hours.yaml": HOURS + "# changed\n"})
    await until_quiet(folder)
    assert (await releases.newest()).changed == ("shared/hours.yaml",)


async def test_looking_goes_on_whatever_goes_wrong(
    disk: Disk, folder: Folder, releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "LOOK_EVERY", 0.01)
    done, failures = asyncio.Event(), iter([ConnectionRefusedError(), RuntimeError("unforeseen")])
    take_over = releases.take_over

    async def failing(*args: object) -> object:
        if failure := next(failures, None):
            raise failure
        done.set()
        return await take_over(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(releases, "take_over", failing)
    disk.write({PATH: flow("Two")})
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(folder.run())
        await asyncio.wait_for(done.wait(), 20)
        looking.cancel()


TEXT = st.sampled_from(["One", "Two", "Three", None])
STEP = st.tuples(st.sampled_from(["folder", "page"]), st.dictionaries(st.sampled_from("abc"), TEXT, max_size=3))


@pytest.mark.sqlite_only
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=6))
def test_each_file_is_as_it_was_last_changed(
    make_database: object, steps: list[tuple[str, dict[str, str | None]]]
) -> None:
    """Whether in the folder or on the page."""
    url = make_database()  # type: ignore[operator]

    async def run() -> None:
        database = Database(url)
        releases = releases_on(database)
        on_disk, expected = dict(FILES), dict(FILES)
        await releases.take_over(on_disk)
        for where, changes in steps:
            for name, text in changes.items():
                path = f"{name}.yaml"
                if where == "page":
                    if text is not None:
                        await releases.put({path: flow(text, name)}, person_id=None)
                        expected[path] = flow(text, name)
                    continue
                before = on_disk.pop(path, None)
                if text is not None:
                    on_disk[path] = flow(text, name)
                if on_disk.get(path) != before:
                    expected.pop(path, None)
                    if text is not None:
                        expected[path] = on_disk[path]
            if where == "folder":
                await releases.take_over(dict(on_disk))
        assert await in_use(releases) == expected
        await database.close()

    asyncio.run(run())
