"""The statements of `router.store.matching`, and their way past SQLAlchemy to the driver.

One text serves both databases. It is put together once for each kind of call, from constants only, and stays prepared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from router.store.database import Connection

MOST_MESSAGES = 50
"""Messages read for a number, a reference or a service number, latest first; more would not change who is named."""
MOST_SHARERS = 100
"""Customers read for a number. A number that more share is a switchboard, and says next to nothing."""
MOST_CALLS = 50
"""Earlier calls read for a number, latest first."""
MOST_CARRIERS = 10_000
"""Up to here the messages that carry a leased number are counted, and searched for the end of a reference."""
MOST_NEAR = 1000
"""References looked at for one that is a slip away."""
MOST_HEARD = 400
"""References looked at for a number that was heard, those first that are found by the likeliest keys."""

Row = Sequence[Any]

_MESSAGE = """m.id, m.sent_at, m.customer_id, m.to_phone, m.service_number, m.code_expires_at, m.channel,
    m.reference_key, m.delivery, m.answered_at, m.call_to_action, m.code_sealed, m.offer"""
_NO_TIME = "CAST(NULL AS timestamp with time zone)"
_ON_FILE = f"SELECT p.customer_id FROM customer_phones p WHERE p.number = :number ORDER BY 1 LIMIT {MOST_SHARERS}"
_IN_WINDOW = "m.sent_at BETWEEN :since AND :until"
# A number in quarantine still stands for what it was last leased to: it is nobody else's yet.
_LEASE = "FROM number_leases l WHERE l.number = :leased AND l.leased_at <= :now AND l.free_at > :now"


def _latest(via: str, where: str) -> str:
    return f"""SELECT * FROM (SELECT '{via}' AS via, {_NO_TIME} AS called_at, {_MESSAGE}
  FROM messages m WHERE {where} ORDER BY m.sent_at DESC LIMIT {MOST_MESSAGES}) AS latest"""


# Two readings, each on an index of its own; OR would make both databases read more than they need.
_OF_NUMBER = (
    _latest("number", f"m.to_phone = :number AND {_IN_WINDOW}"),
    _latest(
        "number", f"m.customer_id IN ({_ON_FILE}) AND {_IN_WINDOW} AND (m.to_phone IS NULL OR m.to_phone <> :number)"
    ),
)
# What an agent said of a call counts for more than what it was tied to.
_CALLED = f"""SELECT 'called' AS via, earlier.called_at, {_MESSAGE} FROM (
    SELECT called_about, max(started_at) AS called_at FROM (
      SELECT k.started_at, CASE o.verdict WHEN 'none' THEN NULL WHEN 'other' THEN o.message_id
        WHEN 'right' THEN COALESCE(o.message_id, o.named_id, k.message_id) ELSE k.message_id END AS called_about
      FROM calls k LEFT JOIN match_outcomes o ON o.call_id = k.id
      WHERE k.caller = :number AND k.started_at BETWEEN :called_since AND :now
        AND k.state IN ('talking', 'ended') AND k.agent_id IS NOT NULL
      ORDER BY k.started_at DESC LIMIT {MOST_CALLS}) AS latest
    GROUP BY called_about) AS earlier
  JOIN messages m ON m.id = earlier.called_about"""

_FINDING: dict[str, tuple[str, ...]] = {
    "number": (*_OF_NUMBER, _CALLED),
    "head": _OF_NUMBER,
    "code": (_latest("code", "m.code_hash IN (:codes)"),),
    "reference": (_latest("reference", "m.reference_key = :reference"),),
    "leased": (
        _latest("lease", f"m.id IN (SELECT l.message_id {_LEASE})"),
        _latest("lease", f"m.service_number = :leased AND {_IN_WINDOW} AND EXISTS (SELECT 1 {_LEASE})"),
    ),
}
"""What finds messages, by what it is found by."""
# As many of them as there are references: a single IN would read all messages of a reference that is on very many.
_OF_A_REFERENCE = _latest("reference", "m.reference_key = :reference{place}")

_BESIDE: dict[str, str] = {
    "number": f"SELECT 'on_file', {_NO_TIME}, p.customer_id, :rest FROM ({_ON_FILE}) AS p",
    "leased": f"""SELECT 'carriers', {_NO_TIME}, CAST(count(*) AS varchar(32)), :rest FROM (
  SELECT 1 FROM messages m WHERE m.service_number = :leased AND {_IN_WINDOW} AND EXISTS (SELECT 1 {_LEASE})
  LIMIT {MOST_CARRIERS}) AS carrying""",
}
"""What comes with them as rows of its own, which fill the first three columns."""

_ALONE: dict[str, str] = {
    # Not EXISTS: for that PostgreSQL reads the whole of a table it takes to be small.
    "heads": f"""SELECT value FROM :heads WHERE (SELECT 1 FROM customer_phones p WHERE p.number = value LIMIT 1) = 1
  OR (SELECT 1 FROM messages m WHERE m.to_phone = value AND {_IN_WINDOW} LIMIT 1) = 1""",
    "near": f"""SELECT DISTINCT n.reference_key FROM reference_neighbours n
  WHERE n.neighbour IN (SELECT value FROM :neighbours) LIMIT {MOST_NEAR}""",
    "heard": f"""SELECT n.reference_key FROM :ordered JOIN reference_neighbours n ON n.neighbour = value
  GROUP BY n.reference_key ORDER BY count(*) DESC, min(place), n.reference_key LIMIT {MOST_HEARD}""",
}
"""What finds no messages but the way to them."""

_COLUMNS = """f.via, f.called_at, f.id, f.sent_at, f.customer_id, f.to_phone, f.service_number, f.code_expires_at,
  f.channel, f.reference_key, f.delivery, f.answered_at, f.call_to_action, f.code_sealed,
  (SELECT c.language FROM customers c WHERE c.id = f.customer_id)"""
_OFFER = ("title", "queue", "valid_until", "topic")
_REST = ", ".join(["NULL"] * (_COLUMNS.count(",") + len(_OFFER) - 2))
_LISTS = {"heads": "text", "neighbours": "bigint", "ordered": "bigint"}
"""Parameters that are lists, and of what."""


async def fetch(connection: Connection, parts: tuple[str, ...], values: Mapping[str, Any]) -> Sequence[Row]:
    """The rows that ``parts`` find, those of `_ALONE` by themselves, any others together: the first column says how
    they were found. ``values`` has the parameters by name; ``codes`` and ``references`` are tuples.

    Raises what SQLAlchemy would, without the parameters, so that `is_away` knows it.
    """
    postgresql = connection.dialect.name == "postgresql"
    codes, references = values.get("codes", ()), values.get("references", ())
    text, names = _statement(parts, len(codes), len(references), postgresql)
    given = dict(values)
    for name, several in (("code", codes), ("reference", references)):
        for place, value in enumerate(several):
            given[f"{name}{place}"] = value
    return await connection.fetch(text, [given[name] if postgresql else _for_sqlite(given[name]) for name in names])


@lru_cache
def _statement(parts: tuple[str, ...], codes: int, references: int, postgresql: bool) -> tuple[str, tuple[str, ...]]:
    """The statement as the driver takes it, and the names of its parameters in order."""
    if parts[0] in _ALONE:
        return _numbered(_ALONE[parts[0]], postgresql)
    offer = (f"f.offer ->> '{name}'" if postgresql else f"json_extract(f.offer, '$.{name}')" for name in _OFFER)
    finding = [text for part in parts for text in _FINDING.get(part, ())]
    finding += [_OF_A_REFERENCE.format(place=place) for place in range(references)]
    found = "\nUNION ALL ".join(finding)
    whole = f"SELECT {', '.join((_COLUMNS, *offer))}\nFROM ({found}) AS f"
    beside = [_BESIDE[part].replace(":rest", _REST) for part in parts if part in _BESIDE]
    whole = "\nUNION ALL ".join((whole, *beside))
    return _numbered(whole.replace(":codes", ", ".join(f":code{place}" for place in range(codes))), postgresql)


def _numbered(text: str, postgresql: bool) -> tuple[str, tuple[str, ...]]:
    names: list[str] = []

    def placed(found: re.Match[str]) -> str:
        name = found[1]
        if name not in names:
            names.append(name)
        sign = f"{'$' if postgresql else '?'}{names.index(name) + 1}"
        if name not in _LISTS:
            return sign
        if not postgresql:
            return f"(SELECT value, key AS place FROM json_each({sign}))"
        return f"unnest(CAST({sign} AS {_LISTS[name]}[])) WITH ORDINALITY AS listed (value, place)"

    return re.sub(r":([a-z_]+[0-9]*)", placed, text), tuple(names)


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):  # as `tables.Moment` stores it, UTC without its offset
        return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(" ", "microseconds")[:-6]
    return json.dumps(value) if isinstance(value, list) else value
