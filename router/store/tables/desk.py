"""What is on agents' desks."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from router.store.tables.base import Id, Moment, metadata

cards = Table(
    "cards",
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_key", String(200), nullable=False),  # the call's id, or the channel's name for a call unknown to us
    Column("call_id", Id),  # None: the call never reached us ("router unavailable")
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("queue", String(40)),
    Column("state", String(10), nullable=False),  # ringing, talking, gone
    Column("reason", String(20)),  # why it is gone
    Column("rang_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("gone_at", Moment),
    UniqueConstraint("call_key", "person_id"),
    Index(None, "person_id", "state"),
    Index(None, "queue", "answered_at"),
)

desk_events = Table(
    "desk_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(20), nullable=False),  # card, presence
    Column("data", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "person_id", "id"),
    sqlite_autoincrement=True,
)
