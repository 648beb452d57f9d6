"""Drafts, releases and the way back. What is kept never changes: a release is a set of texts under a number.

Whoever releases reads the newest release, lays a change over it, checks what comes out as a whole, and adds the next
number. Where somebody was quicker meanwhile, all of that is done again on theirs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.flow.files import Files, FlowSet, set_id
from router.flow.problems import FlowRefused, Problem
from router.flow.surroundings import NOTHING_KNOWN, Surroundings
from router.releases import kept
from router.releases.checks import Checks, Shown, as_it_is
from router.releases.records import (
    Checked,
    Draft,
    Origin,
    Outdated,
    Release,
    UnknownDraft,
    UnknownRelease,
    differing,
)
from router.releases.texts import one_line, refuse_unkeepable
from router.store import audit
from router.store import flow_versions as store
from router.store.bus import Bus
from router.store.database import Connection, Database

__all__ = [
    "Checked",
    "Draft",
    "Origin",
    "Outdated",
    "Release",
    "Releases",
    "UnknownDraft",
    "UnknownRelease",
    "differing",
]

RELEASED = "flows"
"""The topic of the bus on which new releases are announced."""
_MOST_NOTED = 5
"""Files that the audit log names of a release; of the others, how many there are."""

Change = Callable[["_Newest"], Awaitable[Files]]
"""What is to be released, given the newest release."""
Deed = Callable[[Connection], Awaitable[None]]
"""What belongs into the transaction of a release."""


async def _nothing(_: Connection) -> None: ...


@dataclass(frozen=True, slots=True)
class _Newest:
    """The newest release with its files, and the set that the folder of flows held; nothing where there is none."""

    release: Release | None
    files: Files
    folder_set: str | None

    @property
    def id(self) -> int:
        return self.release.id if self.release else 0


class _Overtaken(Exception):
    """Somebody else released meanwhile."""


class Releases:
    """``around`` tells what flows are checked against, ``needed`` where the settings name a flow, by its name."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Callable[[], datetime],
        *,
        around: Callable[[], Surroundings] = lambda: NOTHING_KNOWN,
        needed: Mapping[str, str] = {},
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._checks = Checks(around, needed)
        self._folder_problems: tuple[Problem, ...] = ()

    async def newest(self) -> Release:
        """What new calls run. Raises `UnknownRelease` where nothing was released yet."""
        async with self._database.read() as connection:
            return await kept.newest(connection)

    async def newest_id(self) -> int:
        """The number of the newest release, 0 where nothing was released yet."""
        async with self._database.read() as connection:
            return await store.newest_id(connection) or 0

    async def release(self, release_id: int) -> Release:
        """The release of this number. Raises `UnknownRelease`."""
        async with self._database.read() as connection:
            return await kept.release(connection, release_id)

    async def history(self, path: str | None = None, limit: int = 50) -> list[Release]:
        """The newest releases, newest first; with ``path`` those that changed that file."""
        async with self._database.read() as connection:
            return [Release.of(row) for row in await store.releases(connection, limit, path)]

    async def files_of(self, release_id: int) -> Files:
        """The files of a release. Raises `UnknownRelease`."""
        async with self._database.read() as connection:
            return await kept.files(connection, await kept.release(connection, release_id))

    async def kept_texts(self, revisions: Sequence[str]) -> set[str]:
        """Which texts of these names (`text_id`) were ever saved or released."""
        async with self._database.read() as connection:
            return await store.kept_texts(connection, revisions)

    async def drafts(self) -> list[Draft]:
        """The newest draft of each file that was neither published nor thrown away."""
        async with self._database.read() as connection:
            return [Draft.of(row) for row in await store.open_drafts(connection)]

    async def draft(self, draft_id: int) -> Draft:
        """The draft of this number. Raises `UnknownDraft`."""
        async with self._database.read() as connection:
            return await kept.draft(connection, draft_id)

    async def draft_history(self, path: str, limit: int = 50) -> list[Draft]:
        """All drafts of a file, newest first."""
        async with self._database.read() as connection:
            return [Draft.of(row) for row in await store.drafts_of(connection, path, limit)]

    async def save(
        self,
        path: str,
        text: str,
        *,
        based_on: int | None,
        person_id: str | None,
        comment: str = "",
        release_id: int | None = None,
    ) -> Draft:
        """Keep a text that callers do not meet yet, right or wrong.

        ``based_on`` is the open draft it was made from, None where there was none; ``release_id`` is the release its
        author has seen the file of, where that is not the draft's or, without a draft, the newest. Raises `Outdated`
        when the file has another draft by now, or another text in the newest release; `FlowRefused` for a path or text
        that cannot be a flow file.
        """
        refuse_unkeepable({path: text})
        now = self._clock()
        async with self._database.begin() as connection:
            await store.hold_all(connection)
            newest, present = await kept.newest(connection), await kept.open_draft(connection, path)
            if (present.id if present else None) != based_on:
                raise Outdated(path, present, newest)
            seen = release_id or (present.release_id if present else newest.id)
            await kept.refuse_other_text(connection, path, seen, newest, present)
            values = {
                "path": path,
                "revision": await store.keep_text(connection, path, text, now),
                "based_on": based_on,
                "release_id": seen,
                "person_id": person_id,
                "comment": one_line(comment),
                "at": now,
            }
            return await kept.draft(connection, await store.add_draft(connection, values))

    async def throw_away(self, draft_id: int, *, person_id: str | None) -> None:
        """Close the draft with all that it was made from. Raises `UnknownDraft`; `Outdated` when there is a newer."""
        async with self._database.begin() as connection:
            await store.hold_all(connection)
            draft = await kept.draft(connection, draft_id)
            await kept.close(connection, draft, self._clock())

    async def check(self, path: str, text: str) -> Checked:
        """What is wrong with ``text`` at ``path`` beside the other files of the newest release."""
        newest = await self.newest()
        before = await self.files_of(newest.id)
        try:
            refuse_unkeepable({path: text})
            flow_set = await self._checks.passed({**before, path: text}, path, stood=before)
        except FlowRefused as refused:
            return Checked(refused.problems, None)
        return Checked(flow_set.warnings, flow_set)

    async def try_out(self, draft_id: int) -> tuple[str, str | None]:
        """Keep the newest release with the draft laid over it, for test calls; the names of that set and of the flow
        that the draft is (None: it is shared). Raises `UnknownDraft`, and `FlowRefused` where it cannot run."""
        draft = await self.draft(draft_id)
        newest = await self.newest()
        before = await self.files_of(newest.id)
        flow_set = await self._checks.passed({**before, draft.path: draft.text}, draft.path, stood=before)
        async with self._database.begin() as connection:
            await store.keep_set(connection, flow_set.files, self._clock())
        flow = flow_set.flow_at(draft.path)
        return flow_set.id, flow.name if flow else None

    async def publish(self, draft_id: int, *, person_id: str | None, comment: str = "") -> Release:
        """Release a draft. Raises `UnknownDraft`, `FlowRefused`, and `Outdated` when it is not the newest draft of its
        file any more, or the file has another text in the newest release than its author has seen."""
        draft = await self.draft(draft_id)

        async def laid_over(newest: _Newest) -> Files:
            async with self._database.read() as connection:
                await kept.refuse_closed(connection, draft)
                released = await kept.newest(connection)
                await kept.refuse_other_text(connection, draft.path, draft.release_id, released, draft)
            return {**newest.files, draft.path: draft.text}

        async def close(connection: Connection) -> None:
            await kept.close(connection, draft, self._clock())

        return await self._next(Origin.PUBLISH, laid_over, person_id, comment, close)

    async def put(self, texts: Files, *, person_id: str | None, comment: str = "") -> Release:
        """Release texts without drafts, all or none. Raises `FlowRefused`."""
        refuse_unkeepable(texts)

        async def laid_over(newest: _Newest) -> Files:
            return {**newest.files, **texts}

        return await self._next(Origin.PUBLISH, laid_over, person_id, comment)

    async def remove(self, path: str, *, person_id: str | None, comment: str = "") -> Release:
        """Release everything but the file at ``path``; its open draft goes as well. Raises `FlowRefused` where another
        file or the settings refer to it, or there is none."""

        async def without(newest: _Newest) -> Files:
            if path not in newest.files:
                raise FlowRefused([Problem(path, 1, 1, "no-file", "there is no such file in the newest release")])
            return {other: text for other, text in newest.files.items() if other != path}

        async def close(connection: Connection) -> None:
            await store.close_drafts(connection, path, self._clock())

        return await self._next(Origin.PUBLISH, without, person_id, comment, close)

    async def replace(self, files: Files, *, person_id: str | None, comment: str = "") -> Release:
        """Release exactly ``files``. Raises `FlowRefused`."""
        refuse_unkeepable(files)

        async def these(_: _Newest) -> Files:
            return files

        return await self._next(Origin.PUBLISH, these, person_id, comment)

    async def roll_back(
        self, to_release: int, *, path: str | None = None, person_id: str | None, comment: str = ""
    ) -> Release:
        """Release the file at ``path``, or all files, as they were in ``to_release``. Raises `UnknownRelease`, and
        `FlowRefused` where that does not go with what there is today."""
        then = await self.files_of(to_release)

        async def as_then(newest: _Newest) -> Files:
            if path is None:
                return then
            if path not in then and path not in newest.files:
                raise FlowRefused(
                    [Problem(path, 1, 1, "no-file", f"there is no such file, now or in release {to_release}")]
                )
            others = {other: text for other, text in newest.files.items() if other != path}
            return others | ({path: then[path]} if path in then else {})

        return await self._next(Origin.ROLLBACK, as_then, person_id, comment, stood=then if path is None else None)

    def folder_problems(self) -> tuple[Problem, ...]:
        """Why what the folder of flows holds now was not released; empty where nothing is wrong with it."""
        return self._folder_problems

    def tell_folder_problems(self, problems: tuple[Problem, ...]) -> None:
        """Whoever looks at the folder of flows tells what is wrong with it."""
        self._folder_problems = problems

    async def take_over(self, files: Files, shown: Shown = as_it_is) -> Release | None:
        """Release what changed in the folder of flows since it was last taken over; None where that is nothing.

        Files published otherwise stay as long as the folder has not changed them. ``files`` are what the folder holds
        now, ``shown`` is how a path is written in problems. Raises `FlowRefused`; then nothing has changed.
        """
        refuse_unkeepable(files)
        before = await self._newest_with_files()
        if before.folder_set == set_id(files):
            return None

        async def changed_in_folder(newest: _Newest) -> Files:
            nonlocal before
            before = newest
            return await self._with_folder(newest, files)

        release = await self._next(Origin.FOLDER, changed_in_folder, None, "", folder=files, shown=shown)
        return release if release.id != before.id else None

    async def with_folder(self, files: Files, shown: Shown = as_it_is) -> FlowSet:
        """What `take_over` would release, checked; nothing is kept. Raises `FlowRefused`."""
        newest = await self._newest_with_files()
        after = await self._with_folder(newest, files)
        return await self._checks.passed(after, next(iter(after), ""), stood=newest.files, shown=shown)

    async def _with_folder(self, newest: _Newest, files: Files) -> Files:
        async with self._database.read() as connection:
            taken = await store.files_of(connection, newest.folder_set) if newest.folder_set else None
        changed = differing(taken or {}, files)
        others = {path: text for path, text in newest.files.items() if path not in changed}
        return others | {path: files[path] for path in changed if path in files}

    async def _next(
        self,
        origin: Origin,
        change: Change,
        person_id: str | None,
        comment: str,
        deed: Deed = _nothing,
        *,
        folder: Files | None = None,
        stood: Files | None = None,
        shown: Shown = as_it_is,
    ) -> Release:
        """Add a release, unless the change changes nothing; then the newest stays. ``deed`` is done either way.
        ``folder`` is what the folder of flows holds, where that is taken over; ``stood`` see `Checks.passed`, where it
        is not the newest release."""
        while True:
            newest = await self._newest_with_files()
            after = await change(newest)
            changed = differing(newest.files, after)
            if changed or newest.release is None:
                in_use = newest.files if stood is None else stood
                await self._checks.passed(after, next(iter(changed), ""), stood=in_use, shown=shown)
            now = self._clock()
            values = {"origin": origin.value, "person_id": person_id, "comment": one_line(comment), "at": now}
            try:
                async with self._database.begin() as connection:
                    await store.hold_all(connection)
                    await deed(connection)
                    folder_set = newest.folder_set if folder is None else await store.keep_set(connection, folder, now)
                    release = await _add(connection, newest, after, changed, values | {"folder_set": folder_set})
                    if release.id != newest.id:
                        await _noted(connection, release, now)
            except _Overtaken:
                continue
            self._bus.announce(RELEASED)
            return release

    async def _newest_with_files(self) -> _Newest:
        async with self._database.read() as connection:
            row = await store.newest_release(connection)
            if row is None:
                return _Newest(None, {}, None)
            release = Release.of(row)
            return _Newest(release, await kept.files(connection, release), row.folder_set)


async def _noted(connection: Connection, release: Release, now: datetime) -> None:
    detail: dict[str, Any] = {"origin": release.origin.value, "files": list(release.changed[:_MOST_NOTED])}
    if (more := len(release.changed) - _MOST_NOTED) > 0:
        detail["more_files"] = more
    who = release.person_id
    await audit.note(connection, now, "flow.released", "flow", str(release.id), person_id=who, detail=detail)


async def _add(
    connection: Connection, newest: _Newest, files: Files, changed: Sequence[str], values: dict[str, Any]
) -> Release:
    """The release after ``newest``, or ``newest`` itself where nothing changed. Raises `_Overtaken`."""
    if (await store.newest_id(connection) or 0) != newest.id:
        raise _Overtaken
    if newest.release and not changed:
        await store.note_folder(connection, newest.id, values["folder_set"])
        return newest.release
    values |= {"id": newest.id + 1, "changed": list(changed)}
    values["set_id"] = await store.keep_set(connection, files, values["at"])
    if not await store.add_release(connection, values):
        raise _Overtaken
    return await kept.release(connection, newest.id + 1)
