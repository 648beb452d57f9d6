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
