"""Agents' work: queues and who takes calls, callbacks, what is left to do, notes, what was sent, rights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from router.core.names import words_of
from router.store.tables import Moment
from router.store.tables.base import Word

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _id(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=32), nullable=nullable)


def upgrade() -> None:
    _calls()
    _desk()
    _people()
    _sending()
    _customer_words()


def _calls() -> None:
    op.create_table(
        "work_items",
        _id("id"),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        _id("call_id", nullable=True),
        _id("message_id", nullable=True),
        _id("customer_id", nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        _id("for_person_id", nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        _id("created_by", nullable=True),
        _id("taken_by", nullable=True),
        sa.Column("taken_at", Moment(), nullable=True),
        sa.Column("settled_at", Moment(), nullable=True),
        _id("settled_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_work_items"),
        sa.UniqueConstraint("source", name="uq_work_items_source"),
    )
    op.create_index("ix_work_items_call_id", "work_items", ["call_id"])
    op.create_index("ix_work_items_customer_id_created_at", "work_items", ["customer_id", "created_at"])
    op.create_index("ix_work_items_settled_at", "work_items", ["settled_at"])
    op.create_index("ix_work_items_state_due_at", "work_items", ["state", "due_at"])
    op.create_table(
        "crm_events",
        _id("id"),
        _id("call_id"),
        sa.Column("event", sa.String(length=10), nullable=False),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_crm_events_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_crm_events"),
    )
    op.create_index("ix_crm_events_call_id", "crm_events", ["call_id"])
    op.create_index("ix_crm_events_created_at", "crm_events", ["created_at"])
    op.create_index("ix_crm_events_state_next_try_at", "crm_events", ["state", "next_try_at"])
    op.create_table(
        "handovers",
        _id("id"),
        _id("call_id"),
        _id("from_person_id"),
        sa.Column("to_queue", sa.String(length=40), nullable=True),
        _id("to_person_id", nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_handovers_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
    )
    op.create_index("ix_handovers_call_id", "handovers", ["call_id"])
    op.create_table(
        "identity_checks",
        _id("id"),
        _id("call_id"),
        _id("customer_id", nullable=True),
        _id("message_id", nullable=True),
        _id("person_id"),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("checked", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("undone_at", Moment(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_identity_checks_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_identity_checks"),
    )
    op.create_index("ix_identity_checks_call_id", "identity_checks", ["call_id"])
    op.add_column("callbacks", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("callbacks", sa.Column("next_try_at", Moment(), nullable=True))
    op.add_column("callbacks", sa.Column("last_result", sa.String(length=20), nullable=True))
    op.add_column("callbacks", sa.Column("claimed_until", Moment(), nullable=True))
    op.add_column("callbacks", _id("attempt_id", nullable=True))
    op.add_column("callbacks", sa.Column("skills", sa.JSON(), server_default="[]", nullable=False))
    op.create_index("ix_callbacks_attempt_id", "callbacks", ["attempt_id"])
    op.create_index("ix_callbacks_settled_at", "callbacks", ["settled_at"])
    op.add_column("calls", _id("customer_id", nullable=True))
    op.add_column("calls", sa.Column("direction", sa.String(length=3), server_default="in", nullable=False))
    op.add_column("calls", _id("callback_id", nullable=True))
    op.add_column("calls", sa.Column("queued_at", Moment(), nullable=True))
    op.add_column("calls", sa.Column("answered_at", Moment(), nullable=True))
    op.create_index("ix_calls_customer_id_started_at", "calls", ["customer_id", "started_at"])
    op.create_index("ix_calls_message_id_started_at", "calls", ["message_id", "started_at"])
    op.create_index("ix_calls_queue_queued_at", "calls", ["queue", "queued_at"])


def _desk() -> None:
    op.create_table(
        "dispositions",
        _id("card_id"),
        _id("call_id", nullable=True),
        _id("person_id"),
        sa.Column("queue", sa.String(length=40), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("card_id", name="pk_dispositions"),
    )
    op.create_index("ix_dispositions_call_id", "dispositions", ["call_id"])
    op.create_index("ix_dispositions_queue_at", "dispositions", ["queue", "at"])
    op.create_table(
        "notes",
        _id("id"),
        _id("call_id", nullable=True),
        _id("message_id", nullable=True),
        _id("customer_id", nullable=True),
        _id("card_id", nullable=True),
        _id("person_id"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
    )
    op.create_index("ix_notes_call_id", "notes", ["call_id"])
    op.create_index("ix_notes_card_id", "notes", ["card_id"])
    op.create_index("ix_notes_customer_id_at", "notes", ["customer_id", "at"])
    op.create_index("ix_notes_message_id", "notes", ["message_id"])
    op.add_column("cards", sa.Column("talked_until", Moment(), nullable=True))
    op.add_column("cards", sa.Column("view", sa.JSON(), server_default="{}", nullable=False))
    op.create_index("ix_cards_person_id_gone_at", "cards", ["person_id", "gone_at"])
    op.create_index("ix_cards_rang_at", "cards", ["rang_at"])
    op.create_index("ix_cards_state", "cards", ["state"])


def _people() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        _id("person_id", nullable=True),
        _id("key_id", nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.String(length=200), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_action_id", "audit_log", ["action", "id"])
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_index("ix_audit_log_key_id_at", "audit_log", ["key_id", "at"])
    op.create_index("ix_audit_log_person_id_at", "audit_log", ["person_id", "at"])
    op.create_index("ix_audit_log_subject_subject_id_at", "audit_log", ["subject", "subject_id", "at"])
    op.create_table(
        "presence_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        _id("person_id"),
        sa.Column("presence", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_presence_log_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_presence_log"),
    )
    op.create_index("ix_presence_log_at", "presence_log", ["at"])
    op.create_index("ix_presence_log_person_id_at", "presence_log", ["person_id", "at"])
    _never_changed("audit_log")
    op.add_column("api_keys", sa.Column("used_at", Moment(), nullable=True))
    op.add_column("people", sa.Column("presence_since", Moment(), nullable=True))
    op.add_column("people", sa.Column("wrap_until", Moment(), nullable=True))
    op.add_column("people", sa.Column("page_left_at", Moment(), nullable=True))
    op.add_column("people", sa.Column("skills", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("people", sa.Column("oidc_subject", sa.String(length=255), nullable=True))
    op.add_column("people", sa.Column("email", sa.String(length=320), nullable=True))
    op.add_column("people", sa.Column("disabled_at", Moment(), nullable=True))
    op.create_index("ix_people_oidc_subject", "people", ["oidc_subject"], unique=True)
    op.add_column("web_sessions", sa.Column("seen_at", Moment(), nullable=True))
    op.add_column("web_sessions", sa.Column("way", sa.String(length=10), nullable=True))
    op.create_index("ix_web_sessions_person_id", "web_sessions", ["person_id"])


def _never_changed(table: str) -> None:
    """Let the database refuse whatever would change a row; old ones may go."""
    if op.get_bind().dialect.name == "postgresql":
        refuse = f"RAISE EXCEPTION 'rows of {table} are never changed'"
        op.execute(f"CREATE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refuse}; END $$")
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_stays()"
        )
    else:
        refuse = f"SELECT RAISE(ABORT, 'rows of {table} are never changed')"
        op.execute(f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} BEGIN {refuse}; END")


def _sending() -> None:
    op.create_table(
        "inbound_messages",
        _id("id"),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), server_default="text", nullable=False),
        sa.Column("provider_ref", sa.String(length=80), nullable=False),
        sa.Column("from_number", sa.String(length=20), nullable=True),
        sa.Column("to_number", sa.String(length=20), nullable=True),
        _id("customer_id", nullable=True),
        _id("message_id", nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inbound_messages"),
        sa.UniqueConstraint("provider_ref", name="uq_inbound_messages_provider_ref"),
    )
    op.create_index("ix_inbound_messages_customer_id_at", "inbound_messages", ["customer_id", "at"])
    op.create_index("ix_inbound_messages_from_number_at", "inbound_messages", ["from_number", "at"])
    op.create_index("ix_inbound_messages_kind_at", "inbound_messages", ["kind", "at"])
    op.create_table(
        "payments",
        _id("id"),
        _id("call_id", nullable=True),
        _id("message_id", nullable=True),
        _id("customer_id", nullable=True),
        _id("person_id"),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("provider_ref", sa.String(length=200), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.UniqueConstraint("provider_ref", name="uq_payments_provider_ref"),
    )
    op.create_index("ix_payments_call_id", "payments", ["call_id"])
    op.create_index("ix_payments_created_at", "payments", ["created_at"])
    op.create_index("ix_payments_customer_id_created_at", "payments", ["customer_id", "created_at"])
    op.create_index("ix_payments_state_created_at", "payments", ["state", "created_at"])
    op.create_table(
        "twilio_legs",
        sa.Column("sid", sa.String(length=64), nullable=False),
        _id("call_id"),
        _id("person_id"),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_twilio_legs_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sid", name="pk_twilio_legs"),
    )
    op.create_index("ix_twilio_legs_at", "twilio_legs", ["at"])
    op.create_index("ix_twilio_legs_call_id", "twilio_legs", ["call_id"])
    op.create_table(
        "twilio_waiting",
        _id("call_id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        _id("person_id", nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("ringing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_twilio_waiting_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name="pk_twilio_waiting"),
    )
    op.add_column("customers", sa.Column("segment", sa.String(length=40), nullable=True))
    op.add_column("text_messages", sa.Column("channel", sa.String(length=10), server_default="sms", nullable=False))
    op.add_column("text_messages", sa.Column("to_email", sa.String(length=320), nullable=True))
    op.add_column("text_messages", sa.Column("subject", sa.String(length=200), nullable=True))
    op.add_column("text_messages", sa.Column("kept", sa.Text(), nullable=True))
    op.add_column("text_messages", sa.Column("template", sa.String(length=60), nullable=True))
    op.add_column("text_messages", _id("customer_id", nullable=True))
    op.add_column("text_messages", _id("person_id", nullable=True))
    op.add_column("text_messages", _id("payment_id", nullable=True))
    op.create_index("ix_text_messages_customer_id_created_at", "text_messages", ["customer_id", "created_at"])
    not_kept = sa.text("kept IS NULL")
    op.create_index(
        "ix_text_messages_not_kept",
        "text_messages",
        ["created_at"],
        sqlite_where=not_kept,
        postgresql_where=not_kept,
    )


def _customer_words() -> None:
    op.create_table(
        "customer_words",
        sa.Column("word", Word, nullable=False),
        _id("customer_id"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_customer_words_customer_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "customer_id", name="pk_customer_words"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_customer_words_customer_id", "customer_words", ["customer_id"])
    customers = sa.table("customers", sa.column("id", sa.String), sa.column("name", sa.String))
    words = sa.table("customer_words", sa.column("word", sa.String), sa.column("customer_id", sa.String))
    last = ""
    while page := op.get_bind().execute(_after(customers, last)).all():
        found = [{"word": word, "customer_id": row.id} for row in page for word in words_of(row.name)]
        if found:
            op.bulk_insert(words, found)
        last = page[-1].id


def _after(customers: sa.TableClause, last: str) -> sa.Select[tuple[str, str]]:
    known = customers.c.name.is_not(None)
    return (
        sa.select(customers.c.id, customers.c.name)
        .where(known, customers.c.id > last)
        .order_by(customers.c.id)
        .limit(5000)
    )
