"""Calls of each kind, drawn from what a database holds."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from bench.lookup.rows import HEAD, LEASED, NOW, SERVICE_NUMBER
from router.core.events import WITHHELD, Caller
from router.core.match import Question, QuestionKind
from router.matching import codes
from router.matching.codes import CodeKeys
from router.matching.observed import Observed
from router.store.matching import LOOK_AHEAD, LOOK_BACK

Fetch = Callable[..., Awaitable[Sequence[Sequence[Any]]]]
"""A statement with ``?1``, ``?2`` … and its values, given to the bare driver of either database."""


class CallKind(StrEnum):
    KNOWN = "known caller"
    SEVERAL = "several messages"
    HOUSEHOLD = "household"
    UNKNOWN = "unknown caller"
    SWITCHBOARD = "switchboard"
    CODE = "code, number withheld"
    REFERENCE = "exact reference"
    SLIP = "reference with a slip"
    LEASED = "leased number"


@dataclass(frozen=True, slots=True)
class Call:
    """What was observed of a call, and what the flow can ask."""

    observed: Observed
    questions: tuple[Question, ...] = ()


KEYS = CodeKeys("what a benchmark keeps is no secret")
_QUESTIONS = (Question(QuestionKind.LAST_DIGITS, 4), Question(QuestionKind.CODE, 10))
_BY_NUMBER = {CallKind.KNOWN, CallKind.SEVERAL, CallKind.HOUSEHOLD}
_MOST_DRAWS = 50_000


async def draw(fetch: Fetch, seed: int, count: int) -> dict[CallKind, list[Call]]:
    """``count`` calls of each kind; the same for the same seed and database. Raises `RuntimeError` where the database
    holds too little of a kind."""
    source = random.Random(seed)
    found: dict[CallKind, list[Call]] = {kind: [] for kind in CallKind}
    found[CallKind.UNKNOWN] = [_from(f"+4917{source.randrange(10**9):09}") for _ in range(count)]
    heads = [await _one_of(fetch, source, "customer_phones", HEAD) for _ in range(count)]
    found[CallKind.SWITCHBOARD] = [_from(f"{head[:-1]}{source.randrange(10, 100)}") for head in heads]
    leased = [await _one_of(fetch, source, "number_leases", LEASED) for _ in range(count)]
    found[CallKind.LEASED] = [Call(Observed(WITHHELD, number), _QUESTIONS) for number in leased]
    for _ in range(_MOST_DRAWS):
        missing = {kind for kind, calls in found.items() if len(calls) < count}
        if not missing:
            return found
        for kind, call in await _about_a_message(fetch, source, missing):
            found[kind].append(call)
    raise RuntimeError(f"too few calls of the kinds {', '.join(missing)}")


async def _one_of(fetch: Fetch, source: random.Random, table: str, beginning: str) -> str:
    """A number with this beginning."""
    query = f"SELECT max(number) FROM {table} WHERE number BETWEEN ?1 AND ?2"
    ((highest,),) = await fetch(query, beginning, f"{beginning}a")
    digits = len(highest) - len(beginning)
    drawn = f"{beginning}{source.randrange(int(highest.removeprefix(beginning)) + 1):0{digits}}"
    ((number,),) = await fetch(f"SELECT number FROM {table} WHERE number >= ?1 ORDER BY number LIMIT 1", drawn)
    return str(number)


async def _about_a_message(fetch: Fetch, source: random.Random, missing: Set[CallKind]) -> list[tuple[CallKind, Call]]:
    """The calls of the kinds ``missing`` that one message, sent at a random time, can lead to."""
    sent = NOW - timedelta(seconds=source.randrange(int(LOOK_BACK.total_seconds())))
    query = """SELECT id, customer_id, reference_key FROM messages WHERE created_at <= ?1
      ORDER BY created_at DESC LIMIT 1"""
    ((message_id, customer_id, reference),) = await fetch(query, sent)
    calls = await _by_number(fetch, source, customer_id) if missing & _BY_NUMBER else []
    if CallKind.CODE in missing:
        calls.append((CallKind.CODE, Call(Observed(WITHHELD, SERVICE_NUMBER, await _coded(fetch, message_id)))))
    if reference is not None:
        calls.append((CallKind.REFERENCE, _giving(reference)))
        calls.append((CallKind.SLIP, _giving(_slipped(reference, source))))
    return [(kind, call) for kind, call in calls if kind in missing]


async def _by_number(fetch: Fetch, source: random.Random, customer_id: str) -> list[tuple[CallKind, Call]]:
    numbers = [row[0] for row in await fetch("SELECT number FROM customer_phones WHERE customer_id = ?1", customer_id)]
    number = source.choice(numbers)
    if number.startswith(HEAD):
        return []
    ((sharers,),) = await fetch("SELECT count(*) FROM customer_phones WHERE number = ?1", number)
    if sharers > 1:
        return [(CallKind.HOUSEHOLD, _from(number))]
    query = "SELECT count(*) FROM messages WHERE customer_id = ?1 AND sent_at BETWEEN ?2 AND ?3"
    ((messages,),) = await fetch(query, customer_id, NOW - LOOK_BACK, NOW + LOOK_AHEAD)
    if messages == 1:
        return [(CallKind.KNOWN, _from(number))]
    return [(CallKind.SEVERAL, _from(number))] if messages >= 3 else []


async def _coded(fetch: Fetch, message_id: str) -> str:
    """The code of a message, by which it is found from now on."""
    code = code_of(message_id)
    await fetch("UPDATE messages SET code_hash = ?1 WHERE id = ?2", KEYS.code_hash(code), message_id)
    return code


def code_of(message_id: str) -> str:
    """The code that a message is given for this; the same whenever it is drawn."""
    running = int(message_id[8:])
    return codes.make(10, lambda digits: f"4{running:0{digits - 1}}")


def _from(number: str) -> Call:
    return Call(Observed(Caller(number), SERVICE_NUMBER), _QUESTIONS)


def _giving(reference: str) -> Call:
    return Call(Observed(WITHHELD, SERVICE_NUMBER, reference=reference))


def _slipped(reference: str, source: random.Random) -> str:
    """The reference with a wrong, a lost or a swapped digit."""
    place = source.randrange(2, len(reference) - 1)
    before, one, two, after = reference[:place], reference[place], reference[place + 1], reference[place + 2 :]
    wrong = str((int(one) + source.randrange(1, 10)) % 10)
    middle = source.choice([wrong + two, two] + [two + one] * (one != two))
    return before + middle + after
