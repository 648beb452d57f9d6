"""Who signs in, and programs with keys."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from router.store.tables.base import Id, Moment, metadata

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("login", String(100), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),  # agent, supervisor, admin
    Column("language", String(8), nullable=False),
    Column("password_hash", String(200)),
    Column("queues", JSON, nullable=False),
    Column("phone", String(80)),  # interface, such as PJSIP/101
    Column("presence", String(10), nullable=False),  # off, ready, paused
    Column("pause_reason", String(80)),
    Column("presence_since", Moment),
    Column("wrap_until", Moment),  # after a call: no other one comes before
    Column("page_left_at", Moment),  # since when no page of the desk is open; None: one is, or none ever was
    Column("skills", JSON, nullable=False, server_default="[]"),
    Column("oidc_subject", String(255)),  # who it is to the sign-in provider
    Column("email", String(320)),
    Column("disabled_at", Moment),  # may not sign in any more
    Column("created_at", Moment, nullable=False),
    Index(None, "phone"),
    Index(None, "oidc_subject", unique=True),
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
    Column("seen_at", Moment),
    Column("way", String(10)),  # password, link, oidc
    Column("expires_at", Moment, nullable=False),
    Index(None, "person_id"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", String(200), nullable=False),  # login, login and address, browser or address, hashed
    Column("at", Moment, nullable=False),
    Index(None, "subject", "at"),
    Index(None, "at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),  # to the hour
    Column("revoked_at", Moment),
)

presence_log = Table(
    "presence_log",  # when people took calls, for key figures
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("presence", String(10), nullable=False),  # off, ready, paused, wrap_up
    Column("reason", String(80)),
    Column("at", Moment, nullable=False),
    Index(None, "person_id", "at"),
    Index(None, "at"),
)

audit_log = Table(
    "audit_log",  # who saw or changed what; rows are never changed
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("person_id", Id),  # one of the two, or neither: the command line
    Column("key_id", Id),
    Column("action", String(40), nullable=False),  # such as message.seen, person.changed
    Column("subject", String(20), nullable=False),  # message, call, customer, person, key, flow, ...
    Column("subject_id", String(200)),
    Column("detail", JSON, nullable=False),  # names of fields and the like; no numbers, codes, texts of customers
    Index(None, "at"),
    Index(None, "person_id", "at"),
    Index(None, "subject", "subject_id", "at"),
    Index(None, "key_id", "at"),
    Index(None, "action", "id"),
)
