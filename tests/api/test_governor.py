"""What gives way when there is too much to do: files first, then pages, then registering; calls never."""

from __future__ import annotations

import asyncio
import time
from types import MappingProxyType

import pytest

from router.api.governor import LATE, REMEMBERED, ROOMS, TURNS, Governor, Room, Work
from router.errors import Refused

HASTY = MappingProxyType({work: Room(2, 1, 2, 0.05) for work in ROOMS})


async def gets_in(governor: Governor, work: Work, address: str = "a") -> bool:
    try:
        async with governor.room(work, address):
            return True
    except Refused as refused:
        assert refused.status == 503
        assert int(refused.headers["Retry-After"]) > 0
        return False


@pytest.mark.parametrize("by_lateness", [True, False])
@pytest.mark.parametrize("level", [0, 1, 2, 3])
async def test_the_order_in_which_work_gives_way(level: int, by_lateness: bool) -> None:
    turns = TURNS[level - 1] if level and not by_lateness else 0
    governor = Governor(lambda: turns, HASTY)
    if level and by_lateness:
        for _ in range(REMEMBERED):
            governor.late(LATE[level - 1])
    assert governor.gives_way == level
    served = {work: await gets_in(governor, work) for work in Work if work >= level}
    assert served == {work: True for work in Work if work >= level}
    if not by_lateness:  # the loop itself is well, so that lateness is over before they have waited
        for work in (work for work in Work if work < level):
            assert not await gets_in(governor, work)
            assert governor.shed[work.name.lower()] == 1


async def test_what_waits_goes_on_when_it_is_calm_again() -> None:
    turns = TURNS[1]
    governor = Governor(lambda: turns)
    page = asyncio.create_task(gets_in(governor, Work.PAGES))
    await asyncio.sleep(0)
    assert governor.waiting["pages"] == 1
    turns = 0
    governor.late(0.0)
    assert await page
    assert governor.waiting["pages"] == 0


async def test_only_so_many_at_once_for_all_and_for_each_address_and_the_line_is_short() -> None:
    governor = Governor(rooms=MappingProxyType({Work.PAGES: Room(3, 2, 4, 30.0)}))
    at_work: dict[str, int] = {"a": 0, "b": 0}
    most: dict[str, int] = {"a": 0, "b": 0}
    go_on = asyncio.Event()
    refused = 0

    async def one(address: str) -> None:
        nonlocal refused
        try:
            async with governor.room(Work.PAGES, address):
                at_work[address] += 1
                most[address] = max(most[address], at_work[address])
                await go_on.wait()
                at_work[address] -= 1
        except Refused:
            refused += 1

    flood = [asyncio.create_task(one("a")) for _ in range(10)]
    await asyncio.sleep(0)
    other = asyncio.create_task(one("b"))
    await asyncio.sleep(0)
    assert at_work == {"a": 2, "b": 0}, "the line is full, and so is the room of one address"
    assert refused == 5
    go_on.set()
    await asyncio.gather(*flood, other)
    assert most["a"] <= 3
    late = asyncio.create_task(one("b"))
    await late
    assert most["b"] == 1


async def test_who_gives_up_waiting_leaves_the_line_and_takes_no_room() -> None:
    governor = Governor(rooms=MappingProxyType({Work.PAGES: Room(1, 1, 1, 30.0)}))
    async with governor.room(Work.PAGES, "a"):
        for _ in range(5):
            waiting = asyncio.create_task(gets_in(governor, Work.PAGES))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
        assert governor.waiting["pages"] == 0
    assert await gets_in(governor, Work.PAGES)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_turn_that_comes_when_patience_ends_is_not_lost(cancelled: bool) -> None:
    """On a loop that is kept busy both may come at one moment."""
    governor = Governor(rooms=MappingProxyType({Work.PAGES: Room(1, 1, 1, 0.02)}))
    room = governor.room(Work.PAGES, "a")
    leave = await room.__aenter__()
    waiting = asyncio.create_task(gets_in(governor, Work.PAGES))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.01, leave)
    if cancelled:
        asyncio.get_running_loop().call_later(0.015, waiting.cancel)
    time.sleep(0.05)  # noqa: ASYNC251 - the loop is kept busy
    await asyncio.wait({waiting})
    assert waiting.cancelled() if cancelled else waiting.result()
    assert await gets_in(governor, Work.PAGES)
    await room.__aexit__(None, None, None)


async def test_what_has_begun_to_answer_makes_room() -> None:
    governor = Governor(rooms=MappingProxyType({Work.PAGES: Room(1, 1, 1, 30.0)}))
    async with governor.room(Work.PAGES, "a") as leave:
        leave()
        assert await gets_in(governor, Work.PAGES)
    assert await gets_in(governor, Work.PAGES)


async def test_a_long_piece_of_work_pauses_until_it_is_calm() -> None:
    turns = TURNS[0]
    governor = Governor(lambda: turns)
    paused = asyncio.create_task(governor.pause(Work.BULK, longest=30.0))
    await asyncio.sleep(0)
    assert not paused.done()
    turns = 0
    await paused


async def test_a_loop_that_is_kept_busy_is_noticed() -> None:
    governor = Governor()
    async with governor.room(Work.PAGES, "a"):
        pass
    for beat in range(REMEMBERED):
        assert governor.gives_way == 0, "once may be anything"
        time.sleep(0.1 + LATE[1])  # noqa: ASYNC251 - what must not happen does
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert beat < REMEMBERED - 1 or governor.gives_way >= 2
