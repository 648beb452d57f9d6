"""What is on agents' desks."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from router.store.tables.base import Id, Moment, metadata

cards = Table(
    "cards",
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_key", String(200), nullable=False),  # the call's id, or the channel's name for a call unknown to us
    Column("call_id", Id),  # None: the call never reached us ("router unavailable")
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("queue", String(40)),
    Column("state", String(10), nullable=False),  # ringing, talking, wrap_up, gone
    Column("reason", String(20)),  # why it is gone
    Column("rang_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("talked_until", Moment),  # when the talk ended; what follows is the wrap-up
    Column("gone_at", Moment),
    Column("view", JSON, nullable=False, server_default="{}"),  # what its agent has opened on it, by id and by name
    Column("asterisk", String(80)),  # where its phone rings or talks: the system name of an Asterisk; None: at none
    Column("caller_channel", String(256)),  # of a talk, as that Asterisk names it
    Column("agent_channel", String(256)),
    UniqueConstraint("call_key", "person_id"),
    Index(None, "person_id", "state"),
    Index(None, "person_id", "gone_at"),
    Index(None, "state"),
    Index(None, "rang_at"),
    Index(None, "queue", "answered_at"),
)

desk_events = Table(
    "desk_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(20), nullable=False),  # card, presence, work
    Column("data", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "person_id", "id"),
    sqlite_autoincrement=True,
)

notes = Table(
    "notes",  # what agents wrote down
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id),
    Column("message_id", Id),
    Column("customer_id", Id),
    Column("card_id", Id),
    Column("person_id", Id, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("changed_at", Moment),
    Index(None, "customer_id", "at"),
    Index(None, "call_id"),
    Index(None, "message_id"),
    Index(None, "card_id"),
)

dispositions = Table(
    "dispositions",  # what came of a talk
    metadata,
    Column("card_id", Id, primary_key=True),
    Column("call_id", Id),
    Column("person_id", Id, nullable=False),
    Column("queue", String(40)),
    Column("code", String(40), nullable=False),  # of the queue's list
    Column("fields", JSON, nullable=False),  # what the list asks for beside it
    Column("at", Moment, nullable=False),
    Index(None, "call_id"),
    Index(None, "queue", "at"),
)
