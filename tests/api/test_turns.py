"""Few at the database at a time, the others in a line that ends."""

from __future__ import annotations

import asyncio

import pytest

from router.api.turns import Turns
from router.errors import Refused


async def test_only_so_many_at_once_and_in_their_order() -> None:
    turns, at_work, most, order = Turns(at_once=2), 0, 0, []

    async def work(number: int) -> None:
        nonlocal at_work, most
        async with turns.one():
            at_work += 1
            most = max(most, at_work)
            order.append(number)
            await asyncio.sleep(0)
            at_work -= 1

    await asyncio.gather(*[work(number) for number in range(20)])
    assert most == 2
    assert order == sorted(order)


async def test_a_line_too_long_and_a_wait_too_long_are_refused() -> None:
    turns = Turns(at_once=1, waiting=1, longest_wait=0.02)
    async with turns.one():
        waiting = asyncio.create_task(turns.one().__aenter__())
        await asyncio.sleep(0)
        for attempt in (turns.one().__aenter__(), waiting):
            with pytest.raises(Refused) as refused:
                await attempt
            assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "5")
    async with turns.one():
        pass


async def test_who_gives_up_waiting_leaves_the_line() -> None:
    turns = Turns(at_once=1, waiting=1)
    async with turns.one():
        for _ in range(3):
            waiting = asyncio.create_task(turns.one().__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
    async with asyncio.timeout(1), turns.one():
        pass
