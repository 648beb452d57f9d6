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
    text,
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
    Column("customer_id", Id),  # where somebody said so, or the message's; whose history the call belongs to
    Column("direction", String(3), nullable=False, server_default="in"),  # in, out
    Column("callback_id", Id),  # the callback that this call is
    Column("queued_at", Moment),  # when it first waited for people
    Column("answered_at", Moment),  # when the first of them answered
    Column("started_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("channel", "channel_ref"),
    Index(None, "state", "updated_at"),
    Index(  # who waits on a channel; of calls that do not, no row is in it
        None,
        "channel",
        "updated_at",
        "id",
        sqlite_where=text("state = 'queue'"),
        postgresql_where=text("state = 'queue'"),
    ),
    Index(None, "started_at"),
    Index(None, "caller", "started_at"),
    Index(None, "message_id", "started_at"),
    Index(None, "customer_id", "started_at"),
    Index(None, "queue", "queued_at"),
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

watched_calls = Table(
    "watched_calls",  # test calls that wait or talk, and when a page last followed them
    metadata,
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("seen_at", Moment, nullable=False),
    Index(None, "seen_at"),
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
    Column("state", String(10), nullable=False),  # open, dialling, done, failed, dropped
    Column("since", Moment, nullable=False),  # the place in the queue
    Column("wanted_from", Moment),
    Column("wanted_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("person_id", Id),  # who settled it
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Moment),
    Column("last_result", String(20)),  # of the latest attempt: busy, no_answer, failed, ...
    Column("claimed_until", Moment),  # while it is dialled: left to who dials until then
    Column("attempt_id", Id),  # the call that is the latest attempt
    Column("skills", JSON, nullable=False, server_default="[]"),
    Index(None, "state", "since"),
    Index(None, "attempt_id"),
    Index(None, "settled_at"),
)

work_items = Table(
    "work_items",  # what is left to do for a caller: a message to be heard, a call to be returned, a promise to be kept
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(60), nullable=False, unique=True),  # such as voicemail:ID; never a second one
    Column("kind", String(12), nullable=False),  # voicemail, abandoned, follow_up, callback
    Column("queue", String(40), nullable=False),
    Column("call_id", Id),
    Column("message_id", Id),
    Column("customer_id", Id),
    Column("note", Text, nullable=False, default=""),
    Column("for_person_id", Id),  # whose it is; None: anybody's of the queue
    Column("state", String(10), nullable=False),  # open, taken, done, dropped
    Column("due_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Id),
    Column("taken_by", Id),
    Column("taken_at", Moment),
    Column("settled_at", Moment),
    Column("settled_by", Id),
    Index(None, "state", "due_at"),
    Index(None, "customer_id", "created_at"),
    Index(None, "call_id"),
    Index(None, "settled_at"),
)

identity_checks = Table(
    "identity_checks",  # what an agent found out about who is calling
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("customer_id", Id),
    Column("message_id", Id),  # that was open when it was checked
    Column("person_id", Id, nullable=False),
    Column("method", String(10), nullable=False),  # own, code
    Column("checked", JSON, nullable=False, server_default="[]"),  # names of what the agent asked for, never the values
    Column("passed", Boolean, nullable=False),
    Column("undone_at", Moment),
    Column("at", Moment, nullable=False),
    Index(None, "call_id"),
)

handovers = Table(
    "handovers",  # calls that an agent passes on; the card goes along
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("from_person_id", Id, nullable=False),
    Column("to_queue", String(40)),
    Column("to_person_id", Id),
    Column("note", Text, nullable=False, default=""),
    Column("state", String(10), nullable=False),  # asked, under_way, done, failed
    Column("at", Moment, nullable=False),
    Column("settled_at", Moment),
    Index(None, "call_id"),
)

crm_events = Table(
    "crm_events",  # what another system is to be told of calls, after the commit
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("event", String(10), nullable=False),  # new_call, answer, hangup
    Column("body", JSON),  # gone once it is settled
    Column("state", String(10), nullable=False),  # queued, sending, sent, failed
    Column("reason", String(200)),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Index(None, "state", "next_try_at"),
    Index(None, "call_id"),
    Index(None, "created_at"),
)
