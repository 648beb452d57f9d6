"""The tables. One place says what is stored; `migrations/` says how a database gets there.

All times are UTC, all ids are random text (`new_id`), all phone numbers E.164. A withheld caller number has no column
to be in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Moment(TypeDecorator[datetime]):
    """An aware time, stored as UTC; SQLite keeps no offset, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without an offset cannot be stored")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(32)
Number = String(20)

customers = Table(
    "customers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("external_id", String(200), unique=True),
    Column("name", String(200)),
    Column("language", String(8)),
    Column("created_at", Moment, nullable=False),
)

customer_phones = Table(
    "customer_phones",
    metadata,
    Column("customer_id", Id, ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Number, primary_key=True),
    Index(None, "number"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("external_id", String(200), unique=True),
    Column("digest", String(64), nullable=False),  # of the registration, to tell a repeat from a clash
    Column("channel", String(20), nullable=False),  # sms, email, letter, call
    Column("customer_id", Id, ForeignKey("customers.id")),
    Column("to_phone", Number),
    Column("to_email", String(320)),
    Column("offer", JSON, nullable=False),  # title, summary, valid_from, valid_until, queue, skills, url, facts
    Column("body", Text, nullable=False, default=""),
    Column("reference", String(64)),
    Column("reference_key", String(64)),  # the reference as it is compared, see router.matching.references
    Column("campaign", String(200)),
    Column("pool", String(40)),  # of service numbers, and what the number was to be leased to, as they were told
    Column("lease", String(10)),  # message, campaign
    Column("service_number", Number),
    Column("code_hash", LargeBinary(32), unique=True),
    Column("code_sealed", LargeBinary),
    Column("code_digits", Integer),  # its length, for the guessing budget; None: made before that was kept, or revoked
    Column("code_expires_at", Moment),
    Column("call_to_action", Boolean),
    Column("delivery", String(10)),  # sent, delivered, read, failed; None: not told
    Column("delivery_at", Moment),
    Column("answered_at", Moment),  # somebody has called about it, or its sender says that it is settled
    Column("sent_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "to_phone", "sent_at"),
    Index(None, "reference_key", "sent_at"),
    Index(None, "code_digits", "code_expires_at"),
    Index(None, "customer_id", "sent_at"),
    Index(None, "service_number", "sent_at"),
    Index(None, "created_at"),
)

reference_neighbours = Table(
    "reference_neighbours",  # finds a reference with a slip in it, see router.matching.references
    metadata,
    Column("neighbour", BigInteger, primary_key=True, autoincrement=False),
    Column("reference_key", String(64), primary_key=True),
    sqlite_with_rowid=False,
)

number_leases = Table(
    "number_leases",  # which service number of a pool stands for which message or campaign, and since when
    metadata,
    Column("id", Id, primary_key=True),
    Column("pool", String(40), nullable=False),
    Column("number", Number, nullable=False),
    Column("message_id", Id),  # one of the two
    Column("campaign", String(200)),
    Column("leased_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("free_at", Moment, nullable=False),  # until, and the quarantine after it
    Index(None, "number", "until"),
    Index(None, "pool", "free_at"),
    Index(None, "campaign", "until"),
)

wrong_codes = Table(
    "wrong_codes",  # well-formed codes that are none of ours: what lockouts count
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("call_id", Id, nullable=False),
    Column("code_hash", LargeBinary(32), nullable=False),  # keyed; the same code again in a call is no other guess
    Column("caller_hash", LargeBinary(32)),  # keyed; None for a withheld number
    Column("trunk", String(80)),
    Index(None, "at"),
    Index(None, "call_id"),
    Index(None, "caller_hash", "at"),
    Index(None, "trunk", "at"),
)

match_outcomes = Table(
    "match_outcomes",  # what agents said of matches, with the evidence of that time
    metadata,
    Column("call_id", Id, primary_key=True),
    Column("verdict", String(10), nullable=False),  # right, other, none
    Column("message_id", Id),  # what the call was about, as far as the agent said
    Column("named_id", Id),  # what the match named; None: nothing
    Column("decision", String(10), nullable=False),
    Column("assurance", Integer, nullable=False),
    Column("none_probability", Float, nullable=False),
    Column("candidates", JSON, nullable=False),  # message_id, probability, evidence: kind and log_odds
    Column("called_at", Moment, nullable=False),  # when the call began; says which adjustments were in force
    Column("person_id", Id),
    Column("at", Moment, nullable=False),
    Index(None, "at"),
)

match_adjustments = Table(
    "match_adjustments",  # what calibration made of outcomes; the newest not undone counts, none: the table of the code
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("created_at", Moment, nullable=False),
    Column("log_odds", JSON, nullable=False),  # by kind of evidence, added to what the table says
    Column("report", JSON, nullable=False),  # what it was made from and how much better it fits
    Column("confusions", JSON),  # how recognisers err, by recogniser and language; None: as the code says
    Column("undone_at", Moment),  # taken back then; kept, since outcomes of the time before were made with it
)

hearings = Table(
    "hearings",  # numbers that callers said, as they were heard: what calibration learns from
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("recogniser", String(20), nullable=False),
    Column("language", String(8), nullable=False),
    Column("heard", JSON, nullable=False),  # router.core.hearing.Heard
    Column("verdict", String(10), nullable=False),
    Column("number", String(40)),  # the one that it turned out to be: the caller or the agent has said so
    Column("at", Moment, nullable=False),
    Index(None, "call_id"),
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

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("login", String(100), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),  # agent, admin
    Column("language", String(8), nullable=False),
    Column("password_hash", String(200)),
    Column("queues", JSON, nullable=False),
    Column("phone", String(80)),  # interface, such as PJSIP/101
    Column("presence", String(10), nullable=False),  # off, ready, paused
    Column("pause_reason", String(80)),
    Column("created_at", Moment, nullable=False),
    Index(None, "phone"),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("lands_on", String(100), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", String(200), nullable=False),  # login or address, hashed
    Column("at", Moment, nullable=False),
    Index(None, "subject", "at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

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
