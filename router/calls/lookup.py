"""Finds the messages a call may be about: narrows by indexed keys and time, then `matching.rank` alone decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from router.core.match import Match, Question, QuestionKind
from router.matching import references
from router.matching.codes import CodeKeys, normalise, well_formed
from router.matching.hearing import Hearings
from router.matching.live import LiveSet
from router.matching.observed import MessageRow, Observed
from router.matching.parameters import DEFAULT, Parameters
from router.matching.rank import heard_in, rank
from router.store import matching as store
from router.store.database import Connection, new_id
from router.store.live import live_set

_Result = TypeVar("_Result")

_WEIGHING: Final = ThreadPoolExecutor(1, "weighing")
"""Weighs what was heard, one call after the other: it takes some tenths of a second, in which no other call is to
stand still."""


async def find_matches(
    connection: Connection,
    observed: Observed,
    now: datetime,
    keys: CodeKeys,
    parameters: Parameters = DEFAULT,
    *,
    questions: Sequence[Question] = (),
    pool_numbers: Collection[str] = frozenset(),
    live: LiveSet | None = None,
    hearings: Hearings | None = None,
) -> Match:
    """Which message the call is about, as far as the store knows; reads only.

    ``observed`` has numbers in E.164. ``questions`` are those that can be put next (see `rank`), ``pool_numbers`` the
    service numbers that are leased. ``live`` is what is known of all live references; where a number was heard and
    nobody has told, it is looked for. ``hearings`` as `heard_in` gives them with it, where somebody has them already.
    Whatever is keyed in or withheld, the answer has the same shape.
    """
    if live is None and (observed.heard or observed.confirmed):
        live = await live_set(connection, new_id(), now, parameters)
    hearings = hearings or heard_in(observed, live, parameters)
    number, dialled = observed.number, observed.service_number
    reference = references.normalise(observed.reference) if observed.reference else None
    leased = dialled if dialled in pool_numbers else None
    asked = store.Asked(number, _hashes(observed.code, keys), reference, leased)
    by_digits = bool(observed.last_digits) or any(each.kind is QuestionKind.LAST_DIGITS for each in questions)
    ending = partial(_ending, keys) if by_digits else None
    found = await store.find(connection, asked, now, ending)
    rows = found.rows
    if number is not None and not found.number_known:
        heads = await store.at_switchboard(connection, number, now, ending)
        rows = heads | {key: replace(row, switchboard=key in heads) for key, row in rows.items()}
    if reference is not None and not any(row.reference == reference for row in rows.values()):
        rows = await store.one_slip_away(connection, reference) | rows
    if hearings is not None:
        rows = await _heard(connection, hearings) | rows
    if found.carriers is not None:
        observed = replace(observed, carriers=found.carriers, unread=found.unread)
    ranked = partial(
        rank,
        observed,
        rows.values(),
        now,
        parameters,
        sharers=found.sharers,
        questions=questions,
        live=live,
        hearings=hearings,
    )
    return ranked() if hearings is None else await _aside(ranked)


async def _heard(connection: Connection, hearings: Hearings) -> dict[str, MessageRow]:
    """The messages whose references fit what was heard better than a number that is not live."""
    found = await store.near_heard(connection, await _aside(hearings.index_keys))
    return await store.with_references(connection, await _aside(partial(_fitting, hearings, found)))


def _fitting(hearings: Hearings, found: Sequence[str]) -> list[str]:
    short = [each for each in hearings.heard if not references.neighbours(each)]
    ratios = {each: hearings.log_ratio(each) for each in (*hearings.closest(found), *short)}
    return sorted((each for each in ratios if ratios[each] > 0.0), key=lambda each: (-ratios[each], each))


async def _aside(weigh: Callable[[], _Result]) -> _Result:
    return await asyncio.get_running_loop().run_in_executor(_WEIGHING, weigh)


def _hashes(code: str | None, keys: CodeKeys) -> tuple[bytes, ...]:
    digits = normalise(code) if code else None
    return () if digits is None or not well_formed(digits) else keys.code_hashes(digits)


def _ending(keys: CodeKeys, sealed: bytes, message_id: str) -> str | None:
    code = keys.unseal(sealed, message_id)
    return None if code is None else code[-references.LONGEST_ENDING :]
