"""Several processes and several Asterisks: what the one that listens to an Asterisk knows, and where talks are. When
a page last followed a test call. And by what the secret of the installation is known again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from router.store.tables import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asterisks",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("reloads", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_asterisks"),
    )
    op.create_table(
        "phone_states",
        sa.Column("asterisk", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=80), nullable=False),
        sa.Column("refused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("out_of_reach", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("in_other_call", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("asked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        sa.Column("whole", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("asterisk", "phone", name="pk_phone_states"),
    )
    # Where the talk of a card is, so that any process can end it.
    op.add_column("cards", sa.Column("asterisk", sa.String(length=80), nullable=True))
    op.add_column("cards", sa.Column("caller_channel", sa.String(length=256), nullable=True))
    op.add_column("cards", sa.Column("agent_channel", sa.String(length=256), nullable=True))
    op.create_table(
        "watched_calls",
        sa.Column("call_id", sa.String(length=32), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_watched_calls_call_id_calls", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name="pk_watched_calls"),
    )
    op.create_index("ix_watched_calls_seen_at", "watched_calls", ["seen_at"])
    op.create_table(
        "secret_checks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kept_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_secret_checks"),
    )
    # Attempts to sign in that are over are dropped at each one that comes.
    op.create_index("ix_sign_in_failures_at", "sign_in_failures", ["at"])
    waits = sa.text("state = 'queue'")
    op.create_index(
        "ix_calls_channel_updated_at_id",
        "calls",
        ["channel", "updated_at", "id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
