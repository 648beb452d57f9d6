"""What a decision reads, in as few statements as a call needs: every caller waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from router.matching.observed import Delivery, MessageRow
from router.matching.references import neighbours, one_slip_apart
from router.store.database import Connection
from router.store.matching_sql import MOST_MESSAGES, Row, fetch

LOOK_BACK = timedelta(days=180)
"""Older messages are found only by what is printed in them, and by an earlier call about them."""
LOOK_AHEAD = timedelta(hours=1)
"""Messages registered with a time a little ahead of our clock count as sent."""
CALLS_BACK = timedelta(days=30)
"""How long ago a call of the same number may be to say something about this one."""
MOST_REFERENCES = 20
"""References one slip away whose messages are read."""
LONGEST_EXTENSION = 5
"""Digits at the end of a caller number that may be an extension."""
SHORTEST_HEAD = 8
"""Characters of a switchboard's number, its plus included: a shorter one is no number in full."""


MOST_OPENED = 100
"""Messages whose codes are opened for their last digits; with more candidates a few digits settle nothing."""

Opened = Callable[[bytes, str], str | None]
"""Gives the last digits of a code from what is stored of it and the id of its message, or None."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call is looked up by, each as far as it is there: the caller number and the number dialled, where that is
    one of a pool (E.164); the hashes that the code keyed in may be stored under; the reference given, as
    `references.normalise` gives it."""

    number: str | None = None
    code_hashes: tuple[bytes, ...] = ()
    reference: str | None = None
    leased: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The messages that fit, by id. ``sharers`` is how many customers have the caller number on file, at most
    `matching_sql.MOST_SHARERS`; ``number_known``: they have, or a message went to it. ``carriers``: how many messages
    carry the number dialled, at most `matching_sql.MOST_CARRIERS`, None where it is not leased; ``unread``: how many of
    them are not among the messages."""

    rows: dict[str, MessageRow]
    sharers: int = 0
    number_known: bool = False
    carriers: int | None = None
    unread: int = 0


async def find(connection: Connection, asked: Asked, now: datetime, ending: Opened | None = None) -> Found:
    """All that fits exactly, in one statement; in none where there is nothing to look up by.

    Messages to the number, of customers who have it on file, or with the number dialled count as far as they were sent
    in the last `LOOK_BACK`. A number leased counts until its quarantine is over. With ``ending`` messages have the last
    digits of their codes, where they are at most `MOST_OPENED`.
    """
    given = (
        ("number", asked.number), ("code", asked.code_hashes), ("reference", asked.reference), ("leased", asked.leased)
    )  # fmt: skip
    parts = tuple(part for part, value in given if value)
    if not parts:
        return Found({})
    values = {
        "number": asked.number,
        "codes": asked.code_hashes,
        "reference": asked.reference,
        "leased": asked.leased,
        "called_since": now - CALLS_BACK,
    }
    return _found(await fetch(connection, parts, values | _window(now)), asked.number, ending=ending)


async def at_switchboard(
    connection: Connection, number: str, now: datetime, ending: Opened | None = None
) -> dict[str, MessageRow]:
    """The messages to the switchboard that an unknown caller number is an extension of, by id. The switchboard's is the
    longest known number that is the caller number without its last digits, or that with a final 0 (German: -0)."""
    heads = _heads(number)
    if not heads:
        return {}
    known = {row[0] for row in await fetch(connection, ("heads",), {"heads": heads} | _window(now))}
    head = next((head for head in heads if head in known), None)
    if head is None:
        return {}
    rows = await fetch(connection, ("head",), {"number": head} | _window(now))
    return _found(rows, None, switchboard=True, ending=ending).rows


async def one_slip_away(connection: Connection, reference: str) -> dict[str, MessageRow]:
    """The latest messages whose reference is ``reference`` with one slip in it, by id; of at most `MOST_REFERENCES`
    references. None for a reference that is too short or too long for it."""
    keys = list(neighbours(reference))
    if not keys:
        return {}
    near = [row[0] for row in await fetch(connection, ("near",), {"neighbours": keys})]
    references = tuple(sorted(each for each in near if one_slip_apart(each, reference))[:MOST_REFERENCES])
    if not references:
        return {}
    rows = _found(await fetch(connection, ("references",), {"references": references}), None).rows
    latest = sorted(rows.values(), key=lambda row: row.sent_at, reverse=True)[:MOST_MESSAGES]
    return {row.message_id: row for row in latest}


async def near_heard(connection: Connection, keys: Sequence[int]) -> list[str]:
    """The references that have one of ``keys`` (see `references.index_key`), those found by the first ones first; at
    most `matching_sql.MOST_HEARD`."""
    return [row[0] for row in await fetch(connection, ("heard",), {"ordered": list(keys)})] if keys else []


async def with_references(connection: Connection, references: Sequence[str]) -> dict[str, MessageRow]:
    """The latest messages with one of the first `MOST_REFERENCES` of ``references``, by id; where they are too many,
    those of the first references."""
    looked_for = tuple(references[:MOST_REFERENCES])
    if not looked_for:
        return {}
    rows = _found(await fetch(connection, ("references",), {"references": looked_for}), None).rows
    place = {reference: number for number, reference in enumerate(looked_for)}
    latest = sorted(rows.values(), key=lambda row: row.sent_at, reverse=True)
    latest.sort(key=lambda row: place.get(row.reference or "", len(place)))
    return {row.message_id: row for row in latest[:MOST_MESSAGES]}


def _window(now: datetime) -> dict[str, Any]:
    return {"now": now, "since": now - LOOK_BACK, "until": now + LOOK_AHEAD}


def _heads(number: str) -> list[str]:
    """The numbers that the switchboard of this extension may have, the longest beginning first."""
    beginnings = [number[:-digits] for digits in range(1, LONGEST_EXTENSION + 1)]
    heads = [head for beginning in beginnings for head in (beginning, beginning + "0")]
    return [head for head in heads if len(head) >= SHORTEST_HEAD and head != number]


def _found(
    rows: Iterable[Row], number: str | None, *, switchboard: bool = False, ending: Opened | None = None
) -> Found:
    on_file, keyed, leased, called = set[str](), set[str](), set[str](), dict[str, datetime | None]()
    known, carrying = False, 0
    messages: dict[str, Row] = {}
    for row in rows:
        via, called_at, key = row[0], row[1], row[2]
        if via == "on_file":
            on_file.add(key)
            continue
        if via == "carriers":
            carrying = int(key)
            continue
        messages[key] = row
        if via == "number":
            known = True
        elif via == "called":
            called[key] = _moment(called_at)
        elif via == "code":
            keyed.add(key)
        elif via == "lease":
            leased.add(key)
    phones = frozenset() if number is None else frozenset({number})
    opened = ending if len(messages) <= MOST_OPENED else None
    return Found(
        {
            key: _message(
                row,
                phones if row[4] in on_file else frozenset(),
                key in keyed,
                switchboard,
                called.get(key),
                opened,
            )
            for key, row in messages.items()
        },
        len(on_file),
        known or bool(on_file),
        max(carrying, len(leased)) or None,
        max(carrying - len(leased), 0),
    )


def _message(
    row: Row,
    phones: frozenset[str],
    code_keyed: bool,
    switchboard: bool,
    called_at: datetime | None,
    ending: Opened | None,
) -> MessageRow:
    (
        _, _, key, sent_at, customer_id, to_phone, service_number, code_expires_at, channel, reference, delivery,
        answered_at, call_to_action, sealed, language, title, queue, valid_until, topic,
    ) = row  # fmt: skip
    return MessageRow(
        key,
        _moment(sent_at) or _LONG_AGO,
        customer_id,
        to_phone,
        phones,
        service_number,
        code_keyed,
        _moment(code_expires_at),
        _end(valid_until),
        _text(queue),
        language,
        _text(title),
        channel,
        reference,
        _text(topic),
        _DELIVERIES.get(delivery),
        _moment(answered_at),
        None if call_to_action is None else bool(call_to_action),
        switchboard,
        called_at,
        None if ending is None or sealed is None else partial(ending, sealed, key),
    )


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DELIVERIES: dict[str | None, Delivery] = {each.value: each for each in Delivery}


def _moment(value: Any) -> datetime | None:
    """A stored time; SQLite gives it as text and keeps no offset (see `tables.Moment`)."""
    return datetime.fromisoformat(value + "+00:00") if isinstance(value, str) else value


def _end(value: Any) -> datetime | None:
    """The end of an offer, RFC 3339; what cannot be read, or has no offset, is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
