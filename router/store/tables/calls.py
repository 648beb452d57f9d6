"""Calls, and what callers left in them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from router.store.tables.base import Id, Moment, Number, metadata

calls = Table(
    "calls",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("channel_ref", String(200), nullable=False),  # Asterisk's uniqueid, Twilio's CallSid
    Column("caller", Number),
    Column("withheld", Boolean, nullable=False),
    Column("service_number", String(40)),
    Column("state", String(10), nullable=False),  # flow, queue, talking, ended
    Column("outcome", String(20)),
    Column("sequence", Integer, nullable=False),
    Column("session", Text, nullable=False),  # router.engine.session as JSON
    Column("reply", Text, nullable=False),  # the commands of the last turn as JSON, for a repeated webhook
    Column("match", JSON),
    Column("message_id", Id),  # the message the call is tied to, when it is
    Column("queue", String(40)),
    Column("agent_id", Id),
    Column("started_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("channel", "channel_ref"),
    Index(None, "state", "updated_at"),
    Index(None, "started_at"),
    Index(None, "caller", "started_at"),
)

call_events = Table(
    "call_events",  # what happened to a call, to be run again on another flow; without numbers and codes
    metadata,
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # order within the call
    Column("at", Moment, nullable=False),
    Column("event", JSON, nullable=False),
    Index(None, "at"),
)

speech_recordings = Table(
    "speech_recordings",  # what callers said, where the flow keeps it with their consent
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("step", String(40), nullable=False),
    Column("recording", String(32), nullable=False, unique=True),  # the file's name in the folder of kept recordings
    Column("created_at", Moment, nullable=False),
    Index(None, "call_id"),
    Index(None, "created_at"),
)

one_time_codes = Table(
    "one_time_codes",  # sent in a call by text message to the number on file
    metadata,
    Column("call_id", Id, primary_key=True),
    Column("code_hash", LargeBinary(32), nullable=False),  # keyed, see router.matching.codes
    Column("tries", Integer, nullable=False),  # codes keyed in during this call
    Column("expires_at", Moment, nullable=False),  # or when it was used
    Column("created_at", Moment, nullable=False),
    Index(None, "created_at"),
)

voicemails = Table(
    "voicemails",
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("recording", String(400)),
    Column("seconds", Float, nullable=False),
    Column("text", Text),
    Column("created_at", Moment, nullable=False),
    Index(None, "call_id"),
    Index(None, "created_at"),
)

callbacks = Table(
    "callbacks",  # callers who are to be called back
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id, nullable=False, unique=True),
    Column("number", Number, nullable=False),
    Column("queue", String(40), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("message_id", Id),
    Column("state", String(10), nullable=False),  # open, done, dropped
    Column("since", Moment, nullable=False),  # the place in the queue
    Column("wanted_from", Moment),
    Column("wanted_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("person_id", Id),  # who settled it
    Index(None, "state", "since"),
)
