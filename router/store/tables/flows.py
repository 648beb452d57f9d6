"""The texts of flows, which stand together, and which new calls run."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from router.store.tables.base import Id, Moment, metadata

flow_revisions = Table(
    "flow_revisions",  # texts of flow files, each kept once and never changed
    metadata,
    Column("revision", String(16), primary_key=True),  # router.flow.files.text_id
    Column("name", String(40), nullable=False),  # for people: the beginning of the file's path, or the flow's name
    Column("source", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

flow_sets = Table(
    "flow_sets",  # which texts stand together; running calls stay on theirs
    metadata,
    Column("id", String(16), primary_key=True),  # router.flow.files.set_id
    Column("files", JSON, nullable=False),  # revision by path
    Column("created_at", Moment, nullable=False),
)

flow_releases = Table(
    "flow_releases",  # the newest is what new calls run
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # counts up by one: two at once cannot both be next
    Column("set_id", String(16), ForeignKey("flow_sets.id"), nullable=False),
    Column("origin", String(10), nullable=False),  # folder, publish, rollback
    Column("folder_set", String(16)),  # what the folder held when it was last taken over
    Column("changed", JSON, nullable=False),  # paths that differ from the release before
    Column("person_id", Id),
    Column("comment", String(500), nullable=False, default=""),
    Column("at", Moment, nullable=False),
)

flow_drafts = Table(
    "flow_drafts",  # each saving is a row of its own
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("path", String(80), nullable=False),
    Column("revision", String(16), nullable=False),
    Column("based_on", Integer),  # the draft that was open when this one was saved
    Column("release_id", Integer, nullable=False),  # the release that was in use then
    Column("person_id", Id),
    Column("comment", String(500), nullable=False, default=""),
    Column("at", Moment, nullable=False),
    Column("closed_at", Moment),  # published, or thrown away
    Index(None, "path", "id"),
    sqlite_autoincrement=True,
)
