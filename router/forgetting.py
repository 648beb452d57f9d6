"""The end of what is kept: old rows go in small bites, so that no call waits for it. docs/keeping.md tells how long
what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from router.agents.states import PRESENCE_KEPT
from router.app import House
from router.calls.crm_sending import IN_TIME as CRM_IN_TIME
from router.calls.hearings import HEARINGS_KEPT
from router.calls.payments import GIVEN_UP
from router.matching.lockout import KEPT
from router.settings import Settings
from router.store import (
    audit_notes,
    call_events,
    callbacks,
    crm_events,
    hearings,
    history,
    inbound_messages,
    one_time_codes,
    payments,
    presence_log,
    text_messages,
    twilio_agents,
    watched_calls,
    work_items,
    wrong_codes,
)
from router.store.database import Connection, Database

LONGEST_CALL = timedelta(hours=6)
"""A call that nothing was heard of for so long is over, whatever its channel failed to tell."""
TEXTS_SHOWN = timedelta(hours=1)
"""Text messages of test calls are shown for so long; what was to be sent and was not is of no use long before."""
FEWEST, MOST = 20, 1000
"""Rows deleted at a time."""
SHORT = 0.02
"""Seconds that a bite is to take: with the embedded database a call that has something to store may wait so long."""
LONGEST_LOOK = 3.0
"""Seconds for one table at one look; what is left has time until the next one."""
LEEWAY = timedelta(days=1)
"""Rows may stay so much longer: a service that was stopped over night is not behind."""

Forget = Callable[[Connection, datetime, int], Awaitable[int]]
"""Deletes at most so many of what is from before then, and tells how many they were."""


async def forget(house: House, now: datetime) -> None:
    """Look once for what is too old to be kept, and settle what nobody will any more."""
    async with house.database.begin(long=True) as connection:
        await text_messages.give_up(connection, now, now - TEXTS_SHOWN)
        await crm_events.give_up(connection, now, now - 2 * CRM_IN_TIME)
        await payments.give_up(connection, now - GIVEN_UP, now)
    for each, age in _ends(house.settings):
        await _forget_one(house, each, now - age)


async def _forget_one(house: House, each: Forget, before: datetime) -> None:
    """Delete what is from ``before`` in bites that are as large as can be while they are short, with pauses as long as
    they took, in which others have the database."""
    clock = asyncio.get_running_loop().time
    until, bite = (
        clock() + LONGEST_LOOK,
        FEWEST,
    )  # a row of another table may take much longer, the first ones above all
    while True:
        async with house.database.begin(long=True) as connection:
            begun = clock()
            deleted = await each(connection, before, bite)
        took = clock() - begun
        if deleted < bite or clock() >= until:
            return
        if took > SHORT:
            bite = max(FEWEST, bite // 2)
        elif took < SHORT / 3:
            bite = min(MOST, bite * 2)
        await asyncio.sleep(took)


async def forget_files(house: House, now: datetime) -> None:
    """The same for what callers said, of which each machine has files of its own."""
    await house.kept_speech.tidy(now - timedelta(days=house.settings.speech_recording_days))


async def behind(database: Database, settings: Settings, now: datetime) -> list[str]:
    """Of which tables rows are there that should have gone a day ago; nothing is deleted. The names are those of their
    modules in the store."""
    late: list[str] = []
    for each, age in _ends(settings):
        with suppress(_TakenBack):
            async with database.begin(long=True) as connection:
                if await each(connection, now - age - LEEWAY, 1):
                    late.append(each.__module__.rpartition(".")[2])
                raise _TakenBack
    return late


class _TakenBack(Exception):
    """What a transaction has done is not to last."""


def _ends(settings: Settings) -> Iterator[tuple[Forget, timedelta]]:
    """What is deleted, and how old it is then."""
    of_calls = timedelta(days=settings.history_days)
    yield wrong_codes.forget, KEPT
    yield text_messages.forget, KEPT
    yield text_messages.forget_kept, of_calls
    yield payments.forget, of_calls
    yield history.forget, of_calls
    yield one_time_codes.forget, LONGEST_CALL
    yield watched_calls.forget, LONGEST_CALL
    yield callbacks.forget, KEPT
    yield work_items.forget, KEPT
    yield inbound_messages.forget, timedelta(days=settings.inbound_texts_days)
    yield twilio_agents.forget, LONGEST_CALL
    yield twilio_agents.forget_waiting, LONGEST_CALL
    yield crm_events.forget, KEPT
    yield hearings.forget, HEARINGS_KEPT
    yield presence_log.forget, PRESENCE_KEPT
    yield audit_notes.forget, timedelta(days=settings.audit_days)
    yield call_events.forget, timedelta(days=settings.replay_days)
