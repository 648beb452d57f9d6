"""Finds the messages a call may be about: narrows by indexed keys and time, then `matching.rank` alone decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from router.core.match import Match, Question, QuestionKind
from router.matching import references
from router.matching.codes import CodeKeys, normalise, well_formed
from router.matching.observed import MessageRow, Observed
from router.matching.parameters import DEFAULT, Parameters
from router.matching.rank import rank
from router.store import matching as store
from router.store.database import Connection

MOST_UNSEALED = 100
"""Messages whose codes are opened to compare their last digits; with more candidates a few digits settle nothing."""


async def find_matches(
    connection: Connection,
    observed: Observed,
    now: datetime,
    keys: CodeKeys,
    parameters: Parameters = DEFAULT,
    *,
    questions: Sequence[Question] = (),
    pool_numbers: Collection[str] = frozenset(),
) -> Match:
    """Which message the call is about, as far as the store knows; reads only.

    ``observed`` has numbers in E.164. ``questions`` are those that can be put next (see `rank`), ``pool_numbers`` the
    service numbers that are leased. Whatever is keyed in or withheld, the answer has the same shape.
    """
    number, dialled = observed.number, observed.service_number
    reference = references.normalise(observed.reference) if observed.reference else None
    leased = dialled if dialled in pool_numbers else None
    asked = store.Asked(number, _hashes(observed.code, keys), reference, leased)
    found = await store.find(connection, asked, now)
    rows = found.rows
    sealed = found.sealed
    if number is not None and not found.number_known:
        there = await store.at_switchboard(connection, number, now)
        rows = there.rows | {key: replace(row, switchboard=key in there.rows) for key, row in rows.items()}
        sealed = sealed | there.sealed
    if reference is not None and not any(row.reference == reference for row in rows.values()):
        rows = await store.one_slip_away(connection, reference) | rows
    if found.carriers is not None:
        observed = replace(observed, carriers=found.carriers, unread=found.unread)
    if observed.last_digits or any(question.kind is QuestionKind.LAST_DIGITS for question in questions):
        rows = _with_endings(rows, sealed, keys)
    return rank(observed, rows.values(), now, parameters, sharers=found.sharers, questions=questions)


def _hashes(code: str | None, keys: CodeKeys) -> tuple[bytes, ...]:
    digits = normalise(code) if code else None
    return () if digits is None or not well_formed(digits) else keys.code_hashes(digits)


def _with_endings(rows: Mapping[str, MessageRow], sealed: Mapping[str, bytes], keys: CodeKeys) -> dict[str, MessageRow]:
    """The messages with the last digits of their codes, where they are few."""
    if len(rows) > MOST_UNSEALED:
        return dict(rows)
    codes = {key: keys.unseal(sealed[key], key) for key in rows if key in sealed}
    return {key: _with_ending(row, codes.get(key)) for key, row in rows.items()}


def _with_ending(row: MessageRow, code: str | None) -> MessageRow:
    return row if code is None else replace(row, code_ending=code[-references.LONGEST_ENDING :])
