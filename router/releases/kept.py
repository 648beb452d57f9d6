"""Releases and drafts as they are kept, read and closed within a transaction."""

from __future__ import annotations

from datetime import datetime

from router.flow.files import Files
from router.releases.records import Draft, Outdated, Release, UnknownDraft, UnknownRelease
from router.store import flow_versions as store
from router.store.database import Connection


async def newest(connection: Connection) -> Release:
    """The newest release. Raises `UnknownRelease` where there is none yet."""
    row = await store.newest_release(connection)
    if row is None:
        raise UnknownRelease("nothing has been released yet")
    return Release.of(row)


async def release(connection: Connection, release_id: int) -> Release:
    """The release of this number. Raises `UnknownRelease`."""
    row = await store.release(connection, release_id)
    if row is None:
        raise UnknownRelease(f"there is no release {release_id}")
    return Release.of(row)


async def files(connection: Connection, release: Release) -> Files:
    """The files of a release."""
    files = await store.files_of(connection, release.set_id)
    if files is None:
        raise UnknownRelease(f"the files of release {release.id} were not kept")
    return files


async def draft(connection: Connection, draft_id: int) -> Draft:
    """The draft of this number. Raises `UnknownDraft`."""
    row = await store.draft(connection, draft_id)
    if row is None:
        raise UnknownDraft(f"there is no draft {draft_id}")
    return Draft.of(row)


async def open_draft(connection: Connection, path: str) -> Draft | None:
    """The newest draft of the file at ``path`` that is open, or None."""
    rows = await store.open_drafts(connection, path)
    return Draft.of(rows[0]) if rows else None


async def close(connection: Connection, draft: Draft, now: datetime) -> None:
    """Close the draft and those it was made from. Raises `Outdated` where it is not the one that is open."""
    await refuse_closed(connection, draft)
    await store.close_drafts(connection, draft.path, now)


async def refuse_closed(connection: Connection, draft: Draft) -> None:
    """Raises `Outdated` where the draft is not the one that is open."""
    present = await open_draft(connection, draft.path)
    if present is None or present.id != draft.id:
        raise Outdated(draft.path, present, await newest(connection))


async def refuse_other_text(
    connection: Connection, path: str, seen: int, newest: Release, present: Draft | None
) -> None:
    """Raises `Outdated` where the file has another text in the newest release than in the one of number ``seen``."""
    if seen == newest.id:
        return
    then = await files(connection, await release(connection, seen))
    if then.get(path) != (await files(connection, newest)).get(path):
        raise Outdated(path, present, newest)
