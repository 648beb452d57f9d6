"""What matching needs: references as they are compared, delivery, leased numbers, wrong codes, outcomes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from router.matching.references import neighbours, normalise
from router.store.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("reference_key", sa.String(length=64), nullable=True))
    op.add_column("messages", sa.Column("code_digits", sa.Integer(), nullable=True))
    op.add_column("messages", sa.Column("pool", sa.String(length=40), nullable=True))
    op.add_column("messages", sa.Column("lease", sa.String(length=10), nullable=True))
    op.add_column("messages", sa.Column("call_to_action", sa.Boolean(), nullable=True))
    op.add_column("messages", sa.Column("delivery", sa.String(length=10), nullable=True))
    op.add_column("messages", sa.Column("delivery_at", Moment(), nullable=True))
    op.add_column("messages", sa.Column("answered_at", Moment(), nullable=True))
    op.drop_index("ix_messages_reference", "messages")
    op.create_index("ix_messages_reference_key_sent_at", "messages", ["reference_key", "sent_at"])
    op.create_index("ix_messages_code_digits_code_expires_at", "messages", ["code_digits", "code_expires_at"])
    op.create_index("ix_calls_caller_started_at", "calls", ["caller", "started_at"])

    op.create_table(
        "reference_neighbours",
        sa.Column("neighbour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reference_key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("neighbour", "reference_key", name="pk_reference_neighbours"),
        sqlite_with_rowid=False,
    )
    _find_references_again()
    op.create_table(
        "number_leases",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("pool", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("campaign", sa.String(length=200), nullable=True),
        sa.Column("leased_at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("free_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_number_leases"),
    )
    op.create_index("ix_number_leases_number_until", "number_leases", ["number", "until"])
    op.create_index("ix_number_leases_pool_free_at", "number_leases", ["pool", "free_at"])
    op.create_index("ix_number_leases_campaign_until", "number_leases", ["campaign", "until"])
    op.create_table(
        "wrong_codes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("call_id", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("caller_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("trunk", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_wrong_codes"),
    )
    op.create_index("ix_wrong_codes_at", "wrong_codes", ["at"])
    op.create_index("ix_wrong_codes_call_id", "wrong_codes", ["call_id"])
    op.create_index("ix_wrong_codes_caller_hash_at", "wrong_codes", ["caller_hash", "at"])
    op.create_index("ix_wrong_codes_trunk_at", "wrong_codes", ["trunk", "at"])
    op.create_table(
        "match_outcomes",
        sa.Column("call_id", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("named_id", sa.String(length=32), nullable=True),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("assurance", sa.Integer(), nullable=False),
        sa.Column("none_probability", sa.Float(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("called_at", Moment(), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_match_outcomes"),
    )
    op.create_index("ix_match_outcomes_at", "match_outcomes", ["at"])
    op.create_table(
        "match_adjustments",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("log_odds", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("undone_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_match_adjustments"),
    )


_BATCH = 1000
_KEEP_KEY = sa.text("UPDATE messages SET reference_key = :key WHERE id = :id")
_KEEP_NEIGHBOUR = sa.text(
    "INSERT INTO reference_neighbours (neighbour, reference_key) VALUES (:neighbour, :key) ON CONFLICT DO NOTHING"
)


def _find_references_again() -> None:
    """Messages that are there already are found by their references, too."""
    connection = op.get_bind()
    query = sa.text(
        "SELECT id, reference FROM messages WHERE reference IS NOT NULL AND id > :after ORDER BY id LIMIT :n"
    )
    after = ""
    while rows := connection.execute(query, {"after": after, "n": _BATCH}).all():
        after = rows[-1].id
        keys = [{"id": row.id, "key": key} for row in rows if (key := normalise(row.reference)) is not None]
        pairs = [{"neighbour": each, "key": key} for key in {row["key"] for row in keys} for each in neighbours(key)]
        for statement, values in ((_KEEP_KEY, keys), (_KEEP_NEIGHBOUR, pairs)):
            if values:
                connection.execute(statement, values)
