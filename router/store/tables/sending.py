"""What is to be sent after the commit."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from router.store.tables.base import Id, Moment, Number, metadata

text_messages = Table(
    "text_messages",  # to be sent after the commit, by whoever comes first
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id),
    Column("message_id", Id),
    Column("channel", String(10), nullable=False, server_default="sms"),  # sms, email
    Column("to_number", Number),  # gone once it is settled
    Column("to_email", String(320)),  # the same
    Column("subject", String(200)),  # of an e-mail
    Column("number_hash", LargeBinary(32)),  # keyed; limits how many one number gets
    Column("body", Text),  # gone once it is settled
    Column("kept", Text),  # what the customer's history shows of it: the text where an agent sent it, never a code
    Column("purpose", String(10), nullable=False),  # code, link, desk, payment
    Column("template", String(60)),  # the canned text it was made from
    Column("customer_id", Id),
    Column("person_id", Id),  # who sent it
    Column("payment_id", Id),
    Column("state", String(10), nullable=False),  # queued, sending, sent, delivered, failed, shown (on the test phone)
    Column("reason", String(200)),
    Column("provider_ref", String(80)),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Index(None, "state", "next_try_at"),
    Index(None, "call_id"),
    Index(None, "customer_id", "created_at"),
    Index(None, "number_hash", "created_at"),
    Index(None, "created_at"),
    Index(
        "ix_text_messages_not_kept",
        "created_at",
        sqlite_where=text("kept IS NULL"),
        postgresql_where=text("kept IS NULL"),
    ),
)

payments = Table(
    "payments",  # payment links that agents sent, and whether they were paid
    metadata,
    Column("id", Id, primary_key=True),
    Column("call_id", Id),
    Column("message_id", Id),
    Column("customer_id", Id),
    Column("person_id", Id, nullable=False),
    Column("cents", Integer, nullable=False),
    Column("currency", String(3), nullable=False),  # ISO 4217
    Column("purpose", String(200), nullable=False),
    Column("url", Text),
    Column("provider_ref", String(200), unique=True),
    Column("expires_at", Moment),  # as far as the provider says so
    Column("state", String(10), nullable=False),  # asked, open, paid, failed, expired
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Index(None, "customer_id", "created_at"),
    Index(None, "call_id"),
    Index(None, "state", "created_at"),
    Index(None, "created_at"),
)

inbound_messages = Table(
    "inbound_messages",  # what customers wrote to us
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String(10), nullable=False),  # sms
    Column("kind", String(10), nullable=False, server_default="text"),  # text, stop, start
    Column("provider_ref", String(80), nullable=False, unique=True),
    Column("from_number", Number),
    Column("to_number", Number),
    Column("customer_id", Id),  # None: whose number it is, is not known
    Column("message_id", Id),  # what it answers, as far as known
    Column("body", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "customer_id", "at"),
    Index(None, "from_number", "at"),
    Index(None, "kind", "at"),
)

twilio_legs = Table(
    "twilio_legs",  # calls from Twilio to agents' phones
    metadata,
    Column("sid", String(64), primary_key=True),  # of the leg, or of TaskRouter's reservation
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("answered_at", Moment),  # the agent took the call
    Column("ended_at", Moment),
    Index(None, "call_id"),
    Index(None, "at"),
)

twilio_waiting = Table(
    "twilio_waiting",  # callers from Twilio who wait for agents whom we ring ourselves
    metadata,
    Column("call_id", Id, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("sequence", Integer, nullable=False),  # of the transfer
    Column("queue", String(40), nullable=False),
    Column("skills", JSON, nullable=False),
    Column("person_id", Id),  # whom alone they wait for
    Column("priority", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),  # when Twilio last asked; long ago: they are gone
    Column("ringing", Boolean, nullable=False),
)
