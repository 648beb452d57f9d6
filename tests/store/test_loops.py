"""What runs beside the service ends when it is told to."""

from __future__ import annotations

import asyncio

import pytest

from router.store.loops import woken_within


@pytest.mark.parametrize("steps", range(5))
async def test_who_is_ended_as_the_news_come_ends(steps: int) -> None:
    news = asyncio.Event()

    async def listen() -> None:
        while True:
            await woken_within(60, news)
            news.clear()

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    news.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    listening.cancel()
    ended, _ = await asyncio.wait([listening], timeout=5)
    listening.cancel()
    assert ended


async def test_it_waits_no_longer_than_it_may() -> None:
    await woken_within(0.001, asyncio.Event())
