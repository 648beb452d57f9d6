"""Versions of flows: texts, sets of them, releases and drafts. Rows are added and never changed, but for what a draft
came to and what the folder of flows held."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Text, bindparam, cast, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from router.flow.files import Files, set_id, text_id
from router.store.database import Connection
from router.store.holds import hold
from router.store.prepared import Prepared
from router.store.tables import flow_drafts, flow_releases, flow_revisions, flow_sets

ReleaseRow = Row[Any]
DraftRow = Row[Any]

_LONGEST_NAME = 40
_KNOWN_SET: Final = Prepared(select(flow_sets.c.id).where(flow_sets.c.id == bindparam("set")))
_DRAFT = (flow_drafts, flow_revisions.c.source.label("text"))


async def hold_all(connection: Connection) -> None:
    """Nobody else releases or saves a draft until this transaction ends. Before anything that locks rows."""
    await hold(connection, "flow versions")


async def keep_text(connection: Connection, path: str, text: str, now: datetime) -> str:
    """Keep a text and tell its name; one that is kept already stays as it is."""
    return (await _keep_texts(connection, {path: text}, now))[path]


async def keep_set(connection: Connection, files: Files, now: datetime) -> str:
    """Keep files as the set they are and tell its name; one that is kept already stays as it is."""
    name = set_id(files)
    if await _KNOWN_SET.row(connection, {"set": name}) is None:
        revisions = await _keep_texts(connection, files, now)
        statement = _insert(connection)(flow_sets).values(id=name, files=revisions, created_at=now)
        await connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))
    return name


async def _keep_texts(connection: Connection, files: Files, now: datetime) -> dict[str, str]:
    revisions = {path: text_id(text) for path, text in files.items()}
    # In one order, so that of two who keep the same texts neither waits for the other in a ring.
    by_revision = {revisions[path]: (path, text) for path, text in files.items()}
    rows = [
        {"revision": revision, "name": path[:_LONGEST_NAME], "source": text, "created_at": now}
        for revision, (path, text) in sorted(by_revision.items())
    ]
    if rows:
        statement = _insert(connection)(flow_revisions).on_conflict_do_nothing(index_elements=["revision"])
        await connection.execute(statement, rows)
    return revisions


def _insert(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


async def files_of(connection: Connection, set_name: str) -> Files | None:
    """The files of a set, or None."""
    query = select(flow_sets.c.files).where(flow_sets.c.id == set_name)
    revisions: Mapping[str, str] | None = (await connection.execute(query)).scalar_one_or_none()
    if revisions is None:
        return None
    texts = select(flow_revisions.c.revision, flow_revisions.c.source)
    rows = await connection.execute(texts.where(flow_revisions.c.revision.in_(set(revisions.values()))))
    sources = {row.revision: row.source for row in rows}
    return {path: sources[revision] for path, revision in sorted(revisions.items())}


async def text_of(connection: Connection, revision: str) -> str | None:
    """The text of this name, or None."""
    query = select(flow_revisions.c.source).where(flow_revisions.c.revision == revision)
    text: str | None = (await connection.execute(query)).scalar_one_or_none()
    return text


async def kept_texts(connection: Connection, revisions: Sequence[str]) -> set[str]:
    """Which of the texts of these names are kept."""
    query = select(flow_revisions.c.revision).where(flow_revisions.c.revision.in_(revisions))
    return set((await connection.execute(query)).scalars())


async def newest_id(connection: Connection) -> int | None:
    """The number of the newest release, None where there is none yet."""
    number: int | None = (await connection.execute(select(func.max(flow_releases.c.id)))).scalar_one()
    return number


async def release(connection: Connection, number: int) -> ReleaseRow | None:
    """The release of this number, or None."""
    return (await connection.execute(select(flow_releases).where(flow_releases.c.id == number))).one_or_none()


async def newest_release(connection: Connection) -> ReleaseRow | None:
    """The newest release, None where there is none yet."""
    return (await connection.execute(select(flow_releases).order_by(flow_releases.c.id.desc()).limit(1))).one_or_none()


async def releases(connection: Connection, limit: int, path: str | None = None) -> Sequence[ReleaseRow]:
    """The newest releases, newest first; with ``path`` those that changed that file."""
    query = select(flow_releases).order_by(flow_releases.c.id.desc()).limit(limit)
    if path is not None:
        query = query.where(cast(flow_releases.c.changed, Text).contains(json.dumps(path), autoescape=True))
    return (await connection.execute(query)).all()


async def add_release(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Add a release; False when there is one of that number already: somebody was quicker."""
    statement = _insert(connection)(flow_releases).values(**values).on_conflict_do_nothing(index_elements=["id"])
    return bool((await connection.execute(statement)).rowcount == 1)


async def note_folder(connection: Connection, number: int, folder_set: str | None) -> None:
    """Note with a release what the folder of flows holds, where that changed nothing in the release."""
    noted = update(flow_releases).where(flow_releases.c.id == number).values(folder_set=folder_set)
    await connection.execute(noted)


async def add_draft(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a draft and tell its number."""
    number: int = (
        await connection.execute(insert(flow_drafts).values(**values).returning(flow_drafts.c.id))
    ).scalar_one()
    return number


async def draft(connection: Connection, number: int) -> DraftRow | None:
    """The draft of this number with its text, or None."""
    query = select(*_DRAFT).join_from(flow_drafts, flow_revisions, _ITS_TEXT).where(flow_drafts.c.id == number)
    return (await connection.execute(query)).one_or_none()


async def open_drafts(connection: Connection, path: str | None = None) -> Sequence[DraftRow]:
    """The newest draft of each file that was neither published nor thrown away; with ``path`` of that file."""
    newest = select(func.max(flow_drafts.c.id)).where(flow_drafts.c.closed_at.is_(None)).group_by(flow_drafts.c.path)
    if path is not None:
        newest = newest.where(flow_drafts.c.path == path)
    query = select(*_DRAFT).join_from(flow_drafts, flow_revisions, _ITS_TEXT).where(flow_drafts.c.id.in_(newest))
    return (await connection.execute(query.order_by(flow_drafts.c.path))).all()


async def drafts_of(connection: Connection, path: str, limit: int) -> Sequence[DraftRow]:
    """All drafts of a file, newest first."""
    query = select(*_DRAFT).join_from(flow_drafts, flow_revisions, _ITS_TEXT).where(flow_drafts.c.path == path)
    return (await connection.execute(query.order_by(flow_drafts.c.id.desc()).limit(limit))).all()


async def close_drafts(connection: Connection, path: str, now: datetime) -> None:
    """The drafts of a file are published or thrown away."""
    closing = update(flow_drafts).where(flow_drafts.c.path == path, flow_drafts.c.closed_at.is_(None))
    await connection.execute(closing.values(closed_at=now))


_ITS_TEXT = flow_revisions.c.revision == flow_drafts.c.revision
