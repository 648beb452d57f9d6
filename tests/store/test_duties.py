"""Who holds a duty: one at a time, and another within seconds of the holder's end, whatever ended it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.store.database import Database
from router.store.duties import ANSWERS_WITHIN, EVERY, OWN_LIMIT, SERVER_LIMIT, Always, SharedDuty, duties_on
from tests.postgres import Cluster
from tests.store.line import SOON, ended, line_to, until

HOLDER = """
import asyncio, sys
from router.store.database import Database
from router.store.duties import duties_on

async def main():
    async with duties_on(Database(sys.argv[1])) as duties:
        async def work():
            print("held", flush=True)
            await asyncio.Event().wait()
        duty = duties.duty("sweep")
        await duty.while_held(work)

asyncio.run(main())
"""


@pytest.fixture
async def holder(database: Database) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that holds the duty ``sweep``."""
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, database.url, stdout=PIPE, stderr=DEVNULL, cwd=root
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(SOON):
            while await process.stdout.readline() != b"held\n":
                assert process.returncode is None
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_duty_that_nobody_else_seeks_is_held(database: Database) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with duties_on(database) as duties:
        doing = asyncio.create_task(duties.duty("sweep").while_held(work))
        await asyncio.wait_for(begun.wait(), SOON)
        assert duties.duty("sweep").held
        doing.cancel()


@pytest.mark.postgresql_only
async def test_of_two_one_holds_it_and_the_other_takes_over_when_it_leaves(database: Database) -> None:
    did: list[str] = []

    async def work(name: str) -> None:
        did.append(f"{name} begins")
        try:
            await asyncio.Event().wait()
        finally:
            did.append(f"{name} ends")

    async with duties_on(database) as second_duties:
        async with duties_on(database) as first_duties:
            first = first_duties.duty("sweep")
            working = asyncio.create_task(first.while_held(lambda: work("first")))
            await until(lambda: did == ["first begins"])
            second = second_duties.duty("sweep")
            assert second_duties.duty("sweep") is second
            working_too = asyncio.create_task(second.while_held(lambda: work("second")))
            assert await ended(database, "threadline nobody") == 0
            assert not second.held
        await until(lambda: second.held)
        assert not first.held
        await until(lambda: did == ["first begins", "first ends", "second begins"])
    await until(lambda: did[-1] == "second ends")
    for task in (working, working_too):
        task.cancel()


@pytest.mark.postgresql_only
async def test_who_cannot_do_it_leaves_it_to_others(database: Database) -> None:
    can = {"first": True, "second": True}
    async with duties_on(database) as first_duties, duties_on(database) as second_duties:
        first = first_duties.duty("asterisk", lambda: can["first"])
        await until(lambda: first.held)
        second = second_duties.duty("asterisk", lambda: can["second"])
        can["first"] = False
        await until(lambda: second.held and not first.held)
        can["second"] = False
        await until(lambda: not second.held)
        can["first"] = True
        await until(lambda: first.held)


@pytest.mark.postgresql_only
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_holder_that_dies_or_freezes_is_replaced(
    database: Database, holder: asyncio.subprocess.Process, how: signal.Signals
) -> None:
    async with duties_on(database) as duties:
        duty = duties.duty("sweep")
        start = time.monotonic()
        os.kill(holder.pid, how)
        await until(lambda: duty.held)
        print(f"taken over {time.monotonic() - start:.2f} s after {how.name}")


@pytest.mark.postgresql_only
async def test_a_holder_that_is_cut_off_stops_before_another_begins(database: Database, postgresql: Cluster) -> None:
    async with (
        line_to(postgresql.over_the_network(database.url)) as (line, address),
        duties_on(Database(address)) as far_duties,
        duties_on(database) as duties,
    ):
        far = far_duties.duty("sweep")
        await until(lambda: far.held)
        near = duties.duty("sweep")
        start = time.monotonic()
        line.die()
        await until(lambda: near.held or not far.held)
        assert not near.held
        await until(lambda: near.held)
        print(f"taken over {time.monotonic() - start:.2f} s after the line was dead")
        assert not far.held


@pytest.mark.postgresql_only
async def test_a_session_that_the_server_ends_is_begun_anew(database: Database) -> None:
    async with duties_on(database) as duties:
        duty = duties.duty("sweep")
        await until(lambda: duty.held)
        assert await ended(database, "threadline duties") == 1
        await until(lambda: not duty.held)
        await until(lambda: duty.held)


@pytest.mark.postgresql_only
async def test_a_session_that_the_server_ends_is_noticed_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with the next look: the lock is free from then on."""
    monkeypatch.setattr("router.store.duties.EVERY", 600.0)
    async with duties_on(database) as duties:
        duty = duties.duty("sweep")
        assert isinstance(duty, SharedDuty)
        await until(lambda: duty.begun)
        assert await ended(database, "threadline duties") == 1
        await until(lambda: not duty.begun)
        assert not duty.held


async def test_who_wakes_after_a_long_sleep_does_not_think_that_it_is_held() -> None:
    now = [100.0]
    duty = SharedDuty("sweep", lambda: True, lambda: now[0])
    held = [duty.held]
    duty.confirm(now[0])
    held.append(duty.held)
    now[0] += OWN_LIMIT
    held.append(duty.held)  # at once, before anybody has looked
    assert (held, duty.begun) == ([False, True, False], True)


def test_who_is_slow_keeps_a_duty_and_who_cannot_be_reached_has_left_it_before_the_server_gives_it_away() -> None:
    """We count from before we ask, the server from after it has answered: however long anything takes on its way."""
    assert EVERY + ANSWERS_WITHIN <= OWN_LIMIT < SERVER_LIMIT
    assert SERVER_LIMIT + EVERY <= 3.5


async def test_what_goes_wrong_in_the_work_is_told() -> None:
    async def fails() -> None:
        raise LookupError

    duty = SharedDuty("sweep", lambda: True, lambda: 0.0)
    duty.confirm(0.0)
    for each in (Always(), duty):
        with pytest.raises(LookupError):
            await each.while_held(fails)
