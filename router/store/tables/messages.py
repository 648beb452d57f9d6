"""What was sent: customers, messages and their reply handles."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from router.store.tables.base import Id, Moment, Number, Word, metadata

customers = Table(
    "customers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("external_id", String(200), unique=True),
    Column("name", String(200)),
    Column("language", String(8)),
    Column("segment", String(40)),  # what the company counts the customer among, such as gold
    Column("created_at", Moment, nullable=False),
)

customer_phones = Table(
    "customer_phones",
    metadata,
    Column("customer_id", Id, ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Number, primary_key=True),
    Index(None, "number"),
)

customer_words = Table(
    "customer_words",  # what customers are found by: the words of their names, see router.core.names
    metadata,
    Column("word", Word, primary_key=True),
    Column("customer_id", Id, ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "customer_id"),
    sqlite_with_rowid=False,
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
    Column("offer", JSON, nullable=False),  # title, summary, valid_from, valid_until, queue, skills, url, script, facts
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
