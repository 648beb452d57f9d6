"""``threadline flow history``, ``publish``, ``rollback``, ``diff``, ``export`` and ``import``: what is released."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from router import settings as settings_module
from router.app import opened, releases_of, there, utc_now
from router.cli.output import NO, WRONG_USE, as_json, counted, fail, say
from router.flow.files import Files
from router.flow.load import read_folder, read_text
from router.flow.problems import FlowRefused
from router.releases.exporting import LocalChanges
from router.releases.exporting import export as export_to
from router.releases.releases import Release, Releases, UnknownRelease, differing
from router.settings import Settings
from router.store import people
from router.store.announcing import bus_on
from router.store.database import Database

MOST_NAMED = 3
"""Files that a line of the history names."""

_Answer = TypeVar("_Answer")
_Opens = Callable[[Settings], AbstractAsyncContextManager[Database]]

Comment = Annotated[str, typer.Option(help="Why, for those who read the history.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, for scripts.")]
Path_ = Annotated[str | None, typer.Option("--path", help="One file, as in hotline.yaml or shared/hours.yaml.")]


def history(
    path: Annotated[str | None, typer.Argument(help="Only releases that changed this file.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most, from the newest on.", min=1, max=1000)] = 20,
    json: Json = False,
) -> None:
    """List the releases of the flows, newest first: when, from where, by whom, what changed.

    Example: threadline flow history hotline.yaml
    """

    async def read(releases: Releases) -> list[Release]:
        return await releases.history(path, limit)

    found = _on_releases(read)
    if json:
        as_json(found)
        return
    names = asyncio.run(_names(settings_module.load(), {release.person_id for release in found} - {None}))
    for release in found:
        who = names.get(release.person_id or "", "-")
        many = len(release.changed) > MOST_NAMED
        changed = counted(len(release.changed), "file") if many else ", ".join(release.changed)
        when = f"{release.at.astimezone():%Y-%m-%d %H:%M}"
        say(f"{release.id:>5}  {when}  {release.origin.value:<9} {who:<12} {changed:<30} {release.comment}".rstrip())
    if not found:
        say("nothing has been released yet" if path is None else f"no release changed {path}")


def publish(
    files: Annotated[list[Path], typer.Argument(help="Flow files; those in shared/ and scenarios/ go there.")],
    comment: Comment = "",
    json: Json = False,
) -> None:
    """Release files beside all that is released already: new calls run them within a second, running calls go on as
    they began. What would be broken by it is refused.

    Example: threadline flow publish ivr_flows/hotline.yaml --comment "Friendlier greeting"
    """

    for file in files:
        if not file.is_file():
            folder = "is a folder, which 'threadline flow import' releases" if file.is_dir() else "is not there"
            fail(f"{file} {folder}", WRONG_USE)

    async def put(releases: Releases) -> tuple[Release, bool]:
        before = await releases.newest_id()
        release = await releases.put(
            {_path_of(file): read_text(file) for file in files}, person_id=None, comment=comment
        )
        return release, release.id != before

    _tell(*_on_releases(put, opened), json)


def rollback(
    release: Annotated[int, typer.Argument(help="The release to go back to, as in `flow history`.", min=1)],
    path: Path_ = None,
    comment: Comment = "",
    json: Json = False,
) -> None:
    """Release all files, or one, as they were in an earlier release. This, too, can be taken back.

    Example: threadline flow rollback 12 --path hotline.yaml --comment "Callers got stuck"
    """

    async def back(releases: Releases) -> tuple[Release, bool]:
        before = await releases.newest_id()
        made = await releases.roll_back(release, path=path, person_id=None, comment=comment)
        return made, made.id != before

    _tell(*_on_releases(back), json)


def diff(
    older: Annotated[int | None, typer.Argument(help="A release; without it, the newest against the folder.")] = None,
    newer: Annotated[int | None, typer.Argument(help="Another release, else the newest.")] = None,
    path: Path_ = None,
    json: Json = False,
) -> None:
    """Show what differs between two releases, or between the newest one and the folder of flows. Exit code 1 when
    something does.

    Example: threadline flow diff 11 12
    """
    settings = settings_module.load()

    async def both(releases: Releases) -> tuple[tuple[str, Files], tuple[str, Files]]:
        newest = await releases.newest()
        if older is None:
            return await _numbered(releases, newest.id), (str(settings.flows), read_folder(settings.flows))
        return await _numbered(releases, older), await _numbered(releases, newer or newest.id)

    (old_name, old), (new_name, new) = _on_releases(both)
    changed = [each for each in differing(old, new) if path in (None, each)]
    texts = {each: "\n".join(_lines(each, old, old_name, new, new_name)) for each in changed}
    if json:
        as_json([{"path": each, "diff": text} for each, text in texts.items()])
    else:
        say("\n".join(texts.values()) or f"no differences between {old_name} and {new_name}")
    if changed:
        raise typer.Exit(NO)


def export(
    folder: Annotated[Path, typer.Argument(help="Where to; usually the folder that is kept in git.")],
    force: Annotated[bool, typer.Option(help="Overwrite what was changed in the folder.")] = False,
    json: Json = False,
) -> None:
    """Write the newest release into a folder. Files that were changed there and never released are not overwritten.

    Example: threadline flow export ivr_flows
    """

    async def write(releases: Releases) -> Any:
        return await export_to(releases, folder, force=force)

    try:
        done = _on_releases(write)
    except LocalChanges as changes:
        fail(f"{changes}; release them ('threadline flow publish'), or overwrite them with --force")
    except OSError as error:
        fail(f"{error.filename or folder}: {error.strerror}")
    if json:
        as_json(done)
        return
    for verb, paths in (("written", done.written), ("removed", done.removed), ("left, not released", done.left)):
        for path in paths:
            say(f"{verb}: {path}")
    say(f"{folder} holds release {done.release_id}")


def import_(
    folder: Annotated[Path, typer.Argument(help="A folder of flows, with shared/ and scenarios/.")],
    comment: Comment = "",
    json: Json = False,
) -> None:
    """Release exactly what a folder holds: what is released and not in the folder goes.

    Example: threadline flow import ivr_flows --comment "As in git"
    """
    if not folder.is_dir():
        fail(f"{folder} is not a folder; single files are released with 'threadline flow publish'", WRONG_USE)

    async def take(releases: Releases) -> tuple[Release, bool]:
        before = await releases.newest_id()
        release = await releases.replace(read_folder(folder), person_id=None, comment=comment)
        return release, release.id != before

    _tell(*_on_releases(take, opened), json)


def _on_releases(act: Callable[[Releases], Awaitable[_Answer]], opens: _Opens = there) -> _Answer:
    settings = settings_module.load()

    async def run() -> _Answer:
        async with opens(settings) as database, bus_on(database, hears=False) as bus:
            return await act(releases_of(settings, database, bus, utc_now))

    try:
        return asyncio.run(run())
    except FlowRefused as refused:
        fail(str(refused))
    except UnknownRelease as unknown:
        fail(f"{unknown}; see 'threadline flow history'")


def _tell(release: Release, is_new: bool, json: bool) -> None:
    if json:
        as_json(release)
    elif is_new:
        say(f"release {release.id}: {counted(len(release.changed), 'file')} changed: {', '.join(release.changed)}")
    else:
        say(f"nothing to change: release {release.id} is like that already")


async def _names(settings: Settings, ids: set[str | None]) -> dict[str, str]:
    async with there(settings) as database, database.read() as connection:
        found = [await people.by_id(connection, each) for each in ids if each]
    return {row.id: row.login for row in found if row is not None}


async def _numbered(releases: Releases, number: int) -> tuple[str, Files]:
    return f"release {number}", await releases.files_of(number)


def _lines(path: str, old: Files, old_name: str, new: Files, new_name: str) -> Iterator[str]:
    before, after = old.get(path, "").splitlines(), new.get(path, "").splitlines()
    return difflib.unified_diff(before, after, f"{path} ({old_name})", f"{path} ({new_name})", lineterm="")


def _path_of(file: Path) -> str:
    """The path of a flow file within a set, wherever on this disk it is."""
    parent = file.resolve().parent.name
    return f"{parent}/{file.name}" if parent in ("shared", "scenarios") else file.name
