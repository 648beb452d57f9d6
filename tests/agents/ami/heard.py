"""A listener for tests, and how they start the connection it listens to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from router.agents.ami import Ami, Connected, Disconnected, Notice

Connect = Callable[..., Awaitable[Ami]]
"""Starts an `Ami` against the peer; takes the settings that the test wants otherwise."""


class Heard:
    """A listener that keeps what it was told; a test may make it slow or failing through `react`."""

    def __init__(self) -> None:
        self.notices: asyncio.Queue[Notice] = asyncio.Queue()
        self.react: Callable[[Notice], Awaitable[None]] | None = None

    async def __call__(self, notice: Notice) -> None:
        self.notices.put_nowait(notice)
        if self.react:
            await self.react(notice)

    async def next(self) -> Notice:
        async with asyncio.timeout(60):
            return await self.notices.get()

    async def connected(self) -> Connected:
        """Wait until it hears of a connection, passing over failed attempts."""
        while not isinstance(notice := await self.next(), Connected):
            assert isinstance(notice, Disconnected)
        return notice

    async def disconnected(self) -> str:
        """Wait until it hears that the connection is gone; return the reason."""
        while not isinstance(notice := await self.next(), Disconnected):
            pass
        return notice.reason
