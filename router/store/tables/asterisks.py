"""What the process that listens to an Asterisk knows of it and of its phones, for all others."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, false

from router.store.tables.base import Id, Moment, metadata

asterisks = Table(
    "asterisks",
    metadata,
    Column("name", String(80), primary_key=True),  # its system name; empty where it has none
    Column("connected", Boolean, nullable=False),
    Column("seen_at", Moment, nullable=False),  # the last sign of life of the process that listens to it
    Column("holder", Id, nullable=False),
    Column("reloads", Integer, nullable=False, server_default="0"),  # of its queues, by processes that do not listen
)

phone_states = Table(
    "phone_states",
    metadata,
    Column("asterisk", String(80), primary_key=True),
    Column("phone", String(80), primary_key=True),
    Column("refused", Boolean, nullable=False, server_default=false()),  # a queue did not take it
    Column("out_of_reach", Boolean, nullable=False, server_default=false()),
    Column("in_other_call", Boolean, nullable=False, server_default=false()),
    # What the phone's agent chose is to be told to Asterisk when `asked` is ahead of `told`.
    Column("asked", Integer, nullable=False, server_default="0"),
    Column("told", Integer, nullable=False, server_default="0"),
    Column("whole", Boolean, nullable=False, server_default=false()),  # not only whether calls may come
)
