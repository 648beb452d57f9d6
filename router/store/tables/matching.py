"""What matching learns from, and what lockouts count."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table

from router.store.tables.base import Id, Moment, metadata

secret_checks = Table(
    "secret_checks",  # one row: by what the secret that codes are issued under is known again
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", LargeBinary(32), nullable=False),  # made from the secret, see router.matching.codes
    Column("kept_at", Moment, nullable=False),
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
