"""What is to be sent after the commit."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text

from router.store.tables.base import Id, Moment, Number, metadata

text_messages = Table(
    "text_messages",  # to be sent after the commit, by whoever comes first
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id),
    Column("message_id", Id),
    Column("to_number", Number),  # gone once it is settled
    Column("number_hash", LargeBinary(32)),  # keyed; limits how many one number gets
    Column("body", Text),  # gone once it is settled
    Column("purpose", String(10), nullable=False),  # code, link
    Column("state", String(10), nullable=False),  # queued, sending, sent, delivered, failed, shown (on the test phone)
    Column("reason", String(200)),
    Column("provider_ref", String(80)),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Index(None, "state", "next_try_at"),
    Index(None, "call_id"),
    Index(None, "number_hash", "created_at"),
    Index(None, "created_at"),
)
