"""What flows need: sets, releases and drafts, events of calls, one-time codes, text messages, callbacks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from router.store.tables import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _id(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=32), nullable=nullable)


def upgrade() -> None:
    _flows()
    op.create_table(
        "call_events",
        _id("call_id"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_call_events_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "number", name="pk_call_events"),
    )
    op.create_index("ix_call_events_at", "call_events", ["at"])
    _texts()
    op.create_table(
        "callbacks",
        _id("id"),
        _id("call_id"),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        _id("message_id", nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("wanted_from", Moment(), nullable=True),
        sa.Column("wanted_until", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        _id("person_id", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.UniqueConstraint("call_id", name="uq_callbacks_call_id"),
    )
    op.create_index("ix_callbacks_state_since", "callbacks", ["state", "since"])
    op.create_index("ix_cards_queue_answered_at", "cards", ["queue", "answered_at"])


def _flows() -> None:
    op.create_table(
        "flow_sets",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flow_sets"),
    )
    op.create_table(
        "flow_releases",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("set_id", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("folder_set", sa.String(length=16), nullable=True),
        sa.Column("changed", sa.JSON(), nullable=False),
        _id("person_id", nullable=True),
        sa.Column("comment", sa.String(length=500), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["set_id"], ["flow_sets.id"], name="fk_flow_releases_set_id"),
        sa.PrimaryKeyConstraint("id", name="pk_flow_releases"),
    )
    op.create_table(
        "flow_drafts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("path", sa.String(length=80), nullable=False),
        sa.Column("revision", sa.String(length=16), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("release_id", sa.Integer(), nullable=False),
        _id("person_id", nullable=True),
        sa.Column("comment", sa.String(length=500), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_flow_drafts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_flow_drafts_path_id", "flow_drafts", ["path", "id"])


def _texts() -> None:
    op.create_table(
        "one_time_codes",
        _id("call_id"),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_one_time_codes"),
    )
    op.create_index("ix_one_time_codes_created_at", "one_time_codes", ["created_at"])
    op.create_table(
        "text_messages",
        _id("id"),
        _id("call_id", nullable=True),
        _id("message_id", nullable=True),
        sa.Column("to_number", sa.String(length=20), nullable=True),
        sa.Column("number_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("provider_ref", sa.String(length=80), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_text_messages"),
    )
    op.create_index("ix_text_messages_state_next_try_at", "text_messages", ["state", "next_try_at"])
    op.create_index("ix_text_messages_call_id", "text_messages", ["call_id"])
    op.create_index("ix_text_messages_number_hash_created_at", "text_messages", ["number_hash", "created_at"])
    op.create_index("ix_text_messages_created_at", "text_messages", ["created_at"])
