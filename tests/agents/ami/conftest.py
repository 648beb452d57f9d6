from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from router.agents.ami import Ami, AmiSettings, Notice
from tests.agents.ami.peer import Peer


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
        async with asyncio.timeout(5):
            return await self.notices.get()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer() as peer:
        yield peer


Connect = Callable[..., Awaitable[Ami]]


@pytest.fixture
async def start(peer: Peer, heard: Heard) -> AsyncIterator[Connect]:
    """Start an `Ami` against the peer, with short times; the test may set others."""
    started: list[Ami] = []

    async def start(**times: float) -> Ami:
        quick = {"retry_first": 0.01, "retry_longest": 0.05, **times}
        settings = AmiSettings(username="threadline", secret="geheim", port=peer.port, **quick)  # type: ignore[arg-type]
        ami = Ami(settings, heard, jitter=lambda: 0.5)
        started.append(ami)
        await ami.start()
        return ami

    yield start
    for ami in started:
        await ami.stop()
