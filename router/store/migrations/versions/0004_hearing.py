"""What callers say: how it was heard, what of it is kept, and what was learnt of recognisers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from router.matching.references import ends
from router.store.tables import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=32), nullable=False)


def upgrade() -> None:
    _find_references_by_their_ends()
    op.add_column("match_adjustments", sa.Column("confusions", sa.JSON(), nullable=True))
    op.create_table(
        "hearings",
        _id("id"),
        _id("call_id"),
        sa.Column("recogniser", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("heard", sa.JSON(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_hearings_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_hearings"),
    )
    op.create_index("ix_hearings_call_id", "hearings", ["call_id"])
    op.create_index("ix_hearings_at", "hearings", ["at"])
    op.create_table(
        "speech_recordings",
        _id("id"),
        _id("call_id"),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("recording", sa.String(length=32), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_speech_recordings_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_speech_recordings"),
        sa.UniqueConstraint("recording", name="uq_speech_recordings_recording"),
    )
    op.create_index("ix_speech_recordings_call_id", "speech_recordings", ["call_id"])
    op.create_index("ix_speech_recordings_created_at", "speech_recordings", ["created_at"])


_BATCH = 1000
_KEEP = sa.text(
    "INSERT INTO reference_neighbours (neighbour, reference_key) VALUES (:neighbour, :key) ON CONFLICT DO NOTHING"
)


def _find_references_by_their_ends() -> None:
    """References that are there already are found with more slips in them, too."""
    connection = op.get_bind()
    query = sa.text(
        "SELECT DISTINCT reference_key FROM messages WHERE reference_key > :after ORDER BY reference_key LIMIT :n"
    )
    after = ""
    while keys := connection.execute(query, {"after": after, "n": _BATCH}).scalars().all():
        after = keys[-1]
        if pairs := [{"neighbour": each, "key": key} for key in keys for each in sorted(ends(key))]:
            connection.execute(_KEEP, pairs)
